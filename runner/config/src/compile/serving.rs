//! `authentication` and `rate_limits`, with their defaults.

use std::num::NonZeroU32;
use std::path::PathBuf;

use crate::compiled::{Authentication, IssuerKeys, RateLimits, TokenAlgorithm};
use crate::raw::{RawAuthentication, RawRateLimits};

/// How far an issuer's clock may be off, in seconds, where the config does not say.
const LEEWAY_SECONDS: u64 = 60;
/// The scopes, where the config names none.
const READ_SCOPE: &str = "synapsor:read";
const PROPOSE_SCOPE: &str = "synapsor:propose";
/// Requests of one principal in a minute, where the config does not say: a thousand in a second.
const REQUESTS_PER_MINUTE: Option<NonZeroU32> = NonZeroU32::new(60_000);

pub(super) fn authentication(raw: RawAuthentication) -> Option<Authentication> {
    let keys = match (raw.jwks_url, raw.jwks_path) {
        (Some(url), _) => IssuerKeys::Url(url),
        (None, path) => IssuerKeys::File(PathBuf::from(path?)),
    };
    let or = |given: Option<String>, default: &str| given.unwrap_or_else(|| default.to_owned());
    Some(Authentication {
        issuer: raw.issuer,
        audience: or(raw.audience, &raw.resource_url),
        resource_url: raw.resource_url,
        keys,
        algorithms: raw.algorithms.unwrap_or_else(|| TokenAlgorithm::ALL.to_vec()),
        leeway_seconds: raw.leeway_seconds.unwrap_or(LEEWAY_SECONDS),
        read_scope: or(raw.read_scope, READ_SCOPE),
        propose_scope: or(raw.propose_scope, PROPOSE_SCOPE),
    })
}

pub(super) fn rate_limits(raw: Option<RawRateLimits>) -> RateLimits {
    let raw = raw.unwrap_or_default();
    RateLimits {
        requests_per_minute_per_principal: raw.requests_per_minute_per_principal.or(REQUESTS_PER_MINUTE),
        calls_per_minute_per_capability: raw.calls_per_minute_per_capability,
    }
}
