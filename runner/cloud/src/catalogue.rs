//! The list of tools as the service gives it, and which of them a model may see.
//!
//! A tool that may not be shown is left out with its reasons; the others are served. A list that is not one is refused as a whole.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};
use synapsor_invocation::{ToolDescription, ToolKind, ToolOrigin};
use synapsor_protocol::{Code, Refusal, inert};
use synapsor_setup::audit::{self, Risk};
use synapsor_setup::boundary::{Boundary, boundary};

use crate::answer::invalid;
use crate::schema::{Schema, reserved_property};

/// Most bytes of a list.
pub(crate) const LIST_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Most tools of a list; a model can use fewer.
const TOOLS_MAX: usize = 256;

/// Longest name, in characters; the protocol allows no longer one.
const NAME_CHARS_MAX: usize = 128;

/// Longest description, in bytes.
const DESCRIPTION_BYTES_MAX: usize = 4096;

/// What no list may cross, as far as it can be told from a name.
const LINES: [Boundary; 4] =
    [Boundary::NoSqlTool, Boundary::NoApprovalTool, Boundary::NoCommitTool, Boundary::NoDatabaseUrl];

/// A tool that may be shown, with what judges its calls.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) description: ToolDescription,
    pub(crate) input: Schema,
    pub(crate) output: Option<Schema>,
}

/// A tool that is not served, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name, or its place in the list where the name is none that may be shown.
    pub tool: String,
    /// Every reason, in words.
    pub reasons: Vec<String>,
}

/// Judges a list.
///
/// # Errors
/// When it is no list, names a tool twice, is for another adapter, or nothing in it may be shown.
pub(crate) fn judge(
    document: &Map<String, Json>,
    adapter_id: &str,
) -> Result<(Vec<Admitted>, Vec<LeftOut>), Refusal> {
    let theirs = document.get("adapter_id").or(document.get("adapter"));
    if theirs.is_some_and(|theirs| theirs != adapter_id) {
        return Err(invalid("it is the list of another adapter"));
    }
    let listed = document.get("tools").or_else(|| document.get("result")?.get("tools"));
    let Some(Json::Array(listed)) = listed else { return Err(invalid("it is no list of tools")) };
    if listed.len() > TOOLS_MAX {
        return Err(invalid(&format!("it lists more than {TOOLS_MAX} tools")));
    }
    let (mut admitted, mut left_out, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (index, entry) in listed.iter().enumerate() {
        let name = entry.get("name").and_then(Json::as_str).unwrap_or_default();
        if !names.insert(name.to_owned()) && !name.is_empty() {
            return Err(invalid("it names one tool twice"));
        }
        match admit(entry, adapter_id) {
            Ok(tool) => admitted.push(tool),
            Err(reasons) => {
                let place = || format!("number {}", index + 1);
                let tool = if is_legal(name) { name.to_owned() } else { place() };
                left_out.push(LeftOut { tool, reasons });
            }
        }
    }
    if admitted.is_empty() {
        let message = match left_out.first() {
            None => "the hosted service lists no tool".to_owned(),
            Some(LeftOut { tool, reasons }) => format!(
                "none of the hosted service's {} may be shown to a model; the first is {tool}: {}",
                if left_out.len() == 1 { "one tool".to_owned() } else { format!("{} tools", left_out.len()) },
                reasons.join("; ")
            ),
        };
        return Err(Refusal::new(Code::CloudToolsRefused, message));
    }
    Ok((admitted, left_out))
}

/// One tool, or every reason why not.
fn admit(entry: &Json, adapter_id: &str) -> Result<Admitted, Vec<String>> {
    let member = |names: [&str; 2]| names.into_iter().find_map(|name| entry.get(name));
    let mut reasons = Vec::new();
    let name = entry.get("name").and_then(Json::as_str).unwrap_or_default();
    if !is_legal(name) {
        reasons.push(format!(
            "its name is not 1 to {NAME_CHARS_MAX} letters, digits, `_`, `-` and `.`, the first a letter"
        ));
    }
    let description = entry.get("description").and_then(Json::as_str).unwrap_or_default();
    if description.len() > DESCRIPTION_BYTES_MAX {
        reasons.push(format!("its description is longer than {DESCRIPTION_BYTES_MAX} bytes"));
    }
    if description.chars().any(|c| inert::steers(c) && c != '\n') {
        reasons.push("its description holds characters that a reader does not see".to_owned());
    }
    let empty = json!({});
    let input_schema = member(["input_schema", "inputSchema"]).unwrap_or(&empty);
    let input =
        Schema::of_object(input_schema).map_err(|why| reasons.push(format!("its input schema: {why}")));
    if let Some(property) = reserved_property(input_schema) {
        let property: String = property.chars().filter(|c| !inert::steers(*c)).take(64).collect();
        reasons.push(format!("it takes `{property}`, which only a runner may set"));
    }
    let output = member(["output_schema", "outputSchema"]).filter(|schema| !schema.is_null());
    let output = output.map(Schema::of_object).transpose();
    let output = output.map_err(|why| reasons.push(format!("its output schema: {why}")));
    reasons.extend(crossed(entry));
    match (input, output) {
        (Ok(input), Ok(output)) if reasons.is_empty() => Ok(Admitted {
            description: ToolDescription {
                name: name.to_owned(),
                kind: kind(entry),
                description: description.to_owned(),
                scopes: Vec::new(),
                input_schema: input_schema.clone(),
                data_schema: json!({ "type": "object" }),
                origin: ToolOrigin::Service { adapter_id: adapter_id.to_owned() },
            },
            input,
            output,
        }),
        _ => Err(reasons),
    }
}

/// A tool that does not say that it reads may propose.
fn kind(entry: &Json) -> ToolKind {
    match entry.pointer("/annotations/readOnlyHint") {
        Some(Json::Bool(true)) => ToolKind::Read,
        _ => ToolKind::Proposal,
    }
}

fn is_legal(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    name.len() <= NAME_CHARS_MAX
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(legal)
}

/// Lines of the boundary that the tool crosses, by the same rules as `synapsor audit` and `smoke boundary`.
fn crossed(entry: &Json) -> Vec<String> {
    let tools = [entry.clone()];
    let lines = boundary(&tools).into_iter().filter(|check| !check.holds && LINES.contains(&check.check));
    let lines = lines.map(|check| format!("it crosses a line: {}", check.check.meaning()));
    let found = audit::findings(&Json::from(tools.to_vec())).into_iter();
    let grave = found.filter(|finding| finding.severity == Risk::High);
    lines.chain(grave.map(|finding| format!("{}: {}", finding.code.as_str(), finding.message))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(name: &str) -> Json {
        json!({ "name": name, "description": "Shows one invoice with its fee.", "annotations": { "readOnlyHint": true },
            "input_schema": { "type": "object", "properties": { "invoice_id": { "type": "string" } } } })
    }

    fn list(tools: Vec<Json>) -> Map<String, Json> {
        Map::from_iter([("tools".to_owned(), Json::from(tools))])
    }

    /// Why the tool beside a good one is left out.
    fn reasons(bad: Json) -> String {
        let (admitted, left_out) =
            judge(&list(vec![tool("billing.inspect_invoice"), bad]), "a").expect("a list");
        assert_eq!(admitted.len(), 1);
        left_out.into_iter().flat_map(|left| left.reasons).collect::<Vec<_>>().join("; ")
    }

    fn with(member: &str, value: Json) -> Json {
        let mut tool = tool("billing.inspect_order");
        tool[member] = value;
        tool
    }

    #[test]
    fn a_tool_of_either_kind_is_shown_as_the_service_describes_it() {
        let mut proposes = tool("billing.propose_late_fee_waiver");
        proposes["annotations"] = json!({ "readOnlyHint": false });
        let (admitted, left_out) =
            judge(&list(vec![tool("billing.inspect_invoice"), proposes]), "a").expect("a list");
        assert_eq!(left_out, []);
        let kinds: Vec<ToolKind> = admitted.iter().map(|tool| tool.description.kind).collect();
        assert_eq!(kinds, [ToolKind::Read, ToolKind::Proposal]);
    }

    #[test]
    fn what_could_run_sql_decide_or_choose_whose_data_is_never_shown() {
        for (name, said) in [
            ("db.run_query", "SQL"),
            ("executeSql", "SQL"),
            ("billing.approve_proposal", "approves"),
            ("billing.reject_proposal", "approves"),
            ("billing.apply_writeback", "applies"),
            ("commit", "commits"),
            ("billing.refund_order", "WRITE_WITHOUT_PROPOSAL_BOUNDARY"),
            ("billing.delete_invoice", "WRITE_WITHOUT_PROPOSAL_BOUNDARY"),
        ] {
            let told = reasons(tool(name));
            assert!(told.contains(said), "{name}: {told}");
        }
        for property in ["tenant_id", "tenantId", "principal", "table_name", "column", "row_version", "sql"] {
            let schema = json!({ "type": "object", "properties": { property: { "type": "string" } } });
            assert!(!reasons(with("input_schema", schema)).is_empty(), "{property}");
        }
    }

    #[test]
    fn what_is_malformed_or_hides_something_is_left_out_with_every_reason() {
        for (bad, said) in [
            (tool(""), "its name"),
            (tool("a b"), "its name"),
            (tool("größe.show"), "its name"),
            (tool(&"x".repeat(129)), "its name"),
            (with("name", json!(7)), "its name"),
            (json!("billing.inspect_order"), "its name"),
            (with("description", json!("Shows\u{200b} one invoice.")), "does not see"),
            (with("description", json!("Shows \u{1b}[2J one.")), "does not see"),
            (with("description", json!("x".repeat(4097))), "longer than"),
            (with("description", json!("Reads postgres://reader@db/app.")), "URL of a database"),
            (with("input_schema", json!(null)), "input schema"),
            (with("input_schema", json!({ "type": "array" })), "input schema"),
            (with("output_schema", json!({ "type": "object", "required": 7 })), "output schema"),
        ] {
            let told = reasons(bad);
            assert!(told.contains(said), "{said}: {told}");
        }
        let both = with("input_schema", json!({ "type": "array" }));
        let mut both = both;
        both["name"] = json!("a b");
        assert!(reasons(both).contains("; "), "every reason");
    }

    #[test]
    fn a_list_that_is_none_is_refused_as_a_whole() {
        let good = || tool("billing.inspect_invoice");
        let mut elsewhere = list(vec![good()]);
        elsewhere.insert("adapter_id".to_owned(), json!("mcp.other"));
        for (document, code) in [
            (Map::new(), Code::CloudAnswerInvalid),
            (Map::from_iter([("tools".to_owned(), json!({}))]), Code::CloudAnswerInvalid),
            (elsewhere, Code::CloudAnswerInvalid),
            (list(vec![good(), good()]), Code::CloudAnswerInvalid),
            (list(vec![good(); TOOLS_MAX + 1]), Code::CloudAnswerInvalid),
            (list(vec![]), Code::CloudToolsRefused),
            (list(vec![tool("approve")]), Code::CloudToolsRefused),
        ] {
            assert_eq!(judge(&document, "a").map(|_| ()).map_err(|refusal| refusal.code), Err(code));
        }
    }
}
