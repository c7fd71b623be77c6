//! A refusal on its way out: a status, a code, and words that are safe for an outsider.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use synapsor_protocol::{Code, Kind, Refusal};

/// A refusal on its way out.
pub(crate) struct Refused(pub(crate) Refusal);

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl From<synapsor_ledger::Error> for Refused {
    fn from(error: synapsor_ledger::Error) -> Self {
        Self(error.refusal())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let refusal = self.0;
        let status = status(refusal.code);
        tracing::info!(code = %refusal.code, "turned a worker away");
        let error = json!({ "code": refusal.code, "message": refusal.message, "hint": refusal.hint });
        let document = Json(json!({ "ok": false, "error": error }));
        (status, document).into_response()
    }
}

/// The status that says the same as the code.
fn status(code: Code) -> StatusCode {
    match code {
        Code::AuthenticationRequired | Code::TokenInvalid => StatusCode::UNAUTHORIZED,
        Code::RunnerScopeMismatch | Code::HttpHostNotAllowed | Code::HttpOriginNotAllowed => {
            StatusCode::FORBIDDEN
        }
        Code::HttpPathNotFound => StatusCode::NOT_FOUND,
        Code::HttpMethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::InvalidInput | Code::HttpRequestInvalid => StatusCode::BAD_REQUEST,
        Code::HttpBodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::HttpBodyTooSlow => StatusCode::REQUEST_TIMEOUT,
        code => match code.kind() {
            Kind::Refusal => StatusCode::CONFLICT,
            Kind::Failure => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Bug => StatusCode::INTERNAL_SERVER_ERROR,
        },
    }
}
