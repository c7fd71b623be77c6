//! The rules every key repeats: a text of some form, a switch, a positive number; required or not.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::code::ProblemCode;
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;

/// Most names a message lists.
const WORDS_SHOWN_MAX: usize = 12;

/// A suggestion nearer than this (0 nothing alike, 1 equal) is worth making.
const SIMILARITY_MIN: f64 = 0.75;

/// A text that must be there.
pub(super) fn required_text<'a>(
    object: &Place<'a>,
    key: &str,
    form: Form,
    code: ProblemCode,
    problems: &mut Problems,
) -> Option<&'a str> {
    if object.get(key).is_none() {
        problems.missing(object, key, code, form.expected());
    }
    optional_text(object, key, form, code, problems)
}

/// A text that may be there.
pub(super) fn optional_text<'a>(
    object: &Place<'a>,
    key: &str,
    form: Form,
    code: ProblemCode,
    problems: &mut Problems,
) -> Option<&'a str> {
    let place = object.get(key)?;
    let text = place.text_of(form);
    if text.is_none() {
        let found = if form == Form::EnvName { place.shown_guarded() } else { place.shown() };
        problems.add(place.path(), code, format!("expected {}, found {found}", form.expected()));
    }
    text
}

/// One of some words, which must be there.
pub(super) fn required_word<'a>(
    object: &Place<'a>,
    key: &str,
    words: &[&str],
    code: ProblemCode,
    problems: &mut Problems,
) -> Option<&'a str> {
    if object.get(key).is_none() {
        problems.missing(object, key, code, &one_of(words));
    }
    optional_word(object, key, words, code, problems)
}

/// One of some words, which may be there.
pub(super) fn optional_word<'a>(
    object: &Place<'a>,
    key: &str,
    words: &[&str],
    code: ProblemCode,
    problems: &mut Problems,
) -> Option<&'a str> {
    let place = object.get(key)?;
    let word = place.text().filter(|text| words.contains(text));
    if word.is_none() {
        let hint = suggestion(place.text().unwrap_or_default(), words.iter().copied());
        problems.unexpected(&place, code, &one_of(words)).maybe(hint);
    }
    word
}

/// True or false, which may be there.
pub(super) fn optional_boolean(
    object: &Place<'_>,
    key: &str,
    code: ProblemCode,
    problems: &mut Problems,
) -> Option<bool> {
    let place = object.get(key)?;
    let boolean = place.boolean();
    if boolean.is_none() {
        problems.unexpected(&place, code, "true or false");
    }
    boolean
}

/// A whole number from 1 to `max`, which may be there.
pub(super) fn optional_positive(
    object: &Place<'_>,
    key: &str,
    max: u64,
    code: ProblemCode,
    problems: &mut Problems,
) -> Option<u64> {
    let place = object.get(key)?;
    let number = place.positive(max);
    if number.is_none() {
        problems.unexpected(&place, code, &format!("a whole number from `1` to `{max}`"));
    }
    number
}

/// An object, which may be there.
pub(super) fn optional_object<'a>(
    object: &Place<'a>,
    key: &str,
    code: ProblemCode,
    problems: &mut Problems,
) -> Option<Place<'a>> {
    let place = object.get(key)?;
    if place.is_object() {
        return Some(place);
    }
    problems.unexpected(&place, code, "an object");
    None
}

/// An object with something in it, which must be there.
pub(super) fn required_members<'a>(
    object: &Place<'a>,
    key: &str,
    code: ProblemCode,
    problems: &mut Problems,
) -> Option<Place<'a>> {
    required_filled(object, key, code, "an object with at least one entry", Place::is_object, problems)
}

/// A list with something in it, which must be there.
pub(super) fn required_items<'a>(
    object: &Place<'a>,
    key: &str,
    code: ProblemCode,
    problems: &mut Problems,
) -> Option<Place<'a>> {
    required_filled(object, key, code, "a list with at least one entry", Place::is_list, problems)
}

fn required_filled<'a>(
    object: &Place<'a>,
    key: &str,
    code: ProblemCode,
    expected: &str,
    is_kind: impl Fn(&Place<'a>) -> bool,
    problems: &mut Problems,
) -> Option<Place<'a>> {
    let Some(place) = object.get(key) else {
        problems.missing(object, key, code, expected);
        return None;
    };
    if is_kind(&place) && place.is_filled() {
        return Some(place);
    }
    let found = if is_kind(&place) { "an empty one".to_owned() } else { place.shown() };
    problems.add(place.path(), code, format!("expected {expected}, found {found}"));
    None
}

/// The columns a list names, each an identifier and each once. SQLite and MySQL do not tell columns apart by case, so
/// neither does this.
pub(super) fn columns<'a>(list: &Place<'a>, code: ProblemCode, problems: &mut Problems) -> Vec<&'a str> {
    let mut columns: Vec<&str> = Vec::new();
    let mut seen: BTreeMap<String, (&str, String)> = BTreeMap::new();
    for item in list.items() {
        let Some(column) = item.text_of(Form::Identifier) else {
            problems.unexpected(&item, code, Form::Identifier.expected());
            continue;
        };
        match seen.entry(column.to_ascii_lowercase()) {
            Entry::Vacant(place) => _ = place.insert((column, item.path().to_owned())),
            Entry::Occupied(first) if first.get().0 == column => {
                let message = format!("the column `{column}` stands at `{}` already", first.get().1);
                problems.add(item.path(), ProblemCode::DuplicateColumn, message);
            }
            Entry::Occupied(first) => {
                let (spelt, path) = first.get();
                let message = format!("the column `{column}` stands at `{path}` already, as `{spelt}`");
                problems
                    .add(item.path(), ProblemCode::DuplicateColumn, message)
                    .hint("keep the spelling that `synapsor inspect` shows");
            }
        }
        columns.push(column);
    }
    columns
}

/// "one of `a`, `b`", cut where the list gets long.
pub(super) fn one_of(words: &[&str]) -> String {
    let shown: Vec<String> =
        words.iter().take(WORDS_SHOWN_MAX).map(|word| format!("`{}`", word.escape_debug())).collect();
    let rest = words.len().saturating_sub(shown.len());
    match shown.as_slice() {
        [] => "none: there is nothing to choose from".to_owned(),
        [only] => only.clone(),
        many if rest == 0 => format!("one of {}", many.join(", ")),
        many => format!("one of {} and {rest} more", many.join(", ")),
    }
}

/// "did you mean …?", where one of the known names is near.
pub(super) fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let similarity = |known: &'a str| (strsim::jaro_winkler(known, name), known);
    let (_, nearest) = known
        .map(similarity)
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))?;
    Some(format!("did you mean `{}`?", nearest.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_of_names_is_cut() {
        let names: Vec<String> = (0..40).map(|number| format!("s{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(one_of(&names[..0]), "none: there is nothing to choose from");
        assert_eq!(one_of(&names[..1]), "`s0`");
        assert_eq!(one_of(&names[..3]), "one of `s0`, `s1`, `s2`");
        assert!(one_of(&names).ends_with("`s11` and 28 more"), "{}", one_of(&names));
    }

    #[test]
    fn only_a_near_name_is_suggested() {
        let known = ["visible_columns", "allowed_columns", "args"];
        let nearest = |name| suggestion(name, known.into_iter());
        assert_eq!(nearest("visible_colums").as_deref(), Some("did you mean `visible_columns`?"));
        assert_eq!(nearest("arg").as_deref(), Some("did you mean `args`?"));
        assert_eq!(nearest("where"), None);
        assert_eq!(nearest(""), None);
    }
}
