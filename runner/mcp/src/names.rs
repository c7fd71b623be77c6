//! The names tools have on the wire.
//!
//! Capability names are dotted (`billing.inspect_invoice`). The protocol allows dots, but several clients refuse the
//! whole list over one: they insist on `[A-Za-z0-9_-]`, 64 characters at most. So an alias is derived by default.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

/// The longest alias, in characters.
const SAFE_NAME_CHARS_MAX: usize = 64;

/// Hex digits of the digest that tells cut or colliding names apart.
const SUFFIX_DIGITS: usize = 8;

/// Which names of a capability a client sees. In a call every name is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ToolNames {
    /// `billing__inspect_invoice`: accepted by every client.
    #[default]
    OpenAi,
    /// `billing.inspect_invoice`: the capability's own name.
    Canonical,
    /// One tool under each, for clients of both kinds on one server.
    Both,
}

impl ToolNames {
    /// The style's name in a tool's `_meta`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Canonical => "canonical",
            Self::Both => "both",
        }
    }

    /// The exposed names of each capability, in the same order.
    pub(crate) fn exposed<'a>(self, canonical: impl Iterator<Item = &'a str> + Clone) -> Vec<Vec<String>> {
        let aliases = aliases(canonical.clone());
        canonical
            .zip(aliases)
            .map(|(name, alias)| match self {
                Self::OpenAi => vec![alias],
                Self::Both if alias != name => vec![name.to_owned(), alias],
                Self::Canonical | Self::Both => vec![name.to_owned()],
            })
            .collect()
    }
}

/// Every name of a colliding group gets its suffix, so that the order of the config does not matter.
fn aliases<'a>(canonical: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let mut uses = BTreeMap::<String, usize>::new();
    for name in canonical.clone() {
        *uses.entry(safe(name)).or_default() += 1;
    }
    canonical
        .map(|name| match safe(name) {
            plain if uses.get(&plain) == Some(&1) => plain,
            plain => suffixed(&plain, name),
        })
        .collect()
}

/// Runs of other characters become `__`, longer runs of underscores collapse to two, none stay at the edges.
fn safe(canonical: &str) -> String {
    let mut name = String::with_capacity(canonical.len() + 2);
    let mut replacing = false;
    for c in canonical.chars() {
        let kept = c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if kept {
            name.push(c);
        } else if !replacing {
            name.push_str("__");
        }
        replacing = !kept;
    }
    while name.contains("___") {
        name = name.replace("___", "__");
    }
    let name = name.trim_matches('_');
    if name.is_empty() || name.len() > SAFE_NAME_CHARS_MAX {
        return suffixed(name, canonical);
    }
    name.to_owned()
}

fn suffixed(name: &str, canonical: &str) -> String {
    let digest = hex::encode(Sha256::digest(canonical.as_bytes()));
    let kept: String = name.chars().take(SAFE_NAME_CHARS_MAX - SUFFIX_DIGITS - 1).collect();
    let suffix: String = digest.chars().take(SUFFIX_DIGITS).collect();
    format!("{kept}_{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposed(canonical: &[&str]) -> Vec<String> {
        ToolNames::OpenAi.exposed(canonical.iter().copied()).into_iter().flatten().collect()
    }

    #[test]
    fn a_safe_name_keeps_letters_digits_and_hyphens_and_turns_the_rest_into_two_underscores() {
        let cases = [
            ("billing.inspect_invoice", "billing__inspect_invoice"),
            ("a..b", "a__b"),
            ("a._b", "a__b"),
            ("_a.b_", "a__b"),
            ("größe.prüfen", "gr__e__pr__fen"),
            ("plain-name_1", "plain-name_1"),
        ];
        for (canonical, expected) in cases {
            assert_eq!(exposed(&[canonical]), [expected]);
        }
    }

    #[test]
    fn both_is_each_name_once() {
        let names = ToolNames::Both.exposed(["a.b", "plain"].into_iter());
        assert_eq!(names, [vec!["a.b".to_owned(), "a__b".to_owned()], vec!["plain".to_owned()]]);
    }

    #[test]
    fn a_long_name_is_cut_to_64_characters_and_keeps_a_digest_of_the_whole() {
        let long = format!("support.{}", "x".repeat(80));
        let other = format!("{long}y");
        let names = exposed(&[&long, &other]);
        assert!(names.iter().all(|name| name.len() == 64), "{names:?}");
        assert_ne!(names.first(), names.last());
    }

    #[test]
    fn names_that_collide_all_get_a_suffix_and_the_order_does_not_matter() {
        let mut forward = exposed(&["a.b", "a__b", "c.d"]);
        let mut backward = exposed(&["c.d", "a__b", "a.b"]);
        forward.sort();
        backward.sort();
        assert_eq!(forward, backward);
        assert_eq!(forward.iter().filter(|name| name.starts_with("a__b_")).count(), 2);
        assert!(forward.contains(&"c__d".to_owned()));
    }

    #[test]
    fn a_name_without_a_single_safe_character_still_has_one() {
        let names = exposed(&["…"]);
        assert!(names.iter().all(|name| name.len() == 9), "{names:?}");
    }
}
