//! What holds where capabilities are served over HTTP: whose tokens count, and how often may be called.

use std::num::NonZeroU32;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose signed tokens open the door, and what they must say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Authentication {
    /// Who issues the tokens: their `iss`, to the letter.
    pub issuer: String,
    /// This server's address as clients see it; names it in the metadata of RFC 9728.
    pub resource_url: String,
    /// Whom the tokens are for: one of their `aud`, to the letter.
    pub audience: String,
    /// Where the issuer's public keys are.
    pub keys: IssuerKeys,
    /// Which signatures count.
    pub algorithms: Vec<TokenAlgorithm>,
    /// How far the issuer's clock may be off, in seconds.
    pub leeway_seconds: u64,
    /// The scope that opens the door.
    pub read_scope: String,
    /// The scope that proposals need; it opens the door too.
    pub propose_scope: String,
}

/// Where an issuer's public keys are, as a JSON Web Key Set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IssuerKeys {
    /// Fetched from there.
    Url(String),
    /// In this file; a relative path is relative to the config file.
    File(PathBuf),
}

/// How a token is signed. Absent on purpose: `none` and everything with a shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TokenAlgorithm {
    /// RSA with SHA-256.
    RS256,
    /// The curve P-256 with SHA-256.
    ES256,
    /// The curve Ed25519.
    EdDSA,
}

impl TokenAlgorithm {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::RS256, Self::ES256, Self::EdDSA];
}

/// How often may be called; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RateLimits {
    /// Requests of one principal in a minute, over HTTP.
    pub requests_per_minute_per_principal: Option<NonZeroU32>,
    /// Calls of one capability in a minute, by everybody together.
    pub calls_per_minute_per_capability: Option<NonZeroU32>,
}
