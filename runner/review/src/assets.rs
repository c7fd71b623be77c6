//! The style sheet, the script and the icon: real files, compiled into the binary, served under their exact names.

use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::denied::Denied;

/// Name, type and content of each.
const ASSETS: [(&str, &str, &str); 3] = [
    ("/assets/review.css", "text/css; charset=utf-8", include_str!("../assets/review.css")),
    ("/assets/review.js", "text/javascript; charset=utf-8", include_str!("../assets/review.js")),
    ("/assets/icon.svg", "image/svg+xml", include_str!("../assets/icon.svg")),
];

/// Whether a path is exactly one of them.
pub(crate) fn is_asset(path: &str) -> bool {
    ASSETS.iter().any(|(name, ..)| *name == path)
}

/// The asset of that path.
pub(crate) async fn asset(uri: axum::http::Uri) -> Response {
    match ASSETS.iter().find(|(name, ..)| *name == uri.path()) {
        Some((_, kind, content)) => ([(header::CONTENT_TYPE, *kind)], *content).into_response(),
        None => Denied::NO_PAGE.into_response(),
    }
}
