//! SHA-256 over canonical JSON (RFC 8785), with a domain tag so that two kinds of document never share a digest.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::canonical;

/// What a digest begins with.
const PREFIX: &str = "sha256:";

/// `sha256:` and 64 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^sha256:[0-9a-f]{64}$"))]
pub struct Digest(String);

/// Why a document has no canonical form.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// The document does not serialize.
    #[error("the document does not serialize to JSON")]
    Serialize(#[from] serde_json::Error),
    /// A float reached a document that is hashed; exact numbers travel as integers or strings.
    #[error("number `{0}` is not an exact integer")]
    Float(String),
}

/// The text is not a digest.
#[derive(Debug, thiserror::Error)]
#[error("expected `sha256:` and 64 lower-case hex digits, found `{0}`")]
pub struct DigestFormatError(String);

impl Digest {
    /// The digest of a document: SHA-256 over `domain`, a zero byte, and the canonical JSON.
    ///
    /// # Errors
    /// When the document does not serialize or holds a float.
    pub fn of<T: Serialize + ?Sized>(domain: &str, document: &T) -> Result<Self, CanonicalError> {
        let mut hasher = Sha256::new();
        hasher.update(domain.as_bytes());
        hasher.update([0]);
        hasher.update(canonical_json(document)?);
        Ok(Self::finish(hasher))
    }

    /// The same for a document that is in canonical form already, as it was stored: of any other text it is the digest of
    /// no document.
    pub fn of_canonical(domain: &str, text: &str) -> Self {
        Self::finish(Sha256::new_with_prefix(domain).chain_update([0]).chain_update(text))
    }

    /// Whether `found` is what [`Digest::of_canonical`] answers, for those who only compare: no digest is made.
    pub fn is_of_canonical(found: &str, domain: &str, text: &str) -> bool {
        let hash = Sha256::new_with_prefix(domain).chain_update([0]).chain_update(text);
        found.strip_prefix(PREFIX).is_some_and(|hex| hex.as_bytes() == digits(hash))
    }

    /// The digest of bytes as they are, as `sha256sum` prints it.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self::finish(Sha256::new_with_prefix(bytes))
    }

    fn finish(hasher: Sha256) -> Self {
        // Cannot fail: digits are text.
        Self([PREFIX, std::str::from_utf8(&digits(hasher)).unwrap_or_default()].concat())
    }

    /// The 64 hex digits alone.
    pub fn hex(&self) -> &str {
        self.0.strip_prefix(PREFIX).unwrap_or(&self.0)
    }

    /// The 32 bytes the hex digits stand for.
    pub fn to_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        // Cannot fail: the constructors let nothing in but 64 hex digits.
        let _ = hex::decode_to_slice(self.hex(), &mut bytes);
        bytes
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn digits(hasher: Sha256) -> [u8; 64] {
    let mut digits = [0; 64];
    // Cannot fail: 32 bytes are 64 digits.
    let _ = hex::encode_to_slice(hasher.finalize(), &mut digits);
    digits
}

impl TryFrom<String> for Digest {
    type Error = DigestFormatError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let hex = text.strip_prefix(PREFIX).unwrap_or_default();
        let valid = hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if valid { Ok(Self(text)) } else { Err(DigestFormatError(text)) }
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The canonical bytes of a document: RFC 8785, and no floats at all.
///
/// # Errors
/// When the document does not serialize or holds a number that is not an exact 64-bit integer.
pub fn canonical_json<T: Serialize + ?Sized>(document: &T) -> Result<Vec<u8>, CanonicalError> {
    canonical::to_vec(document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn key_order_and_spacing_do_not_matter_but_types_and_domains_do() {
        let digest = |domain: &str, document: &serde_json::Value| Digest::of(domain, document).ok();
        let left = json!({"b": 1, "a": [true, null]});
        let right: serde_json::Value =
            serde_json::from_str(r#"{ "a":[ true,null ], "b":1 }"#).unwrap_or_default();
        assert_eq!(digest("x", &left), digest("x", &right));
        assert_ne!(digest("x", &left), digest("y", &left));
        assert_ne!(digest("x", &json!({"a": 1})), digest("x", &json!({"a": "1"})));
    }

    #[test]
    fn a_stored_document_has_the_digest_of_what_it_was_stored_from() {
        let document = json!({"b": 1, "a": ["\u{1}\"é", null]});
        let text = String::from_utf8(canonical_json(&document).expect("canonical")).expect("text");
        assert_eq!(Digest::of_canonical("x", &text), Digest::of("x", &document).expect("canonical"));
        assert_ne!(Digest::of_canonical("x", &format!("{text} ")), Digest::of_canonical("x", &text));
        let digest = Digest::of_canonical("x", &text);
        assert!(Digest::is_of_canonical(digest.as_str(), "x", &text));
        let others =
            [("y", text.as_str(), digest.as_str()), ("x", "[]", digest.as_str()), ("x", &text, digest.hex())];
        for (domain, text, found) in others {
            assert!(!Digest::is_of_canonical(found, domain, text), "{domain} {text} {found}");
        }
    }

    #[test]
    fn a_float_has_no_canonical_form() {
        assert!(matches!(canonical_json(&json!({"a": [1.5]})), Err(CanonicalError::Float(_))));
    }

    #[test]
    fn a_digest_is_read_strictly() {
        for text in ["", "sha256:", "sha256:ABC", "md5:00", &format!("sha256:{}", "A".repeat(64))] {
            assert!(Digest::try_from(text.to_owned()).is_err(), "{text}");
        }
        assert!(Digest::try_from(format!("sha256:{}", "a".repeat(64))).is_ok());
    }
}
