//! The rules every patch meets, whoever produced it: allowed columns, exact types, bounds, transitions, a real change.

use bigdecimal::BigDecimal;
use synapsor_config::{Bounds, ProposalRules, Transition};
use synapsor_protocol::value::Columns;
use synapsor_protocol::{Code, Refusal, Value};
use synapsor_source::ScopedRow;

/// A patch that met every rule, in the columns' own types.
pub(crate) struct CheckedPatch(Columns);

impl CheckedPatch {
    pub(crate) fn into_columns(self) -> Columns {
        self.0
    }
}

/// Checks a wanted patch against the capability's rules and the row it was made for.
pub(crate) fn enforce(
    rules: &ProposalRules,
    row: &ScopedRow,
    wanted: Columns,
) -> Result<CheckedPatch, Refusal> {
    let mut patch = Columns::new();
    for (column, value) in wanted {
        if !rules.allowed_columns.contains(&column) {
            return Err(Refusal::new(
                Code::PatchColumnNotAllowed,
                format!("column `{column}` is not one this capability may change"),
            ));
        }
        let exact = in_column_type(row, &column, &value)?;
        if let Some(bounds) = rules.numeric_bounds.get(&column) {
            within(&column, bounds, &exact)?;
        }
        if let Some(transition) = rules.transition_guards.get(&column) {
            transition_allowed(&column, transition, row.columns(), &exact)?;
        }
        patch.insert(column, exact);
    }
    let changes = patch.iter().any(|(column, value)| row.columns().get(column) != Some(value));
    if !changes {
        return Err(Refusal::new(Code::PatchEmpty, "the row already holds every proposed value"));
    }
    Ok(CheckedPatch(patch))
}

fn in_column_type(row: &ScopedRow, column: &str, value: &Value) -> Result<Value, Refusal> {
    let shape = row.shape().columns.get(column).ok_or_else(|| {
        Refusal::new(Code::SourceShapeMismatch, format!("the target table has no column `{column}`"))
    })?;
    shape.accept(value).map_err(|mismatch| Refusal::new(Code::PatchValueInvalid, mismatch.to_string()))
}

fn within(column: &str, bounds: &Bounds, value: &Value) -> Result<(), Refusal> {
    let number = value.as_number().ok_or_else(|| {
        Refusal::new(
            Code::PatchNumericBoundTypeInvalid,
            format!("column `{column}` is bounded and needs a number, found {}", value.type_name()),
        )
    })?;
    let parse = |text: &Option<String>| text.as_ref().and_then(|t| t.parse::<BigDecimal>().ok());
    if let Some(minimum) = parse(&bounds.minimum).filter(|minimum| number < *minimum) {
        return Err(Refusal::new(
            Code::PatchBelowMinimum,
            format!("column `{column}` would go below {}", minimum.to_plain_string()),
        ));
    }
    if let Some(maximum) = parse(&bounds.maximum).filter(|maximum| number > *maximum) {
        return Err(Refusal::new(
            Code::PatchAboveMaximum,
            format!("column `{column}` would go above {}", maximum.to_plain_string()),
        ));
    }
    Ok(())
}

fn transition_allowed(
    column: &str,
    transition: &Transition,
    row: &Columns,
    to: &Value,
) -> Result<(), Refusal> {
    let (Some(Value::Text(from)), Value::Text(to)) = (row.get(&transition.from_column), to) else {
        return Err(Refusal::new(
            Code::PatchTransitionTypeInvalid,
            format!("column `{column}` moves between text states, found something else"),
        ));
    };
    if transition.allowed.get(from).is_some_and(|next| next.contains(to)) {
        return Ok(());
    }
    let next = transition.allowed.get(from).map(|next| next.iter().cloned().collect::<Vec<_>>().join(", "));
    Err(Refusal::new(
        Code::PatchTransitionNotAllowed,
        format!("column `{column}` may not move from its present state to the proposed one"),
    )
    .hint(next.map_or_else(
        || "the present state allows no change".to_owned(),
        |next| format!("from the present state it may move to: {next}"),
    )))
}
