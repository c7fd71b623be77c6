//! {{description}}

use synapsor_handler::{Call, Change, Columns, Refusal, handler};

handler!(propose);

// `_row` holds the columns as they are now: a rule that looks at them can refuse, or compute what is set.
fn propose(call: &Call, _row: &Columns) -> Result<Change, Refusal> {
    Ok(Change::new()
{{#columns}}
        .set("{{column}}", call.arguments.{{kind}}("{{argument}}")?)
{{/columns}}
        .summary("{{summary}}"))
}
