//! Where a client without a token finds out how to get one: the document of RFC 9728, under both of its addresses.

use axum::Router;
use axum::routing::get;
use http::StatusCode;

use super::answer::document;
use crate::auth::{METADATA_PATH, Metadata};

/// The document at the root and beside the path of the server; nothing where there is no issuer.
pub(crate) fn well_known(metadata: Option<&Metadata>) -> Router {
    let Some(metadata) = metadata else { return Router::new() };
    let shown = metadata.document().clone();
    let told = get(async move || document(StatusCode::OK, &shown));
    let beside = metadata.path();
    let router = Router::new().route(METADATA_PATH, told.clone());
    if beside == METADATA_PATH { router } else { router.route(beside, told) }
}
