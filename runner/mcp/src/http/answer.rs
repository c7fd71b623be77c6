//! What a request gets that is not let through: a status, a stable code, and when to come back.
//!
//! The body is a JSON-RPC error, with the request's id where there was one to read, so that a client of the protocol can
//! tell its user what happened; the status is for everything between the two.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use rmcp::model::{ErrorCode, ErrorData, JsonRpcError, RequestId};
use serde_json::{Value as Json, json};
use synapsor_protocol::{Code, Refusal};

use super::metrics::TurnedAway;

/// How long to wait before asking a server again that has no room.
const RETRY_AFTER_SECONDS: &str = "1";

/// The JSON-RPC code of an answer that the protocol has no code for.
const REFUSED: ErrorCode = ErrorCode(-32000);

/// The status that says the same as the code.
fn status(code: Code) -> StatusCode {
    match code {
        Code::HttpHostNotAllowed | Code::HttpOriginNotAllowed => StatusCode::FORBIDDEN,
        Code::HttpPathNotFound | Code::HttpSessionNotFound => StatusCode::NOT_FOUND,
        Code::HttpMethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::HttpNotAcceptable => StatusCode::NOT_ACCEPTABLE,
        Code::HttpMediaTypeUnsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::HttpBodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::HttpBodyTooSlow => StatusCode::REQUEST_TIMEOUT,
        Code::HttpBusy => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// The answer to a request that is refused before it is read.
pub(crate) fn refused(refusal: &Refusal) -> Response {
    refused_as(status(refusal.code), refusal, None)
}

/// The answer to a request whose id is known.
pub(crate) fn refused_for(id: Option<RequestId>, refusal: &Refusal) -> Response {
    refused_as(status(refusal.code), refusal, id)
}

/// The answer with a status of its own.
pub(crate) fn refused_as(status: StatusCode, refusal: &Refusal, id: Option<RequestId>) -> Response {
    let mut data = json!({ "code": refusal.code, "retryable": refusal.code.retryable() });
    if let (Some(hint), Json::Object(fields)) = (&refusal.hint, &mut data) {
        fields.insert("hint".to_owned(), json!(hint));
    }
    let code = match refusal.code {
        Code::HttpRequestInvalid => ErrorCode::INVALID_REQUEST,
        _ => REFUSED,
    };
    let error = JsonRpcError::new(id, ErrorData::new(code, refusal.message.clone(), Some(data)));
    let mut answer = protocol_error(status, &error);
    answer.extensions_mut().insert(TurnedAway(refusal.code));
    if status == StatusCode::TOO_MANY_REQUESTS {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
    }
    answer
}

/// An error in the protocol's own words.
pub(crate) fn protocol_error(status: StatusCode, error: &JsonRpcError) -> Response {
    document(status, &json!(error))
}

/// A document of ours.
pub(crate) fn document(status: StatusCode, document: &Json) -> Response {
    let mut answer = Response::new(Body::from(document.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_without_room_says_when_to_come_back_and_nothing_else_does() {
        for code in Code::ALL {
            let answer = refused(&Refusal::new(*code, "no"));
            assert_eq!(answer.headers().contains_key(RETRY_AFTER), *code == Code::HttpBusy, "{code}");
            assert!(answer.status().is_client_error(), "{code}");
        }
    }
}
