//! `/mcp` of the bridge: one POST, one JSON-RPC request, one JSON answer.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::Value as Json;
use synapsor_inbound::BadBody;
use synapsor_protocol::{Code, Refusal};

use super::answer::{RpcError, response};
use super::methods::{Methods, NotAnswered};
use super::request::{RpcRequest, read};
use crate::auth::Caller;
use crate::http::{HttpLimits, challenged, document, refused};
use crate::live::Live;

/// `/mcp`.
pub(crate) struct Endpoint {
    methods: Methods,
    limits: HttpLimits,
}

impl Endpoint {
    pub(crate) fn new(live: Live, limits: HttpLimits) -> Self {
        Self { methods: Methods::new(live), limits }
    }

    async fn post(&self, caller: &Caller, request: Request) -> Result<Response, Refusal> {
        let (parts, body) = request.into_parts();
        json_only(&parts.headers)?;
        let body = self.limits.read(body).await.map_err(BadBody::refusal)?;
        let RpcRequest { id, method, params } = match read(&body) {
            Ok(request) => request,
            Err((id, error)) => return Ok(told(&id, Err(error))),
        };
        let Some(id) = id else {
            let mut nothing = Response::new(Body::empty());
            *nothing.status_mut() = StatusCode::ACCEPTED;
            return Ok(nothing);
        };
        Ok(match self.methods.answer(caller, &parts.headers, &method, params).await {
            Ok(result) => told(&id, Ok(result)),
            Err(NotAnswered::Error(error)) => told(&id, Err(error)),
            Err(NotAnswered::Challenge(challenge)) => challenged(&challenge, serde_json::from_value(id).ok()),
        })
    }
}

/// Answers one request.
pub(crate) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Response {
    if request.method() != Method::POST {
        let mut answer = refused(&Refusal::new(Code::HttpMethodNotAllowed, "expected the method `POST`"));
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return answer;
    }
    endpoint.post(&caller, request).await.unwrap_or_else(|refusal| refused(&refusal))
}

fn told(id: &Json, outcome: Result<Json, RpcError>) -> Response {
    let status = outcome.as_ref().err().map_or(StatusCode::OK, RpcError::status);
    document(status, &response(id, &outcome))
}

/// A form in a web page cannot declare JSON, so a browser asks first, and is refused then.
fn json_only(headers: &HeaderMap) -> Result<(), Refusal> {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let form = declared.and_then(|declared| declared.split(';').next()).unwrap_or_default().trim();
    if form.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Refusal::new(Code::HttpMediaTypeUnsupported, "expected `Content-Type: application/json`"))
}
