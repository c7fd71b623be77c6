//! Who may come in and how often, from the config to what the serving room takes.

use std::sync::Arc;

use synapsor_config::Config;
use synapsor_mcp::auth::{RateLimits, RateSettings};

/// One count for everything that is served from this config.
pub(crate) fn rate_limits(config: &Config) -> Arc<RateLimits> {
    let limits = config.rate_limits;
    Arc::new(RateLimits::new(RateSettings {
        requests_per_minute_per_principal: limits.requests_per_minute_per_principal,
        calls_per_minute_per_capability: limits.calls_per_minute_per_capability,
    }))
}
