//! Verified claims: what an issuer vouched for about whoever sent a request, and how a context finds a text in them.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

/// Longest tenant or principal taken from a claim, in bytes.
const TEXT_BYTES_MAX: usize = 256;

/// Claims of a token whose signature, issuer, audience and times were checked. Cheap to clone.
#[derive(Clone)]
pub struct VerifiedClaims(Arc<Map<String, Json>>);

/// Why a claim cannot be a tenant or a principal. Never says what the claim holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("is missing")]
    Missing,
    #[error("is not text")]
    NotText,
    #[error("is empty, longer than `{TEXT_BYTES_MAX}` bytes, or has control characters")]
    NotAName,
}

impl VerifiedClaims {
    /// Only whoever checked the token may call this (`.clippy.toml` bans it elsewhere).
    pub fn vouched_for(claims: Map<String, Json>) -> Self {
        Self(Arc::new(claims))
    }

    /// The text of a claim: a name (`tenant_id`, `https://app.example/tenant`), or a path from the top that starts with
    /// `/` (`/org/tenant`, RFC 6901).
    pub(crate) fn text(&self, key: &str) -> Result<&str, Unusable> {
        match self.find(key) {
            None | Some(Json::Null) => Err(Unusable::Missing),
            Some(Json::String(text)) if is_name(text) => Ok(text),
            Some(Json::String(_)) => Err(Unusable::NotAName),
            Some(_) => Err(Unusable::NotText),
        }
    }

    fn find(&self, key: &str) -> Option<&Json> {
        let Some(path) = key.strip_prefix('/') else { return self.0.get(key) };
        let plain = |step: &str| step.replace("~1", "/").replace("~0", "~");
        let (first, rest) = match path.split_once('/') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        let top = self.0.get(&plain(first))?;
        let Some(rest) = rest else { return Some(top) };
        // A path leads through objects only: which entry of a list is meant is nobody's promise.
        rest.split('/').try_fold(top, |at, step| at.as_object()?.get(&plain(step)))
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= TEXT_BYTES_MAX && !text.chars().any(char::is_control)
}

/// Names only: what an issuer says about a person is not for logs.
impl fmt::Debug for VerifiedClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a test vouches for what it made up")]
    fn claims() -> VerifiedClaims {
        let json = json!({
            "tenant_id": "acme",
            "https://app.example/tenant": "globex",
            "org": { "id": "initech", "a/b": { "c~d": "deep" }, "list": ["x"] },
            "number": 7, "flag": true, "nothing": null, "list": ["acme"], "empty": "", "odd": "a\nb",
            "long": "x".repeat(TEXT_BYTES_MAX + 1),
        });
        VerifiedClaims::vouched_for(json.as_object().expect("an object").clone())
    }

    #[test]
    fn a_key_is_a_claim_or_a_path_to_one() {
        let claims = claims();
        for (key, expected) in [
            ("tenant_id", "acme"),
            ("https://app.example/tenant", "globex"),
            ("/tenant_id", "acme"),
            ("/org/id", "initech"),
            ("/org/a~1b/c~0d", "deep"),
        ] {
            assert_eq!(claims.text(key), Ok(expected), "{key}");
        }
    }

    #[test]
    fn only_a_plain_text_is_a_tenant_or_a_principal() {
        let claims = claims();
        for (key, expected) in [
            ("absent", Unusable::Missing),
            ("org.id", Unusable::Missing),
            ("/org/absent", Unusable::Missing),
            ("/tenant_id/deeper", Unusable::Missing),
            ("/list/0", Unusable::Missing),
            ("/org/list/0", Unusable::Missing),
            ("/", Unusable::Missing),
            ("nothing", Unusable::Missing),
            ("number", Unusable::NotText),
            ("flag", Unusable::NotText),
            ("list", Unusable::NotText),
            ("org", Unusable::NotText),
            ("empty", Unusable::NotAName),
            ("odd", Unusable::NotAName),
            ("long", Unusable::NotAName),
        ] {
            assert_eq!(claims.text(key), Err(expected), "{key}");
        }
    }

    #[test]
    fn what_claims_hold_is_not_in_a_debug_text() {
        let shown = format!("{:?}", claims());
        assert!(shown.contains("tenant_id") && !shown.contains("acme"), "{shown}");
    }
}
