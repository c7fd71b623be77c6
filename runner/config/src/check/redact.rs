//! The columns whose values the ledger does not keep.
//!
//! Invariant: what the record needs to decide, to apply or to run again is never redacted.

use super::capability::Draft;
use super::rule::columns;
use crate::code::ProblemCode;
use crate::place::Place;
use crate::problem::Problems;

/// Looks at `redact`, against everything else the capability says.
pub(super) fn check(draft: &Draft<'_, '_>, problems: &mut Problems) {
    let Some(list) = draft.capability.get("redact") else { return };
    if !list.is_list() {
        problems.unexpected(&list, ProblemCode::RedactNotList, "a list of columns");
        return;
    }
    columns(&list, ProblemCode::InvalidRedactColumn, problems);
    for item in list.items() {
        let Some(column) = item.text() else { continue };
        if !draft.visible.is_empty() && !draft.visible.contains(&column) {
            let message = format!("expected one of `visible_columns`, found {}", item.shown());
            problems.add(item.path(), ProblemCode::RedactColumnNotVisible, message);
        } else if let Some(why) = needed(draft, column) {
            let message =
                format!("expected a column the record can do without, found {why} {}", item.shown());
            problems.add(item.path(), ProblemCode::RedactColumnNeeded, message);
        }
        in_reads(draft, column, problems);
    }
}

/// What the record needs a column for. Two of the engines do not tell columns apart by case.
fn needed(draft: &Draft<'_, '_>, column: &str) -> Option<&'static str> {
    let is = |name: Option<&str>| name.is_some_and(|name| name.eq_ignore_ascii_case(column));
    let capability = draft.capability;
    let within = |key: &str| {
        let place = capability.get(key);
        let listed = place.iter().flat_map(|place| place.items()).any(|item| is(item.text()));
        listed || place.iter().flat_map(|place| place.members()).any(|(name, _)| is(Some(name)))
    };
    if is(draft.scope.primary_key) {
        return Some("the key column");
    }
    if is(draft.scope.tenant_key) {
        return Some("the tenant column");
    }
    let version = capability.get("conflict_guard").and_then(|guard| guard.get("column"));
    if is(version.and_then(|column| column.text())) {
        return Some("the version column");
    }
    if within("allowed_columns") || within("patch") {
        return Some("a column that may be changed,");
    }
    let guards = capability.get("transition_guards");
    let states = guards.iter().flat_map(|guards| guards.members());
    let mut states = states.filter_map(|(_, guard)| guard.get("from_column").and_then(|from| from.text()));
    states.any(|from| is(Some(from))).then_some("the column of a present state,")
}

/// What a read hands over is on record as well, whichever table it is of.
fn in_reads(draft: &Draft<'_, '_>, redacted: &str, problems: &mut Problems) {
    let reads = draft.capability.get("reads");
    for (_, read) in reads.iter().flat_map(|reads| reads.members()) {
        for list in ["columns", "filters"].iter().filter_map(|key| read.get(key)) {
            named(&list, redacted, problems);
        }
    }
}

fn named(list: &Place<'_>, redacted: &str, problems: &mut Problems) {
    let is_redacted = |item: &Place<'_>| item.text().is_some_and(|name| name.eq_ignore_ascii_case(redacted));
    for item in list.items().filter(is_redacted) {
        let message = format!("expected no column that `redact` names, found {}", item.shown());
        problems
            .add(item.path(), ProblemCode::RedactColumnInRead, message)
            .hint("what a handler reads is kept, so that it can be run again");
    }
}
