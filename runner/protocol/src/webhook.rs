//! What a webhook sends: one event of the chain, and a signature over it.
//!
//! Invariant: an event holds ids, digests, codes and names, never a value of a row; so neither does an envelope.

use std::fmt;

use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::event::Event;

/// Schema version of [`EventEnvelope`].
pub const WEBHOOK_SCHEMA: &str = "synapsor.local-event-webhook.v1";

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "synapsor-signature";

/// Shortest secret, in bytes.
const SECRET_BYTES_MIN: usize = 32;

/// One event on its way. The event comes whole, so that a receiver can follow the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventEnvelope {
    /// [`WEBHOOK_SCHEMA`].
    pub schema_version: String,
    /// The same every time this event is sent, and of no other event: what a receiver knows a repetition by.
    pub id: String,
    /// Which ledger.
    pub ledger_id: String,
    /// The link of the chain.
    pub event: Event,
}

impl EventEnvelope {
    /// An event of that ledger.
    pub fn of(ledger_id: &str, event: Event) -> Self {
        Self {
            schema_version: WEBHOOK_SCHEMA.into(),
            id: format!("{ledger_id}:{}", event.seq),
            ledger_id: ledger_id.to_owned(),
            event,
        }
    }
}

/// What sender and receiver share.
pub struct WebhookSecret(Hmac<Sha256>);

impl WebhookSecret {
    /// A secret; none of a text that is too short to be one.
    pub fn new(text: &str) -> Option<Self> {
        let keyed = Hmac::new_from_slice(text.as_bytes()).ok();
        keyed.filter(|_| text.len() >= SECRET_BYTES_MIN).map(Self)
    }

    /// The value of [`SIGNATURE_HEADER`]: when it was signed in seconds since 1970, the key's name, and HMAC-SHA256 in hex
    /// over the two and the body, each ended by a dot but the last.
    pub fn sign(&self, key_id: &str, at_seconds: i64, body: &[u8]) -> String {
        let head = format!("{at_seconds}.{key_id}.");
        let made = self.0.clone().chain_update(head).chain_update(body).finalize().into_bytes();
        format!("t={at_seconds},k={key_id},v1={}", hex::encode(made))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_binds_the_time_the_key_and_every_byte() {
        let secret = WebhookSecret::new(&"s".repeat(32)).expect("long enough");
        let signed = secret.sign("1", 1_750_000_000, b"{}");
        // printf '1750000000.1.{}' | openssl dgst -sha256 -hmac ssssssssssssssssssssssssssssssss
        assert_eq!(
            signed,
            "t=1750000000,k=1,v1=7e30cb16659bd28b542d59ba729e262c5d8cae96f5217f3e17c1e2502daf401b"
        );
        for other in [
            secret.sign("2", 1_750_000_000, b"{}"),
            secret.sign("1", 1_750_000_001, b"{}"),
            secret.sign("1", 1_750_000_000, b"{ }"),
            WebhookSecret::new(&"t".repeat(32)).expect("long enough").sign("1", 1_750_000_000, b"{}"),
        ] {
            assert_ne!(other.rsplit_once("v1="), signed.rsplit_once("v1="));
        }
    }

    #[test]
    fn a_secret_is_long_and_not_printed() {
        assert!(WebhookSecret::new(&"s".repeat(31)).is_none());
        assert_eq!(format!("{:?}", WebhookSecret::new(&"s".repeat(32))), "Some(WebhookSecret)");
    }
}
