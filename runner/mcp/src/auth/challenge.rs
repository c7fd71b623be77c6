//! The answer to a request that does not come in: RFC 6750's status and `WWW-Authenticate`, and a body with a stable code.

use http::header::{CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use serde_json::json;
use synapsor_protocol::{Code, Refusal};

/// The answer to a request that does not come in.
#[derive(Debug, Clone)]
pub struct Challenge {
    status: StatusCode,
    /// RFC 6750's `error`; none where the request carried no token at all.
    error: Option<&'static str>,
    refusal: Refusal,
}

impl Challenge {
    /// There is no token to judge.
    pub(super) fn required() -> Self {
        let refusal = Refusal::new(Code::AuthenticationRequired, "the request carries no bearer token")
            .hint("send `Authorization: Bearer <token>`");
        Self { status: StatusCode::UNAUTHORIZED, error: None, refusal }
    }

    /// The credentials are not well formed, so no other token will help either.
    pub(super) fn malformed(why: &'static str) -> Self {
        let refusal = Refusal::new(Code::TokenInvalid, why);
        Self { status: StatusCode::BAD_REQUEST, error: Some("invalid_request"), refusal }
    }

    /// There is a token, and it is not good here.
    pub(super) fn invalid(why: impl Into<String>) -> Self {
        let refusal = Refusal::new(Code::TokenInvalid, why);
        Self { status: StatusCode::UNAUTHORIZED, error: Some("invalid_token"), refusal }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What an outsider may know of why.
    pub fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    /// The whole answer.
    pub fn response(&self) -> Response<String> {
        let body = json!({
            "ok": false,
            "error": {
                "code": self.refusal.code,
                "message": self.refusal.message,
                "retryable": self.refusal.code.retryable(),
            },
        });
        let mut response = Response::new(body.to_string());
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(value) = HeaderValue::from_str(&self.www_authenticate()) {
            response.headers_mut().insert(WWW_AUTHENTICATE, value);
        }
        response
    }

    fn www_authenticate(&self) -> String {
        match self.error {
            None => "Bearer".to_owned(),
            Some(error) => {
                format!("Bearer error=\"{error}\", error_description=\"{}\"", quotable(&self.refusal.message))
            }
        }
    }
}

/// A quoted string may hold neither quotes nor backslashes unescaped; our texts need neither.
fn quotable(text: &str) -> String {
    text.chars().filter(|c| (' '..='~').contains(c) && !matches!(c, '"' | '\\')).collect()
}
