//! Runner tokens as text: how one is spelled, and what of it may be kept.

use synapsor_protocol::Digest;

/// What every runner token begins with, so that a lost one is recognised, and masked in logs.
pub const TOKEN_PREFIX: &str = "syn_wbr_";

/// A token from 32 random bytes.
pub fn token_from(secret: &[u8; 32]) -> String {
    format!("{TOKEN_PREFIX}{}", hex::encode(secret))
}

/// What is kept of a token. It was drawn from 256 random bits, so nobody finds it by trying.
pub fn digest_of(token: &str) -> Digest {
    Digest::of_bytes(token.as_bytes())
}
