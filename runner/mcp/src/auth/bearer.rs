//! The token of a request: exactly one `Authorization` header, of the scheme `Bearer`.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::challenge::Challenge;

/// Longest token looked at, in bytes. Issuers that put whole group lists into a token stay well below.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// The token as it was sent.
pub(super) fn token(headers: &HeaderMap) -> Result<&str, Challenge> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err(Challenge::required());
    };
    if values.next().is_some() {
        return Err(Challenge::malformed("more than one `Authorization` header"));
    }
    let text = value.to_str().map_err(|_| Challenge::malformed("the `Authorization` header is not text"))?;
    let Some((scheme, token)) = text.split_once(' ') else {
        return Err(Challenge::malformed("expected `Authorization: Bearer <token>`"));
    };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Challenge::required());
    }
    let token = token.trim_matches(' ');
    match token {
        _ if token.len() > TOKEN_BYTES_MAX => {
            Err(Challenge::invalid(format!("the token is longer than `{TOKEN_BYTES_MAX}` bytes")))
        }
        _ if !is_token(token) => {
            Err(Challenge::malformed("the token has characters a bearer token cannot have"))
        }
        _ => Ok(token),
    }
}

/// The form `b64token` of RFC 6750: letters, digits and six signs, then padding.
pub(super) fn is_token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(values: &[&[u8]]) -> Result<String, (u16, String)> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).expect("a header value"));
        }
        let told = |challenge: Challenge| (challenge.status().as_u16(), challenge.refusal().code.to_string());
        token(&headers).map(str::to_owned).map_err(told)
    }

    #[test]
    fn one_bearer_header_is_a_token_and_nothing_else_is() {
        for good in ["Bearer abc", "bearer abc", "BEARER  abc ", "Bearer a-._~+/Z9=="] {
            assert!(of(&[good.as_bytes()]).is_ok(), "{good}");
        }
        let long = format!("Bearer {}", "a".repeat(TOKEN_BYTES_MAX + 1));
        let table: &[(&[&[u8]], u16, &str)] = &[
            (&[], 401, "AUTHENTICATION_REQUIRED"),
            (&[b"Basic YTpi"], 401, "AUTHENTICATION_REQUIRED"),
            (&[b"Bearer"], 400, "TOKEN_INVALID"),
            (&[b"Bearer "], 400, "TOKEN_INVALID"),
            (&[b"Bearer ="], 400, "TOKEN_INVALID"),
            (&[b"Bearer a b"], 400, "TOKEN_INVALID"),
            (&[b"Bearer a,b"], 400, "TOKEN_INVALID"),
            (&[b"Bearer \xC3\xA9"], 400, "TOKEN_INVALID"),
            (&[b"Bearer a", b"Bearer a"], 400, "TOKEN_INVALID"),
            (&[b"Basic YTpi", b"Bearer a"], 400, "TOKEN_INVALID"),
            (&[long.as_bytes()], 401, "TOKEN_INVALID"),
        ];
        for (values, status, code) in table {
            assert_eq!(of(values), Err((*status, (*code).to_owned())), "{values:?}");
        }
    }
}
