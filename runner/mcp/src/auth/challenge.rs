//! The answer to a request that does not come in: RFC 6750's status and `WWW-Authenticate`, and a body with a stable code.

use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use serde_json::json;
use synapsor_protocol::{Code, Refusal};

/// The answer to a request that does not come in.
#[derive(Debug, Clone)]
pub struct Challenge {
    status: StatusCode,
    /// RFC 6750's `error`; none where the request carried no token at all.
    error: Option<&'static str>,
    refusal: Box<Refusal>,
    /// Where the client finds out how to get a token, and the scope to ask for.
    guide: Option<(String, String)>,
    /// When asking again makes sense; on answers that are not about the token at all.
    retry_after_seconds: Option<u64>,
}

impl Challenge {
    fn new(status: StatusCode, error: Option<&'static str>, refusal: Refusal) -> Self {
        Self { status, error, refusal: Box::new(refusal), guide: None, retry_after_seconds: None }
    }

    /// There is no token to judge.
    pub(super) fn required() -> Self {
        let refusal = Refusal::new(Code::AuthenticationRequired, "the request carries no bearer token")
            .hint("send `Authorization: Bearer <token>`");
        Self::new(StatusCode::UNAUTHORIZED, None, refusal)
    }

    /// The credentials are not well formed, so no other token will help either.
    pub(super) fn malformed(why: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Some("invalid_request"), Refusal::new(Code::TokenInvalid, why))
    }

    /// There is a token, and it is not good here.
    pub(super) fn invalid(why: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, Some("invalid_token"), Refusal::new(Code::TokenInvalid, why))
    }

    /// The token is good, and not for this.
    pub(super) fn insufficient(scope: &str) -> Self {
        let refusal =
            Refusal::new(Code::ScopeInsufficient, format!("the token does not carry the scope `{scope}`"))
                .hint("ask the issuer for a token with that scope");
        Self::new(StatusCode::FORBIDDEN, Some("insufficient_scope"), refusal)
    }

    /// Nobody can say whether the token is good. Asking for another one would not help.
    pub(super) fn unavailable() -> Self {
        let refusal = Refusal::new(
            Code::AuthenticationUnavailable,
            "the issuer's keys cannot be had, so no token can be checked",
        );
        let seconds = Some(super::issuer::ASK_AGAIN_SECONDS);
        Self { retry_after_seconds: seconds, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, None, refusal) }
    }

    /// Something is asked for more often than the config allows: `what` says what.
    pub(super) fn too_often(what: impl Into<String>, seconds: u64) -> Self {
        let refusal = Refusal::new(Code::RateLimited, what).hint(format!("ask again in {seconds} s"));
        Self { retry_after_seconds: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, None, refusal) }
    }

    /// With where the client finds out how to get a token, and the scope to ask for.
    pub(super) fn guided(mut self, metadata: &str, scope: &str) -> Self {
        self.guide.get_or_insert_with(|| (metadata.to_owned(), scope.to_owned()));
        self
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
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match self.retry_after_seconds {
            Some(seconds) => {
                headers.insert(RETRY_AFTER, seconds.into());
            }
            None => {
                headers.extend(
                    HeaderValue::from_str(&self.www_authenticate()).ok().map(|v| (WWW_AUTHENTICATE, v)),
                );
            }
        }
        response
    }

    fn www_authenticate(&self) -> String {
        let mut parts = Vec::new();
        let mut put = |name: &str, value: &str| parts.push(format!("{name}=\"{}\"", quotable(value)));
        if let Some(error) = self.error {
            put("error", error);
            put("error_description", &self.refusal.message);
        }
        if let Some((metadata, scope)) = &self.guide {
            put("scope", scope);
            put("resource_metadata", metadata);
        }
        if parts.is_empty() { "Bearer".to_owned() } else { format!("Bearer {}", parts.join(", ")) }
    }
}

/// A quoted string may hold neither quotes nor backslashes unescaped; our texts need neither.
fn quotable(text: &str) -> String {
    text.chars().filter(|c| (' '..='~').contains(c) && !matches!(c, '"' | '\\')).collect()
}
