//! The rules every patch meets, whoever produced it: allowed columns, exact types, bounds, transitions, a real change.

use bigdecimal::BigDecimal;
use synapsor_config::{Bounds, ProposalRules, Transition};
use synapsor_protocol::value::Columns;
use synapsor_protocol::{Code, Refusal, Value};
use synapsor_source::{ScopedRow, TableShape};

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
    met(rules, row.columns(), wanted, |column, value| in_column_type(row.shape(), column, &value))
        .map(CheckedPatch)
}

/// The same for a row and a patch of the record. The columns' types are those of today's table, and are left out where
/// that is not known. A value that means what the recorded patch or row holds is taken in that form, since a column
/// that was widened meanwhile prints it in another one.
pub(crate) fn enforce_recorded(
    rules: &ProposalRules,
    row: &Columns,
    recorded: Option<&Columns>,
    table: Option<&TableShape>,
    wanted: Columns,
) -> Result<Columns, Refusal> {
    met(rules, row, wanted, |column, value| {
        let typed = table.map(|table| in_column_type(table, column, &value)).transpose()?;
        let forms = [recorded.and_then(|patch| patch.get(column)), row.get(column)];
        let form = forms.into_iter().flatten().find(|form| same_meaning(form, &value));
        Ok(form.cloned().or(typed).unwrap_or(value))
    })
}

/// The patch that meets every rule, each value in the form that `exact` gives it.
fn met(
    rules: &ProposalRules,
    row: &Columns,
    wanted: Columns,
    exact: impl Fn(&str, Value) -> Result<Value, Refusal>,
) -> Result<Columns, Refusal> {
    let mut patch = Columns::new();
    for (column, value) in wanted {
        allowed(rules, &column)?;
        let exact = exact(&column, value)?;
        within_rules(rules, row, &column, &exact)?;
        patch.insert(column, exact);
    }
    changes(row, &patch)?;
    Ok(patch)
}

/// Whether a column may hold either for the other: sources differ in how they print a number or an instant.
fn same_meaning(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Boolean(boolean), Value::Integer(integer))
        | (Value::Integer(integer), Value::Boolean(boolean)) => *integer == i64::from(*boolean),
        _ if left == right => true,
        _ => match (left.as_number(), right.as_number()) {
            (Some(left), Some(right)) => left == right,
            (None, None) => left.to_string() == right.to_string(),
            _ => false,
        },
    }
}

fn allowed(rules: &ProposalRules, column: &str) -> Result<(), Refusal> {
    if rules.allowed_columns.contains(column) {
        return Ok(());
    }
    let message = format!("column `{column}` is not one this capability may change");
    Err(Refusal::new(Code::PatchColumnNotAllowed, message))
}

fn within_rules(rules: &ProposalRules, row: &Columns, column: &str, value: &Value) -> Result<(), Refusal> {
    if let Some(bounds) = rules.numeric_bounds.get(column) {
        within(column, bounds, value)?;
    }
    match rules.transition_guards.get(column) {
        Some(transition) => transition_allowed(column, transition, row, value),
        None => Ok(()),
    }
}

fn changes(row: &Columns, patch: &Columns) -> Result<(), Refusal> {
    if patch.iter().any(|(column, value)| row.get(column) != Some(value)) {
        return Ok(());
    }
    Err(Refusal::new(Code::PatchEmpty, "the row already holds every proposed value"))
}

fn in_column_type(table: &TableShape, column: &str, value: &Value) -> Result<Value, Refusal> {
    let shape = table.columns.get(column).ok_or_else(|| {
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
