//! For the tests of this room: an issuer's private keys, the tokens they sign, and a clock set by hand.

use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value as Json, json};
use synapsor_protocol::{Clock, Moment};

/// An issuer's key. Made for these tests and used nowhere else.
pub(super) struct Signer {
    id: String,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl Signer {
    pub(super) fn rs256(id: &str) -> Self {
        let key = EncodingKey::from_rsa_der(include_bytes!("../../tests/keys/rs256.der"));
        Self { id: id.to_owned(), algorithm: Algorithm::RS256, key }
    }

    pub(super) fn es256(id: &str) -> Self {
        let key = EncodingKey::from_ec_der(include_bytes!("../../tests/keys/es256.der"));
        Self { id: id.to_owned(), algorithm: Algorithm::ES256, key }
    }

    pub(super) fn ed_dsa(id: &str) -> Self {
        let key = EncodingKey::from_ed_der(include_bytes!("../../tests/keys/eddsa.der"));
        Self { id: id.to_owned(), algorithm: Algorithm::EdDSA, key }
    }

    /// Its public half, as an entry of a key set.
    pub(super) fn entry(&self) -> Json {
        let mut entry = Jwk::from_encoding_key(&self.key, self.algorithm).expect("a public key");
        entry.common.key_id = Some(self.id.clone());
        serde_json::to_value(entry).expect("JSON")
    }

    /// The header it signs with.
    pub(super) fn header(&self) -> Json {
        json!({ "alg": format!("{:?}", self.algorithm), "typ": "JWT", "kid": self.id })
    }

    pub(super) fn signs(&self, claims: &Json) -> String {
        self.signs_under(&self.header(), &claims.to_string())
    }

    /// A token of exactly these texts.
    pub(super) fn signs_under(&self, header: &Json, claims: &str) -> String {
        let message =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims));
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, self.algorithm).expect("a signature");
        format!("{message}.{signature}")
    }
}

/// A key set of these entries.
pub(super) fn set(entries: &[Json]) -> String {
    json!({ "keys": entries }).to_string()
}

/// A clock that stands still until it is told otherwise.
pub(super) struct Hands(AtomicI64);

/// Where it stands at first, in seconds since 1970.
pub(super) const NOON_SECONDS: i64 = 1_800_000_000;

impl Default for Hands {
    fn default() -> Self {
        Self(AtomicI64::new(NOON_SECONDS))
    }
}

impl Hands {
    pub(super) fn pass_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for Hands {
    fn now(&self) -> Moment {
        Moment::from_micros(self.0.load(Ordering::Relaxed) * 1_000_000).expect("a moment")
    }
}
