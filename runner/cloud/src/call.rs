//! One call on its way to the service, and whether what came back answers it.
//!
//! Invariant: an answer counts for exactly the call that was sent: its adapter, its tool, its id, wherever it names one of them.

use serde_json::{Map, Value as Json, json};
use synapsor_invocation::DelegatedCall;
use synapsor_protocol::{Code, Refusal, SourceChanged, TrustedContext};

use crate::adapter::Adapter;
use crate::answer::invalid;
use crate::schema::reserved_argument;
use crate::service::Question;

/// Largest arguments, in bytes of JSON.
const ARGUMENTS_BYTES_MAX: usize = 64 * 1024;

/// Carries a call out.
pub(crate) async fn carry_out(
    adapter: &Adapter,
    call: DelegatedCall<'_>,
) -> Result<Map<String, Json>, Refusal> {
    let DelegatedCall { tool, arguments, id, on_behalf_of } = call;
    let Some(admitted) = adapter.tools.get(tool) else {
        return Err(Refusal::new(Code::McpToolNotFound, "no capability of that name is served"));
    };
    let arguments = Json::Object(arguments);
    if let Some(name) = reserved_argument(&arguments) {
        let message = format!("`{}` is set by the runner, never by a call", name.escape_debug());
        return Err(Refusal::new(Code::ModelCannotOverrideBinding, message));
    }
    if arguments.to_string().len() > ARGUMENTS_BYTES_MAX {
        let message = format!("the arguments take more than {ARGUMENTS_BYTES_MAX} bytes");
        return Err(Refusal::new(Code::InvalidInput, message));
    }
    admitted.input.check(&arguments).map_err(|why| {
        Refusal::new(Code::InvalidInput, format!("the arguments are not what the tool takes: {why}"))
    })?;
    let settings = &adapter.service.settings;
    let call = Call { adapter: &settings.adapter_id, tool, id };
    let body = json!({
        "adapter": call.adapter,
        "tool": call.tool,
        "input": arguments,
        "session": session(&settings.session, on_behalf_of),
        "step_key": call.id,
    });
    let question = Question::post(&["v1", "agent", "adapters", "call-tool"], body);
    let document = adapter.service.send(&question).await?;
    let result = call.result(document)?;
    if let Some(schema) = &admitted.output {
        schema
            .check(&Json::Object(result.clone()))
            .map_err(|why| unclear(&format!("it is not what the service says its tool answers: {why}")))?;
    }
    Ok(result)
}

/// For whom the runner asks: as the config has it, and under the caller's own names where callers have some.
fn session(configured: &Map<String, Json>, asker: Option<&TrustedContext>) -> Map<String, Json> {
    let mut session = configured.clone();
    if let Some(asker) = asker {
        session.insert("tenant_id".to_owned(), Json::from(asker.tenant()));
        session.insert("principal".to_owned(), Json::from(asker.principal()));
    }
    session
}

/// What a call is known by.
struct Call<'a> {
    adapter: &'a str,
    tool: &'a str,
    id: &'a str,
}

impl Call<'_> {
    /// The result in an answer to exactly this call.
    fn result(&self, mut document: Map<String, Json>) -> Result<Map<String, Json>, Refusal> {
        let names = [
            ("adapter", self.adapter),
            ("adapter_id", self.adapter),
            ("tool", self.tool),
            ("tool_name", self.tool),
            ("step_key", self.id),
        ];
        if names.iter().any(|(member, ours)| document.get(*member).is_some_and(|theirs| theirs != ours)) {
            return Err(unclear("it answers another call"));
        }
        refuse_a_change(&document)?;
        let inner = ["result", "response"].into_iter().find_map(|member| document.remove(member));
        let result = match inner {
            Some(Json::Object(result)) => result,
            Some(_) => return Err(unclear("its result is no object")),
            None => {
                document.remove("ok");
                for (member, _) in names {
                    document.remove(member);
                }
                document
            }
        };
        // Of these two a result's own would take the place of the runner's.
        let overlaid = [("adapter_id", self.adapter), ("tool_name", self.tool)];
        if overlaid.iter().any(|(member, ours)| result.get(*member).is_some_and(|theirs| theirs != ours)) {
            return Err(unclear("it answers another call"));
        }
        refuse_a_change(&result)?;
        Ok(result)
    }
}

/// No call of a model changes a source. Where a service says that one did, that is told and nothing else.
fn refuse_a_change(document: &Map<String, Json>) -> Result<(), Refusal> {
    let says =
        |member: &str| document.get(member).is_some_and(|said| *said != Json::Bool(false) && !said.is_null());
    if !says("source_database_mutated") && !says("source_database_changed") {
        return Ok(());
    }
    tracing::error!("the hosted service says that a call of a model changed a source");
    let what = "it says that the call changed a source, which no call of a model may";
    Err(invalid(what).hint("tell whoever runs the service").source_changed(SourceChanged::Yes))
}

/// An answer that cannot be used, to a call that may have been carried out.
fn unclear(what: &str) -> Refusal {
    invalid(what).source_changed(SourceChanged::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Call<'static> = Call { adapter: "mcp.billing", tool: "billing.inspect_invoice", id: "c1" };

    fn result(document: Json) -> Result<Json, (Code, SourceChanged)> {
        let document = document.as_object().cloned().expect("an object");
        CALL.result(document).map(Json::Object).map_err(|refusal| (refusal.code, refusal.source_changed))
    }

    #[test]
    fn a_result_is_found_where_services_put_it() {
        let found = json!({ "status": "ok" });
        for document in [
            json!({ "ok": true, "result": found }),
            json!({ "ok": true, "response": found, "tool": "billing.inspect_invoice", "step_key": "c1" }),
            json!({ "ok": true, "status": "ok", "adapter_id": "mcp.billing" }),
            json!({ "ok": true, "result": found, "source_database_mutated": false, "source_database_changed": null }),
        ] {
            assert_eq!(result(document.clone()), Ok(found.clone()), "{document}");
        }
    }

    #[test]
    fn an_answer_to_another_call_is_none_to_this_one() {
        for document in [
            json!({ "ok": true, "result": {}, "adapter": "mcp.other" }),
            json!({ "ok": true, "result": {}, "adapter_id": null }),
            json!({ "ok": true, "result": {}, "tool": "billing.inspect_order" }),
            json!({ "ok": true, "result": { "tool_name": "billing.inspect_order" } }),
            json!({ "ok": true, "result": {}, "step_key": "c2" }),
            json!({ "ok": true, "result": [1] }),
            json!({ "ok": true, "result": null }),
        ] {
            let expected = Err((Code::CloudAnswerInvalid, SourceChanged::Unknown));
            assert_eq!(result(document.clone()), expected, "{document}");
        }
    }

    #[test]
    fn a_change_that_a_service_admits_is_told_as_one() {
        for document in [
            json!({ "ok": true, "result": { "source_database_mutated": true } }),
            json!({ "ok": true, "result": {}, "source_database_changed": "yes" }),
            json!({ "ok": true, "source_database_mutated": 1 }),
        ] {
            let expected = Err((Code::CloudAnswerInvalid, SourceChanged::Yes));
            assert_eq!(result(document.clone()), expected, "{document}");
        }
    }
}
