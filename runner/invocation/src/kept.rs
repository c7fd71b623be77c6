//! The row as the record keeps it: without the values its capability redacts, and with what stands for them.
//!
//! Invariant: from here on a redacted value is in the answer to a read and nowhere else. No handler is given one, and an
//! argument that repeats one is refused, because arguments are kept.

use synapsor_config::Capability;
use synapsor_ledger::Notebook;
use synapsor_protocol::value::Columns;
use synapsor_protocol::{Code, RedactedColumns, RedactedRow, Refusal, TrustedContext, Value};

use crate::arguments::ValidArguments;

/// Shortest text that counts as repeated, in characters: a shorter one stands in others by chance.
const REPEATED_CHARACTERS_MIN: usize = 4;

/// What of a row may be stored.
#[derive(Debug, Clone)]
pub(crate) struct KeptRow {
    /// The columns whose values are kept.
    pub(crate) columns: Columns,
    /// What stands for the others.
    pub(crate) redacted: RedactedColumns,
}

/// Takes out of a row what its capability redacts.
pub(crate) async fn keep(
    notebook: &Notebook,
    capability: &Capability,
    context: &TrustedContext,
    row: &Columns,
) -> Result<KeptRow, Refusal> {
    let mut columns = row.clone();
    if capability.redact.is_empty() {
        return Ok(KeptRow { columns, redacted: RedactedColumns::new() });
    }
    // As the database printed it, which is how an apply finds it again.
    let key = row
        .get(&capability.target.primary_key)
        .ok_or_else(|| Refusal::bug("the row was read without its key"))?;
    let at = RedactedRow {
        tenant: context.tenant(),
        source: &capability.source.name,
        schema: &capability.target.schema,
        table: &capability.target.table,
        key,
    };
    let redaction = notebook.redaction_key().await.map_err(|error| error.refusal())?;
    let redacted = redaction.take_out(&mut columns, &capability.redact, &at).map_err(Refusal::bug)?;
    Ok(KeptRow { columns, redacted })
}

/// Refuses arguments that say what the record may not hold.
pub(crate) fn refuse_repeated(
    capability: &Capability,
    row: &Columns,
    arguments: &ValidArguments,
) -> Result<(), Refusal> {
    for column in &capability.redact {
        let Some(value) = row.get(column).and_then(telling_text) else { continue };
        for (name, argument) in arguments.as_columns() {
            if argument.to_string().contains(value) {
                let message = format!("argument `{name}` repeats the value of column `{column}`");
                return Err(Refusal::new(Code::RedactedValueRepeated, message).hint(
                    "say it without the value: the record keeps arguments and may not keep this column",
                ));
            }
        }
    }
    Ok(())
}

/// A text that hardly stands anywhere by chance.
fn telling_text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) | Value::Uuid(text) | Value::Json(text) => {
            Some(text.as_str()).filter(|text| text.chars().count() >= REPEATED_CHARACTERS_MIN)
        }
        _ => None,
    }
}
