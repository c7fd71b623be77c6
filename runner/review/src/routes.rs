//! Every path there is, and who answers it.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::assets;
use crate::decide;
use crate::denied::Denied;
use crate::gate::gate;
use crate::live;
use crate::proposal;
use crate::proposals;
use crate::records;
use crate::rerun;
use crate::setup;
use crate::site::Site;

/// The router, behind the gate.
pub(crate) fn router(site: Arc<Site>) -> Router {
    let mut router = Router::new()
        .route("/", get(proposals::list))
        .route("/proposals/{id}", get(proposal::review))
        .route("/proposals/{id}/json", get(proposal::raw))
        .route("/proposals/{id}/record", get(proposal::download))
        .route("/proposals/{id}/value/{side}/{column}", get(proposal::value))
        .route("/proposals/{id}/rerun", get(rerun::badge))
        .route("/proposals/{id}/approve", post(decide::approve))
        .route("/proposals/{id}/reject", post(decide::reject))
        .route("/activity", get(records::activity))
        .route("/evidence", get(records::evidence))
        .route("/evidence/{id}", get(records::one_evidence))
        .route("/audit", get(records::audit))
        .route("/audit/{id}", get(records::one_audit))
        .route("/receipts", get(records::receipts))
        .route("/receipts/{id}", get(records::one_receipt))
        .route("/tools", get(setup::tools))
        .route("/setup", get(setup::setup))
        .route("/leave", post(decide::leave))
        .route(live::PATH, get(live::stream))
        .route("/assets/{file}", get(assets::asset));
    if site.allow_apply {
        router = router
            .route("/proposals/{id}/apply", post(decide::apply))
            .route("/proposals/{id}/retry", post(decide::retry));
    }
    router
        .fallback(async || Denied::NO_PAGE)
        .method_not_allowed_fallback(async || Denied::WRONG_METHOD)
        .layer(from_fn_with_state(Arc::clone(&site), gate))
        .with_state(site)
}
