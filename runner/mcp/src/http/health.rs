//! Whether the server lives and whether it can serve, for whoever starts and watches it. No secret, no name of a client's.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value as Json, json};

use super::answer::document;
use crate::live::Live;

/// What a server says about itself.
pub(crate) trait Health: Send + Sync + 'static {
    /// That it lives, and how it is used.
    fn alive(&self) -> Json;
    /// Whether it can serve every capability, and what is known of those it cannot.
    fn ready(&self) -> (bool, Json);
}

/// Whether every handler is loaded, and which are not.
pub(crate) fn readiness(live: &Live) -> (bool, Json) {
    let readiness = live.readiness();
    let failed: BTreeMap<_, _> =
        readiness.failed.iter().map(|(name, refusal)| (name, refusal.code)).collect();
    let handlers = json!({ "loaded": readiness.loaded, "waiting": readiness.waiting, "failed": failed });
    (readiness.is_ready(), json!({ "handlers": handlers }))
}

/// `/healthz`.
pub(crate) async fn healthz(State(health): State<Arc<dyn Health>>) -> Response {
    document(StatusCode::OK, &health.alive())
}

/// `/readyz`.
pub(crate) async fn readyz(State(health): State<Arc<dyn Health>>) -> Response {
    let (ready, mut details) = health.ready();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if let Json::Object(details) = &mut details {
        details.insert("ok".to_owned(), json!(ready));
    }
    document(status, &details)
}
