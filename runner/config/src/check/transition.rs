//! The state changes a proposal may make.

use super::capability::Draft;
use super::patch::guarded_column;
use super::rule::{optional_object, optional_text, required_members};
use crate::code::ProblemCode;
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;

pub(super) fn check(
    draft: &Draft<'_, '_>,
    changeable: Option<&[&str]>,
    version_column: Option<&str>,
    problems: &mut Problems,
) {
    let code = ProblemCode::TransitionGuardsNotObject;
    let Some(guards) = optional_object(draft.capability, "transition_guards", code, problems) else { return };
    let codes = (ProblemCode::InvalidTransitionGuardColumn, ProblemCode::TransitionPatchColumnRequired);
    for (column, guard) in guards.members() {
        guarded_column(column, &guard, changeable, codes, problems);
        if !guard.is_object() {
            problems.unexpected(&guard, ProblemCode::TransitionGuardNotObject, "an object");
            continue;
        }
        from_column(column, &guard, draft, version_column, problems);
        let next_states = allowed(&guard, problems);
        if let (Some(binding), Some(next_states)) = (draft.binding(column), next_states) {
            value_fits(&guard, &binding, &next_states, draft, problems);
        }
    }
}

/// The present state comes from the row that was read, so its column must be one that is read.
fn from_column(
    column: &str,
    guard: &Place<'_>,
    draft: &Draft<'_, '_>,
    version_column: Option<&str>,
    problems: &mut Problems,
) {
    let code = ProblemCode::InvalidTransitionFromColumn;
    let named = optional_text(guard, "from_column", Form::Identifier, code, problems);
    let (from, path) = match (named, guard.get("from_column")) {
        (Some(named), Some(place)) => (named, place.path().to_owned()),
        (None, Some(_)) => return,
        (_, None) => (column, guard.path().to_owned()),
    };
    let scope = [draft.scope.primary_key, draft.scope.tenant_key, version_column];
    if !draft.visible.is_empty() && !draft.visible.contains(&from) && !scope.contains(&Some(from)) {
        let message = format!("expected one of `visible_columns`, found `{}`", from.escape_debug());
        problems.add(path, ProblemCode::TransitionFromColumnNotVisible, message);
    }
}

/// Looks at `allowed`; answers every next state, where there are any.
fn allowed<'a>(guard: &Place<'a>, problems: &mut Problems) -> Option<Vec<&'a str>> {
    let allowed = required_members(guard, "allowed", ProblemCode::TransitionAllowedRequired, problems)?;
    let mut next_states = Vec::new();
    for (state, next) in allowed.members() {
        if !Form::Prose.accepts(state) {
            let message = "expected a present state, found an empty one";
            problems.add(next.path(), ProblemCode::TransitionFromRequired, message);
        }
        let expected = "a list of at least one next state";
        if !next.is_list() || !next.is_filled() {
            problems.unexpected(&next, ProblemCode::TransitionToValuesRequired, expected);
        }
        for item in next.items() {
            match item.text_of(Form::Prose) {
                Some(text) => next_states.push(text),
                None => {
                    problems.unexpected(&item, ProblemCode::TransitionToValuesRequired, "a next state");
                }
            }
        }
    }
    Some(next_states)
}

/// A binding that no transition leads to is a mistake now, not a refusal on every call.
fn value_fits(
    guard: &Place<'_>,
    binding: &Place<'_>,
    next_states: &[&str],
    draft: &Draft<'_, '_>,
    problems: &mut Problems,
) {
    if let Some(fixed) = binding.get("fixed")
        && fixed.scalar().is_some()
        && !fixed.text().is_some_and(|text| next_states.contains(&text))
    {
        problems.unexpected(&fixed, ProblemCode::FixedValueNeverAllowed, "one of the next states");
    }
    let argument = binding.get("from_arg").and_then(|place| place.text());
    if let Some(name) = argument
        && draft.arguments.kind(name).is_some_and(|kind| kind != "string")
    {
        let message = format!("expected a value from a string argument, found `{}`", name.escape_debug());
        problems.add(guard.path(), ProblemCode::TransitionArgNotString, message);
    }
}
