//! What a published config has that this runner refuses or does not ask for, taken out of its text.
//!
//! Invariant: a migration only takes away, and only what is in [`RULES`]: what has no effect, or allows something that could
//! never happen. So nothing is allowed afterwards that was not before, and a config that was valid keeps the digest of every
//! capability. Everything else is left to a person, as the problems that remain.
//! Invariant: spacing, order and spelling of what stays are as they were.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::check::check;
use crate::code::ProblemCode;
use crate::place::member_path;
use crate::problem::Problem;

/// What is taken out where a problem of that code is, and why that widens nothing.
const RULES: &[(ProblemCode, Takes, &str)] = &[
    (ProblemCode::SslIgnored, Takes::All, "it has no effect: encryption is what the URL says"),
    (ProblemCode::ContextValueIgnored, Takes::All, "it has no effect with this provider"),
    (ProblemCode::MaxRowsIgnored, Takes::All, "it has no effect: a lookup finds one row"),
    (ProblemCode::SingleTenantDevAckIgnored, Takes::All, "it has no effect"),
    (ProblemCode::SingleTenantDevIgnored, Takes::All, "it has no effect: the tenant column is the scope"),
    (ProblemCode::WeakGuardAckIgnored, Takes::All, "it has no effect: the version column is the guard"),
    (ProblemCode::ApprovalModeIgnored, Takes::All, "it has no effect: a person decides"),
    (ProblemCode::ProposalFieldOnRead, Takes::All, "it has no effect: a read changes nothing"),
    (
        ProblemCode::LookupArgOptional,
        Takes::All,
        "without its key a call never found a row; now it is asked for",
    ),
    (
        ProblemCode::AllowedColumnProtected,
        Takes::All,
        "the key, the tenant and the version are never changed",
    ),
    (ProblemCode::DuplicateColumn, Takes::Repeated, "it stands there already"),
    (ProblemCode::DuplicateKey, Takes::Repeated, "the same key has the same value already"),
    (ProblemCode::MaxLengthIgnored, Takes::All, "it has no effect: the argument is no text"),
];

/// What of the place of a problem goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// What stands there.
    All,
    /// An item of a list, or a member of an object, where the same stands there before it.
    Repeated,
}

/// What a config becomes.
#[derive(Debug, Clone)]
pub struct Migration {
    /// The new text; the old one where there is nothing to do.
    pub text: String,
    /// What was taken out, in the order of the problems.
    pub steps: Vec<Step>,
    /// What is left to a person, errors first. With an error the new text is no more usable than the old one.
    pub left: Vec<Problem>,
}

/// One thing that was taken out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Step {
    /// Where it was, in the text as it was then.
    pub path: String,
    /// The problem it was.
    pub code: ProblemCode,
    /// Why that widens nothing.
    pub why: &'static str,
}

/// What the config becomes. Touches neither disk nor environment.
pub fn migrate(text: &str) -> Migration {
    let before = check(text);
    let untouched = |left| Migration { text: text.to_owned(), steps: Vec::new(), left };
    let Some((once, mut taken)) = said_once(text) else { return untouched(before.problems) };
    let steps: Vec<_> = check(&once).problems.iter().filter_map(step).collect();
    let Some((migrated, steps)) = without(&once, steps) else { return untouched(before.problems) };
    taken.extend(steps);
    let after = check(&migrated);
    Migration { text: migrated, steps: taken, left: after.problems }
}

/// The text with every key once. None where one has two values: nobody can say which one was meant, nor what a place is the
/// place of.
fn said_once(text: &str) -> Option<(String, Vec<Step>)> {
    let (mut text, mut taken) = (text.to_owned(), Vec::new());
    loop {
        let is_twice = |problem: &&Problem| problem.code == ProblemCode::DuplicateKey;
        let steps: Vec<_> = check(&text).problems.iter().filter(is_twice).filter_map(step).collect();
        if steps.is_empty() {
            return Some((text, taken));
        }
        let (shorter, steps) = without(&text, steps)?;
        if steps.is_empty() {
            return None;
        }
        text = shorter;
        taken.extend(steps);
    }
}

fn step(problem: &Problem) -> Option<(Step, Takes)> {
    let (code, takes, why) = RULES.iter().find(|(code, ..)| *code == problem.code)?;
    Some((Step { path: problem.path.clone(), code: *code, why }, *takes))
}

/// The text without what the steps name, and the steps that named something.
fn without(text: &str, steps: Vec<(Step, Takes)>) -> Option<(String, Vec<Step>)> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &strict()).ok()?;
    let mut places = Places::new();
    gather(text, &parsed.value?, "$", &mut places);
    let mut taken = Vec::new();
    let mut ranges = Vec::new();
    for (step, takes) in steps {
        // A place goes once, whatever number of problems it is.
        let goes = places.get(&step.path).is_some_and(|(_, repeated)| takes == Takes::All || *repeated);
        if goes && let Some((range, _)) = places.remove(&step.path) {
            ranges.push(range);
            taken.push(step);
        }
    }
    ranges.sort_by_key(|range| range.start);
    let mut text = text.to_owned();
    // From the end, so that what is still to go stands where it stood.
    for range in ranges.into_iter().rev() {
        cut(&mut text, range)?;
    }
    Some((text, taken))
}

/// What can be removed, by its place, and whether it is an item that its list has already.
type Places = BTreeMap<String, (Range<usize>, bool)>;

fn gather(text: &str, value: &Value<'_>, path: &str, places: &mut Places) {
    match value {
        Value::Object(object) => {
            let mut seen = BTreeMap::new();
            for property in &object.properties {
                let path = member_path(path, property.name.as_str());
                gather(text, &property.value, &path, places);
                let value = property.value.text(text);
                let repeated = seen.insert(property.name.as_str(), value) == Some(value);
                places.insert(path, (property.start()..property.end(), repeated));
            }
        }
        Value::Array(list) => {
            let mut seen = BTreeSet::new();
            for (index, item) in list.elements.iter().enumerate() {
                let path = format!("{path}[{index}]");
                gather(text, item, &path, places);
                let repeated = !seen.insert(item.text(text));
                places.insert(path, (item.start()..item.end(), repeated));
            }
        }
        _ => {}
    }
}

/// Cuts a member or an item out, with the comma that came with it; with its lines, where it has them for itself.
fn cut(text: &mut String, item: Range<usize>) -> Option<()> {
    let after = text.get(item.end..)?;
    let Range { mut start, mut end } = item;
    if let Some(rest) = after.trim_start().strip_prefix(',') {
        let blank = |c: char| c == ' ' || c == '\t';
        end = text.len() - rest.trim_start_matches(blank).len();
        let before = text.get(..start)?.trim_end_matches(blank);
        if before.ends_with('\n') && text.get(end..)?.starts_with(['\n', '\r']) {
            start = before.trim_end_matches(['\n', '\r']).len();
        }
    } else {
        let before = text.get(..start)?.trim_end();
        start = before.strip_suffix(',').map_or(start, str::len);
    }
    text.replace_range(start..end, "");
    Some(())
}

/// Nothing but JSON; the checks have let nothing else through.
fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: false,
        allow_trailing_commas: false,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}
