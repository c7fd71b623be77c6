//! What a person has read and accepted of the target: triggers, rules, row-level security, cascades.

use std::collections::BTreeSet;

use synapsor_protocol::Digest;

use super::rule::{required_text, required_word};
use crate::code::ProblemCode;
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;

/// What can be acknowledged.
const KINDS: &[&str] = &["trigger", "rule", "row_security", "cascade"];

pub(super) fn check(capability: &Place<'_>, problems: &mut Problems) {
    let Some(list) = capability.get("target_acknowledgements") else { return };
    if !list.is_list() {
        problems.unexpected(&list, ProblemCode::InvalidTargetAcknowledgements, "a list");
        return;
    }
    let mut seen = BTreeSet::new();
    for item in list.items() {
        if let Some((kind, name)) = acknowledgement(&item, problems)
            && !seen.insert((kind, name))
        {
            let message = format!("the {kind} `{}` is acknowledged twice", name.escape_debug());
            problems.add(item.path(), ProblemCode::DuplicateTargetAcknowledgement, message);
        }
    }
}

fn acknowledgement<'a>(item: &Place<'a>, problems: &mut Problems) -> Option<(&'a str, &'a str)> {
    let code = ProblemCode::InvalidTargetAcknowledgement;
    if !item.is_object() {
        problems.unexpected(item, code, "an object with `kind`, `name` and `digest`");
        return None;
    }
    let kind = required_word(item, "kind", KINDS, code, problems);
    let name = required_text(item, "name", Form::Prose, code, problems);
    digest(item, problems);
    kind.zip(name)
}

fn digest(item: &Place<'_>, problems: &mut Problems) {
    let code = ProblemCode::InvalidTargetAcknowledgement;
    let expected = "`sha256:` and 64 lower-case hex digits";
    match item.get("digest") {
        Some(place) if place.text().is_none_or(|text| Digest::try_from(text.to_owned()).is_err()) => {
            problems.unexpected(&place, code, expected);
        }
        Some(_) => {}
        None => {
            problems
                .missing(item, "digest", code, expected)
                .hint("`synapsor writeback doctor` prints the digest of what is there");
        }
    }
}
