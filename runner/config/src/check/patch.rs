//! The declarative patch: which columns it sets, and to what.

use std::collections::BTreeSet;

use super::capability::Draft;
use super::rule::one_of;
use crate::code::ProblemCode;
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;

/// Looks at `patch`; answers the columns the proposal can change, where that can be told.
pub(super) fn check<'a>(
    draft: &Draft<'a, '_>,
    allowed: Option<&[&'a str]>,
    problems: &mut Problems,
) -> Option<Vec<&'a str>> {
    let expected = "`patch` with at least one column, or `handler`";
    let handler = draft.capability.get("handler");
    let Some(patch) = draft.capability.get("patch") else {
        if handler.is_none() {
            problems.missing(draft.capability, "patch", ProblemCode::PatchRequired, expected);
            return None;
        }
        return allowed.map(<[&str]>::to_vec);
    };
    if let Some(handler) = handler {
        let message = "expected one of `patch` and `handler`, found both";
        problems.add(handler.path(), ProblemCode::PatchAndHandlerExclusive, message);
    }
    if !patch.is_object() || !patch.is_filled() {
        problems.unexpected(&patch, ProblemCode::PatchRequired, expected);
        return None;
    }
    each_column(&patch, draft, allowed, problems);
    Some(patch.members().map(|(column, _)| column).collect())
}

/// Looks at a key of `numeric_bounds` or `transition_guards`, which must be a column the proposal can change.
pub(super) fn guarded_column(
    column: &str,
    place: &Place<'_>,
    changeable: Option<&[&str]>,
    codes: (ProblemCode, ProblemCode),
    problems: &mut Problems,
) {
    let (not_identifier, not_changeable) = codes;
    if !Form::Identifier.accepts(column) {
        let message = format!("the name of a column is {}", Form::Identifier.expected());
        problems.add(place.path(), not_identifier, message);
    } else if let Some(changeable) = changeable
        && !changeable.contains(&column)
    {
        let message = format!("expected {}, found `{column}`", one_of(changeable));
        problems.add(place.path(), not_changeable, message);
    }
}

fn each_column(patch: &Place<'_>, draft: &Draft<'_, '_>, allowed: Option<&[&str]>, problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for (column, binding) in patch.members() {
        if !Form::Identifier.accepts(column) {
            let message = format!("the name of a column is {}", Form::Identifier.expected());
            problems.add(binding.path(), ProblemCode::InvalidPatchColumn, message);
        } else if let Some(allowed) = allowed
            && !allowed.contains(&column)
        {
            let message = format!("expected one of `allowed_columns`, found `{column}`");
            problems.add(binding.path(), ProblemCode::PatchColumnNotAllowed, message);
        }
        if !seen.insert(column.to_ascii_lowercase()) {
            let message = format!("the column `{}` is set twice", column.escape_debug());
            problems.add(binding.path(), ProblemCode::DuplicateColumn, message);
        }
        value(&binding, draft, problems);
    }
}

fn value(binding: &Place<'_>, draft: &Draft<'_, '_>, problems: &mut Problems) {
    if !binding.is_object() {
        problems.unexpected(binding, ProblemCode::PatchBindingNotObject, "an object");
        return;
    }
    match (binding.get("fixed"), binding.get("from_arg")) {
        (Some(fixed), None) if fixed.scalar().is_none() => {
            problems.unexpected(&fixed, ProblemCode::InvalidPatchBinding, "a scalar");
        }
        (Some(_), None) => {}
        (None, Some(argument)) => from_argument(&argument, draft, problems),
        (both, _) => {
            let found = if both.is_some() { "both" } else { "neither" };
            let message = format!("expected exactly one of `fixed` and `from_arg`, found {found}");
            problems.add(binding.path(), ProblemCode::InvalidPatchBinding, message);
        }
    }
}

fn from_argument(argument: &Place<'_>, draft: &Draft<'_, '_>, problems: &mut Problems) {
    let Some(name) = argument.text_of(Form::Prose) else {
        problems.unexpected(argument, ProblemCode::InvalidPatchArg, "the name of an argument");
        return;
    };
    if draft.arguments.has(name) == Some(false) {
        let hint = draft.arguments.suggestion(name);
        problems.unexpected(argument, ProblemCode::UnknownPatchArg, "one of `args`").maybe(hint);
    }
}
