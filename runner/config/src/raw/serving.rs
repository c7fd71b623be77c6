//! The keys of `authentication` and `rate_limits`, as they are read.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::compiled::TokenAlgorithm;
use crate::form::WEB_URL_PATTERN;

/// Largest clock difference that may be allowed for, in seconds.
pub(crate) const LEEWAY_SECONDS_MAX: u64 = 300;
/// Largest rate limit.
pub(crate) const CALLS_PER_MINUTE_MAX: u64 = 1_000_000;

/// Whose signed tokens open the door, where capabilities are served over HTTP.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Authentication")]
pub(crate) struct RawAuthentication {
    /// Who issues the tokens: their `iss`, to the letter.
    #[schemars(regex(pattern = WEB_URL_PATTERN))]
    pub(crate) issuer: String,
    /// This server's address as clients see it, with the path, like `https://runner.example/mcp`.
    #[schemars(regex(pattern = WEB_URL_PATTERN))]
    pub(crate) resource_url: String,
    /// Whom the tokens are for: one of their `aud`, to the letter. Default: `resource_url`.
    #[schemars(length(min = 1))]
    pub(crate) audience: Option<String>,
    /// Where the issuer's public keys are fetched from (a JSON Web Key Set). Either this or `jwks_path`.
    #[schemars(regex(pattern = WEB_URL_PATTERN))]
    pub(crate) jwks_url: Option<String>,
    /// A file with the issuer's public keys (a JSON Web Key Set), relative to the config.
    #[schemars(length(min = 1))]
    pub(crate) jwks_path: Option<String>,
    /// Which signatures count. Default: RS256, ES256 and EdDSA.
    #[schemars(length(min = 1))]
    pub(crate) algorithms: Option<Vec<TokenAlgorithm>>,
    /// How far the issuer's clock may be off, in seconds. Default: 60.
    #[schemars(range(min = 1, max = LEEWAY_SECONDS_MAX))]
    pub(crate) leeway_seconds: Option<u64>,
    /// The scope that opens the door. Default: `synapsor:read`.
    #[schemars(length(min = 1))]
    pub(crate) read_scope: Option<String>,
    /// The scope that proposals need; it opens the door too. Default: `synapsor:propose`.
    #[schemars(length(min = 1))]
    pub(crate) propose_scope: Option<String>,
}

/// How often may be called.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "RateLimits")]
pub(crate) struct RawRateLimits {
    /// Requests of one principal in a minute, over HTTP. Default: 60000.
    #[schemars(range(min = 1, max = CALLS_PER_MINUTE_MAX))]
    pub(crate) requests_per_minute_per_principal: Option<NonZeroU32>,
    /// Calls of one capability in a minute, by everybody together. Default: no limit.
    #[schemars(range(min = 1, max = CALLS_PER_MINUTE_MAX))]
    pub(crate) calls_per_minute_per_capability: Option<NonZeroU32>,
}
