//! The three methods: what each takes, and what it answers.

use std::future::pending;
use std::sync::Arc;

use http::HeaderMap;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use synapsor_invocation::ToolCall;
use synapsor_protocol::{Code, Refusal};

use super::answer::{INVALID_PARAMS, METHOD_NOT_FOUND, RpcError};
use crate::asker::Asker;
use crate::auth::{Caller, Challenge};
use crate::guarded::guarded;
use crate::live::{Live, Served};
use crate::trace::CallerTrace;
use crate::{calls, envelope, resources};

/// What the bridge answers from.
pub(super) struct Methods {
    live: Live,
}

/// Why there is no result.
pub(super) enum NotAnswered {
    /// An error under the request's id.
    Error(RpcError),
    /// The caller's token is not for this: an answer of HTTP.
    Challenge(Arc<Challenge>),
}

impl From<RpcError> for NotAnswered {
    fn from(error: RpcError) -> Self {
        Self::Error(error)
    }
}

impl Methods {
    pub(super) fn new(live: Live) -> Self {
        Self { live }
    }

    /// Carries out one request.
    pub(super) async fn answer(
        &self,
        caller: &Caller,
        headers: &HeaderMap,
        method: &str,
        params: Map<String, Json>,
    ) -> Result<Json, NotAnswered> {
        match method {
            "tools/list" => Ok(self.list(caller, &params)?),
            "tools/call" => self.call(caller, headers, params).await,
            "resources/read" => Ok(self.read(caller, &params).await?),
            _ => {
                let message =
                    "no such method is served; expected `tools/list`, `tools/call` or `resources/read`";
                Err(RpcError::new(METHOD_NOT_FOUND, message).into())
            }
        }
    }

    fn list(&self, caller: &Caller, params: &Map<String, Json>) -> Result<Json, RpcError> {
        known(params, &["_meta"])?;
        let (served, asker) = (self.live.now(), Asker::let_in(caller.clone()));
        let seen = served.tools.list().iter();
        let seen = seen.filter(|tool| asker.sees(&served, served.tools.canonical(&tool.name)));
        let mut tools = json(&seen.collect::<Vec<_>>())?;
        for tool in tools.as_array_mut().into_iter().flatten() {
            if let Some(meta) = tool.get_mut("_meta").and_then(Json::as_object_mut) {
                meta.insert("synapsor.database_credentials_exposed".to_owned(), json!(false));
                meta.insert("synapsor.model_controlled_tenant_authority".to_owned(), json!(false));
            }
        }
        Ok(json!({ "tools": tools }))
    }

    async fn call(
        &self,
        caller: &Caller,
        headers: &HeaderMap,
        params: Map<String, Json>,
    ) -> Result<Json, NotAnswered> {
        let (served, options) = (self.live.now(), self.live.options());
        let in_meta = params.get("_meta").and_then(|meta| meta.get("traceparent")).and_then(Json::as_str);
        let trace = CallerTrace::of(in_meta, Some(headers));
        let call = tool_call(&served, params)?;
        let capability = call.name.clone();
        self.live.admit(caller, &capability).map_err(NotAnswered::Challenge)?;
        let asker = Asker::let_in(caller.clone());
        // A client that leaves takes this whole future with it, and the work with that.
        let answer = calls::carry_out(&self.live, &served, &asker, call, trace, pending()).await;
        let format = served.runtime.result_format();
        let result = match answer {
            Ok(answer) => envelope::of_answer(format, &answer, options.result_bytes_max),
            Err(refusal) if refusal.code == Code::McpToolNotFound => {
                return Err(RpcError::refused(&refusal).into());
            }
            Err(refusal) => envelope::of_refusal(format, &capability, &refusal),
        };
        Ok(json(&result)?)
    }

    async fn read(&self, caller: &Caller, params: &Map<String, Json>) -> Result<Json, RpcError> {
        known(params, &["uri", "_meta"])?;
        let Some(address) = params.get("uri").and_then(Json::as_str) else {
            return Err(invalid("expected `params.uri`, the address of a record"));
        };
        let (runtime, wanted) = (caller.runtime(&self.live.now().runtime), address.to_owned());
        let work = async move { runtime.resource(&wanted).await };
        let record =
            guarded(pending(), Box::pin(work)).await.map_err(|refusal| RpcError::refused(&refusal))?;
        json(&resources::contents(address, &record))
    }
}

fn tool_call(served: &Served, mut params: Map<String, Json>) -> Result<ToolCall, RpcError> {
    known(&params, &["name", "arguments", "args", "_meta"])?;
    let Some(Json::String(name)) = params.remove("name") else {
        return Err(invalid("expected `params.name`, the name of a tool"));
    };
    // `args` is what the published bridge took, too.
    let arguments = match (params.remove("arguments"), params.remove("args")) {
        (Some(_), Some(_)) => return Err(invalid("expected either `arguments` or `args`, found both")),
        (Some(Json::Object(arguments)), None) | (None, Some(Json::Object(arguments))) => arguments,
        (None, None) => Map::new(),
        _ => return Err(invalid("expected `params.arguments` to be an object")),
    };
    Ok(ToolCall::new(served.tools.canonical(&name).to_owned(), arguments))
}

/// Nothing is dropped in silence: a `tenant_id` beside the arguments is refused as it would be among them.
fn known(params: &Map<String, Json>, names: &[&str]) -> Result<(), RpcError> {
    match params.keys().any(|name| !names.contains(&name.as_str())) {
        true => Err(invalid(&format!("`params` has a key this method does not take; expected {names:?}"))),
        false => Ok(()),
    }
}

fn invalid(message: &str) -> RpcError {
    RpcError::new(INVALID_PARAMS, message)
}

fn json(value: &(impl Serialize + ?Sized)) -> Result<Json, RpcError> {
    serde_json::to_value(value).map_err(|error| RpcError::refused(&Refusal::bug(error)))
}
