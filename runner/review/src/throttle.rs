//! How often: requests in all, and wrong keys. Too many wrong keys lock the door for whoever holds no session yet.

use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// Requests a second, and at once.
const REQUESTS_PER_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(59);
const REQUESTS_AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(239);
/// Wrong links and cookies a minute; after that many at once a right one is refused as well.
const WRONG_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
/// How long a locked door is said to stay locked.
pub(crate) const LOCKED_SECONDS: u32 = 60;

/// Both limits.
pub(crate) struct Throttle {
    requests: DefaultDirectRateLimiter,
    wrong: DefaultDirectRateLimiter,
}

impl Throttle {
    pub(crate) fn new() -> Self {
        let requests = Quota::per_second(REQUESTS_PER_SECOND).allow_burst(REQUESTS_AT_ONCE);
        let wrong = Quota::per_minute(WRONG_PER_MINUTE);
        Self { requests: RateLimiter::direct(requests), wrong: RateLimiter::direct(wrong) }
    }

    /// Whether one more request may be answered.
    pub(crate) fn admits(&self) -> bool {
        self.requests.check().is_ok()
    }

    /// Counts a key before it is looked at, and says whether it may be.
    pub(crate) fn may_try_a_key(&self) -> bool {
        self.wrong.check().is_ok()
    }
}
