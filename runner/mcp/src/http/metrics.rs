//! `/metrics`, for whoever has its own token; and the counting of what is turned away.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use synapsor_protocol::Code;

use super::admission::challenged;
use crate::auth::OpaqueTokens;
use crate::observe::Observer;

/// The one form Prometheus has read from its beginning.
const TEXT_FORM: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page of metrics. A client's token does not open it, and its own opens nothing else.
#[derive(Clone)]
pub struct MetricsPage {
    tokens: Arc<OpaqueTokens>,
    text: Arc<dyn Fn() -> String + Send + Sync>,
}

impl MetricsPage {
    /// What `text` says, for whoever has one of the tokens.
    pub fn new(tokens: OpaqueTokens, text: Arc<dyn Fn() -> String + Send + Sync>) -> Self {
        Self { tokens: Arc::new(tokens), text }
    }

    pub(super) fn tokens(&self) -> &OpaqueTokens {
        &self.tokens
    }
}

impl fmt::Debug for MetricsPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsPage").field("tokens", &self.tokens).finish_non_exhaustive()
    }
}

/// The page, where there is one.
pub(super) fn metrics(page: Option<MetricsPage>) -> Router {
    match page {
        Some(page) => Router::new().route("/metrics", get(show)).with_state(page),
        None => Router::new(),
    }
}

async fn show(State(page): State<MetricsPage>, headers: HeaderMap) -> Response {
    match page.tokens.open(&headers) {
        Ok(()) => ([(CONTENT_TYPE, TEXT_FORM)], (page.text)()).into_response(),
        Err(challenge) => challenged(&challenge, None),
    }
}

/// On an answer that turns a request away: why.
#[derive(Debug, Clone, Copy)]
pub(super) struct TurnedAway(pub(super) Code);

/// Tells the observer of every request that is turned away, by whichever layer.
pub(super) async fn count(
    State(observer): State<Option<Arc<dyn Observer>>>,
    request: Request,
    next: Next,
) -> Response {
    let answer = next.run(request).await;
    if let (Some(observer), Some(TurnedAway(code))) = (observer, answer.extensions().get()) {
        observer.turned_away(*code);
    }
    answer
}
