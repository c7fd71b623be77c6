//! What every request passes before an endpoint sees it: by which name it came, whose token it carries, and how large its body is.
//!
//! Invariant: the order. Of a request without a token that stands, no body is read and nothing is answered but that.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, HOST, ORIGIN, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use synapsor_inbound::{BadBody, Names, check_once, read_body};
use synapsor_ledger::Ledger;
use synapsor_protocol::{Code, Refusal};

use crate::caller::caller;
use crate::refused::Refused;

/// Longest body; a receipt takes a hundredth of it.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Headers that decide something.
const SINGLE: [HeaderName; 4] = [HOST, ORIGIN, AUTHORIZATION, CONTENT_LENGTH];

/// What stands in front of the endpoints.
pub(crate) struct Gate {
    pub(crate) ledger: Ledger,
    pub(crate) names: Names,
    pub(crate) body_timeout_ms: u64,
}

/// The middleware in front of everything: names, and that no web page asks.
pub(crate) async fn meant_for_us(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let mut answer = match gate.check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => Refused(refusal).into_response(),
    };
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// The middleware in front of the endpoints that take a token: the caller, and the whole body, go on with the request.
pub(crate) async fn with_token(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    match gate.admit(request).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => Refused(refusal).into_response(),
    }
}

impl Gate {
    fn check(&self, request: &Request) -> Result<(), Refusal> {
        check_once(request.headers(), &SINGLE)?;
        self.names.check(request.uri(), request.headers())?;
        if request.headers().contains_key(ORIGIN) {
            let message = "web pages may not use a control plane";
            return Err(Refusal::new(Code::HttpOriginNotAllowed, message));
        }
        Ok(())
    }

    async fn admit(&self, request: Request) -> Result<Request, Refusal> {
        let caller = caller(&self.ledger, request.headers()).await?;
        let (mut parts, body) = request.into_parts();
        let whole = read_body(body, BODY_BYTES_MAX, self.body_timeout_ms).await;
        parts.extensions.insert(caller);
        Ok(Request::from_parts(parts, Body::from(whole.map_err(BadBody::refusal)?)))
    }
}
