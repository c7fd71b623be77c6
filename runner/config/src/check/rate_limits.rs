//! How often may be called.

use super::rule::{optional_object, optional_positive};
use crate::code::ProblemCode;
use crate::place::Place;
use crate::problem::Problems;
use crate::raw::CALLS_PER_MINUTE_MAX;

const KEYS: &[&str] = &["requests_per_minute_per_principal", "calls_per_minute_per_capability"];

pub(super) fn check(root: &Place<'_>, problems: &mut Problems) {
    let Some(limits) = optional_object(root, "rate_limits", ProblemCode::RateLimitsNotObject, problems)
    else {
        return;
    };
    for key in KEYS {
        optional_positive(&limits, key, CALLS_PER_MINUTE_MAX, ProblemCode::InvalidRateLimit, problems);
    }
}
