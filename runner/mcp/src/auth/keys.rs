//! An issuer's public keys: what of a JSON Web Key Set can check a signature here.
//!
//! Invariant: the key says which algorithm it is for. A token can name another one only to be refused, so no public key
//! is ever taken for a shared secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value as Json;
use synapsor_invocation::read_json;

/// Most keys looked at. Issuers publish a handful: the present one, the next, and a few that retire.
const KEYS_MAX: usize = 64;
/// Sizes of an RSA modulus, in bytes: 2048 to 8192 bits. Smaller ones can be broken, larger ones only cost time.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;
/// Size of a coordinate of P-256, and of a public key of Ed25519, in bytes.
const COORDINATE_BYTES: usize = 32;

/// How a token is signed. Absent on purpose: `none` and everything with a shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenAlgorithm {
    /// RSA with SHA-256.
    Rs256,
    /// The curve P-256 with SHA-256.
    Es256,
    /// The curve Ed25519.
    EdDsa,
}

impl TokenAlgorithm {
    /// As a token's header names it.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Rs256, Self::Es256, Self::EdDsa].into_iter().find(|algorithm| algorithm.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    fn of_library(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }
}

/// One public key.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: Option<String>,
    pub(super) algorithm: TokenAlgorithm,
    key: DecodingKey,
}

/// Why a document gives no keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoKeys {
    #[error("expected a JSON Web Key Set, found something else")]
    NotASet,
    #[error("a JSON Web Key Set may have `{KEYS_MAX}` keys at most")]
    TooMany,
    #[error("no key of the set can check a signature by RS256, ES256 or EdDSA")]
    NoneUsable,
}

impl Key {
    /// Whether `signature` (base64) is this key's over `message`.
    pub(super) fn signed(&self, message: &str, signature: &str) -> bool {
        let algorithm = self.algorithm.of_library();
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), &self.key, algorithm).unwrap_or(false)
    }

    /// The key of one entry; `None` for whatever cannot check a signature here, which a set may well hold.
    fn of(entry: &Json) -> Option<Self> {
        // A private key has no place in a public set: whoever can read the set could sign.
        if entry.get("d").is_some() {
            return None;
        }
        let entry: Jwk = serde_json::from_value(entry.clone()).ok()?;
        let is_for_signatures =
            entry.common.public_key_use.as_ref().is_none_or(|u| *u == PublicKeyUse::Signature);
        let operations = entry.common.key_operations.as_ref();
        let may_verify = operations.is_none_or(|all| all.contains(&KeyOperations::Verify));
        let algorithm = algorithm(&entry.algorithm)?;
        let named = entry.common.key_algorithm;
        let as_named = named.is_none_or(|named| named.to_string() == algorithm.name());
        if !(is_for_signatures && may_verify && as_named) {
            return None;
        }
        Some(Self { algorithm, key: DecodingKey::from_jwk(&entry).ok()?, id: entry.common.key_id })
    }
}

/// The usable keys of a JSON Web Key Set, at least one.
pub(super) fn read(document: &[u8]) -> Result<Vec<Key>, NoKeys> {
    let tree = read_json(document).map_err(|_| NoKeys::NotASet)?;
    let entries = tree.get("keys").and_then(Json::as_array).ok_or(NoKeys::NotASet)?;
    if entries.len() > KEYS_MAX {
        return Err(NoKeys::TooMany);
    }
    let keys: Vec<Key> = entries.iter().filter_map(Key::of).collect();
    if keys.is_empty() { Err(NoKeys::NoneUsable) } else { Ok(keys) }
}

/// The one algorithm a key is used with. Sizes are checked here, because the library takes a longer key and cuts it.
fn algorithm(parameters: &AlgorithmParameters) -> Option<TokenAlgorithm> {
    match parameters {
        AlgorithmParameters::RSA(rsa) => {
            let modulus = URL_SAFE_NO_PAD.decode(&rsa.n).ok()?;
            let leading_zeros = modulus.iter().take_while(|byte| **byte == 0).count();
            MODULUS_BYTES.contains(&(modulus.len() - leading_zeros)).then_some(TokenAlgorithm::Rs256)
        }
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
            (is_coordinate(&curve.x) && is_coordinate(&curve.y)).then_some(TokenAlgorithm::Es256)
        }
        AlgorithmParameters::OctetKeyPair(curve) if curve.curve == EllipticCurve::Ed25519 => {
            is_coordinate(&curve.x).then_some(TokenAlgorithm::EdDsa)
        }
        _ => None,
    }
}

fn is_coordinate(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == COORDINATE_BYTES)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::standin::{Signer, set};
    use super::*;

    fn usable(entry: &Json) -> bool {
        read(set(std::slice::from_ref(entry)).as_bytes()).is_ok()
    }

    fn with(mut entry: Json, key: &str, value: Json) -> Json {
        entry[key] = value;
        entry
    }

    #[test]
    fn each_kind_of_key_is_for_one_algorithm() {
        let signers = [Signer::rs256("a"), Signer::es256("b"), Signer::ed_dsa("c")];
        let document = set(&signers.each_ref().map(Signer::entry));
        let keys = read(document.as_bytes()).expect("keys");
        let found: Vec<_> = keys.iter().map(|key| (key.id.as_deref(), key.algorithm)).collect();
        assert_eq!(
            found,
            [
                (Some("a"), TokenAlgorithm::Rs256),
                (Some("b"), TokenAlgorithm::Es256),
                (Some("c"), TokenAlgorithm::EdDsa)
            ]
        );
    }

    #[test]
    fn what_cannot_check_a_signature_safely_is_no_key() {
        let (rsa, curve, edwards) =
            (Signer::rs256("a").entry(), Signer::es256("b").entry(), Signer::ed_dsa("c").entry());
        for entry in [&rsa, &curve, &edwards] {
            assert!(usable(entry), "{entry}");
        }
        let short = URL_SAFE_NO_PAD.encode([0xff_u8; 128]);
        let padded = URL_SAFE_NO_PAD.encode([[0_u8; 128], [0xff; 128]].concat());
        let huge = URL_SAFE_NO_PAD.encode([0xff_u8; 2048]);
        let table = [
            ("a shared secret", json!({ "kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0" })),
            ("a private key", with(edwards.clone(), "d", json!("c2VjcmV0"))),
            ("for encryption", with(rsa.clone(), "use", json!("enc"))),
            ("only for signing", with(rsa.clone(), "key_ops", json!(["sign"]))),
            ("another algorithm of the family", with(rsa.clone(), "alg", json!("RS512"))),
            ("a symmetric algorithm", with(rsa.clone(), "alg", json!("HS256"))),
            ("a small modulus", with(rsa.clone(), "n", json!(short))),
            ("a small modulus behind zeros", with(rsa.clone(), "n", json!(padded))),
            ("an enormous modulus", with(rsa.clone(), "n", json!(huge))),
            ("a modulus that is no base64", with(rsa, "n", json!("**"))),
            ("another curve", with(curve.clone(), "crv", json!("P-384"))),
            ("a short coordinate", with(curve, "x", json!("AAAA"))),
            ("a short point", with(edwards.clone(), "x", json!("AAAA"))),
            ("a long point", with(edwards, "x", json!(URL_SAFE_NO_PAD.encode([1_u8; 33])))),
            ("nothing known", json!({ "kty": "AKP" })),
            ("nothing", json!(null)),
        ];
        for (what, entry) in table {
            assert!(!usable(&entry), "{what} was taken for a key");
        }
    }

    #[test]
    fn a_document_that_is_no_key_set_is_refused_by_name() {
        let many = set(&vec![json!({}); KEYS_MAX + 1]);
        for (document, expected) in [
            ("", NoKeys::NotASet),
            ("<html>", NoKeys::NotASet),
            ("[]", NoKeys::NotASet),
            ("{\"keys\": {}}", NoKeys::NotASet),
            ("{\"keys\": [], \"keys\": []}", NoKeys::NotASet),
            ("{\"keys\": []}", NoKeys::NoneUsable),
            (many.as_str(), NoKeys::TooMany),
        ] {
            assert_eq!(read(document.as_bytes()).err(), Some(expected), "{document}");
        }
    }
}
