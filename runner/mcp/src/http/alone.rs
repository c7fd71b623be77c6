//! Calls that stand alone and are as plain as nearly all of them, answered on the spot.
//!
//! For every request of 2026-07-28 rmcp makes a session, serves it in three tasks and takes the message apart again, which is
//! more work than the call itself. A call of which it is certain that rmcp would hand it over as it is needs none of that.
//!
//! Invariant: what is answered here is answered as rmcp would have; whatever is missing, odd or wrong about a request is
//! rmcp's to judge. So nothing is refused here, and a new rule of the protocol at worst makes calls slower.

use std::future::pending;

use axum::body::Body;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use rmcp::model::{
    CallToolRequestParams, ClientJsonRpcMessage, ClientRequest, GetMeta as _, JsonRpcMessage, JsonRpcRequest,
    ProtocolVersion, RequestId, RequestMetaObject, ServerJsonRpcMessage, ServerResult,
};
use synapsor_protocol::{Code, Refusal};

use super::answer::refused_for;
use super::headers::{MCP_METHOD, MCP_NAME, PROTOCOL_VERSION};
use crate::asker::Asker;
use crate::auth::Caller;
use crate::calls;
use crate::live::Live;
use crate::trace::CallerTrace;

/// The only revision that is certain here.
const VERSION: ProtocolVersion = ProtocolVersion::V_2026_07_28;

/// What headers of arguments begin with, which rmcp holds against the body.
const PARAMETER_PREFIX: &str = "mcp-param-";

/// A call that rmcp would hand over as it is.
pub(crate) struct PlainCall {
    id: RequestId,
    params: CallToolRequestParams,
    trace: Option<CallerTrace>,
}

impl PlainCall {
    /// The call of a message; none where it is not certain.
    pub(crate) fn of(message: ClientJsonRpcMessage, headers: &HeaderMap) -> Option<Self> {
        let JsonRpcMessage::Request(JsonRpcRequest { id, request, .. }) = message else { return None };
        let trace = CallerTrace::of(request.get_meta().get_traceparent(), Some(headers));
        let has_plain_meta = is_plain(request.get_meta(), headers);
        match request {
            ClientRequest::CallToolRequest(call) if has_plain_meta && names(&call.params, headers) => {
                Some(Self { id, params: call.params, trace })
            }
            _ => None,
        }
    }
}

/// Whether a request of this revision says so everywhere, and wants nothing but an answer.
fn is_plain(meta: &RequestMetaObject, headers: &HeaderMap) -> bool {
    let of_parameter = |name: &HeaderName| name.as_str().starts_with(PARAMETER_PREFIX);
    says(headers, &PROTOCOL_VERSION, VERSION.as_str())
        && says(headers, &MCP_METHOD, "tools/call")
        && !headers.keys().any(of_parameter)
        && meta.protocol_version() == Some(VERSION)
        && meta.missing_required_keys(&VERSION).is_empty()
        // Whoever wants to hear of progress gets a stream.
        && meta.get_progress_token().is_none()
}

/// Whether the header names the tool as the body does. Of a name with other characters it may have another form.
fn names(params: &CallToolRequestParams, headers: &HeaderMap) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    says(headers, &MCP_NAME, &params.name)
        && params.name.bytes().all(is_plain)
        && params.input_responses.is_none()
        && params.request_state.is_none()
}

fn says(headers: &HeaderMap, header: &HeaderName, text: &str) -> bool {
    headers.get(header).is_some_and(|value| value == text)
}

/// Carries the call out. A client that leaves takes this future with it, and the work with that.
pub(crate) async fn answer(live: &Live, caller: &Caller, call: PlainCall) -> Response {
    let PlainCall { id, params, trace } = call;
    let (served, asker) = (live.now(), Asker::let_in(caller.clone()));
    let call = calls::asked(&served, params);
    let name = call.name.clone();
    let answer = calls::carry_out(live, &served, &asker, call, trace, pending()).await;
    written(&match calls::result(live, &served, &name, answer) {
        Ok(mut result) => {
            result.meta = Some(live.signature().under(result.meta));
            JsonRpcMessage::response(ServerResult::CallToolResult(result), id)
        }
        Err(error) => JsonRpcMessage::error(error, Some(id)),
    })
}

fn written(message: &ServerJsonRpcMessage) -> Response {
    match serde_json::to_vec(message) {
        Ok(body) => {
            let mut answer = Response::new(Body::from(body));
            *answer.status_mut() = StatusCode::OK;
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            answer
        }
        // Nothing in an answer has no JSON.
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written");
            refused_for(None, &Refusal::new(Code::Internal, "internal error"))
        }
    }
}
