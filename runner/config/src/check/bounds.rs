//! Bounds of the numbers a proposal may set.

use super::argument::Range;
use super::capability::Draft;
use super::patch::guarded_column;
use super::rule::optional_object;
use crate::code::ProblemCode;
use crate::place::Place;
use crate::problem::Problems;

pub(super) fn check(draft: &Draft<'_, '_>, changeable: Option<&[&str]>, problems: &mut Problems) {
    let code = ProblemCode::NumericBoundsNotObject;
    let Some(bounds) = optional_object(draft.capability, "numeric_bounds", code, problems) else { return };
    let codes = (ProblemCode::InvalidNumericBoundColumn, ProblemCode::NumericBoundPatchColumnRequired);
    for (column, bound) in bounds.members() {
        guarded_column(column, &bound, changeable, codes, problems);
        if !bound.is_object() {
            problems.unexpected(&bound, ProblemCode::NumericBoundNotObject, "an object");
            continue;
        }
        if bound.get("minimum").is_none() && bound.get("maximum").is_none() {
            let message = "expected `minimum` or `maximum`, found neither";
            problems.add(bound.path(), ProblemCode::NumericBoundEmpty, message);
        }
        let range = Range::check(&bound, problems);
        if let Some(binding) = draft.binding(column) {
            value_fits(&bound, &range, &binding, draft, problems);
        }
    }
}

/// A binding that could never pass its own column's bounds is a mistake now, not a refusal on every call.
fn value_fits(
    bound: &Place<'_>,
    range: &Range<'_>,
    binding: &Place<'_>,
    draft: &Draft<'_, '_>,
    problems: &mut Problems,
) {
    if let Some(fixed) = binding.get("fixed")
        && let Some(value) = fixed.scalar()
        && !range.holds(value)
    {
        problems.unexpected(
            &fixed,
            ProblemCode::FixedValueOutOfBounds,
            "a number within the column's bounds",
        );
    }
    let argument = binding.get("from_arg").and_then(|place| place.text());
    if let Some(name) = argument
        && draft.arguments.kind(name).is_some_and(|kind| kind != "number")
    {
        let message = format!("expected a value from a number argument, found `{}`", name.escape_debug());
        problems.add(bound.path(), ProblemCode::NumericBoundArgNotNumber, message);
    }
}
