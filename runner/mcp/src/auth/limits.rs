//! How often may be called: by one principal, and of one capability by everybody together.
//!
//! Over HTTP either is answered with 429 and when to come back: the first before the request is read, the second before it
//! is carried out. Over stdio a call over its limit gets a result that says it may be repeated. Neither leaves a record:
//! whoever floods the server must not fill the ledger with it.
//!
//! Invariant: a limit that a changed config leaves as it was keeps its counts, so changing a config forgives nobody.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use super::caller::Caller;
use super::challenge::Challenge;

/// Principals remembered before the ones that have not called lately are forgotten.
const PRINCIPALS_KEPT: usize = 4096;

/// How often may be called; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateSettings {
    /// Requests of one principal in a minute, over HTTP.
    pub requests_per_minute_per_principal: Option<NonZeroU32>,
    /// Calls of one capability in a minute, by everybody together.
    pub calls_per_minute_per_capability: Option<NonZeroU32>,
}

type Counter<C> = RateLimiter<String, DashMapStateStore<String>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// Counts requests and calls. A minute's worth may come at once; then one whenever its share of the minute is over.
pub struct RateLimits<C: Clock = DefaultClock> {
    clock: C,
    counters: RwLock<Counters<C>>,
}

/// What counts now.
struct Counters<C: Clock> {
    settings: RateSettings,
    principals: Option<Arc<Counter<C>>>,
    capabilities: Option<Arc<Counter<C>>>,
}

impl RateLimits {
    /// Nothing is counted yet.
    pub fn new(settings: RateSettings) -> Self {
        Self::with_clock(settings, &DefaultClock::default())
    }
}

impl<C: Clock + Clone> RateLimits<C> {
    fn with_clock(settings: RateSettings, clock: &C) -> Self {
        let none = Counters { settings: RateSettings::default(), principals: None, capabilities: None };
        let limits = Self { clock: clock.clone(), counters: RwLock::new(none) };
        limits.change(settings);
        limits
    }

    /// Counts against these limits from now on.
    pub(crate) fn change(&self, settings: RateSettings) {
        let counter = |limit: Option<NonZeroU32>| {
            let quota = Quota::per_minute(limit?);
            Some(Arc::new(RateLimiter::dashmap_with_clock(quota, self.clock.clone())))
        };
        let mut counters = self.counters.write().unwrap_or_else(PoisonError::into_inner);
        let known = std::mem::replace(&mut counters.settings, settings);
        if known.requests_per_minute_per_principal != settings.requests_per_minute_per_principal {
            counters.principals = counter(settings.requests_per_minute_per_principal);
        }
        if known.calls_per_minute_per_capability != settings.calls_per_minute_per_capability {
            counters.capabilities = counter(settings.calls_per_minute_per_capability);
        }
    }

    /// Counts one request of this caller.
    ///
    /// # Errors
    /// The answer to give instead, with when to come back.
    pub fn request(&self, caller: &Caller) -> Result<(), Challenge> {
        let Some(counter) = self.now(|counters| &counters.principals) else { return Ok(()) };
        if counter.len() > PRINCIPALS_KEPT {
            counter.retain_recent();
        }
        self.count(&counter, caller.key()).map_err(|seconds| {
            Challenge::too_often("there are more requests of this principal than the config allows", seconds)
        })
    }

    /// Counts one call of this capability.
    ///
    /// # Errors
    /// The answer to give instead, with when to call again.
    pub fn call(&self, capability: &str) -> Result<(), Challenge> {
        let Some(counter) = self.now(|counters| &counters.capabilities) else { return Ok(()) };
        self.count(&counter, capability).map_err(|seconds| {
            let what = format!("`{capability}` is called more often than the config allows");
            Challenge::too_often(what, seconds)
        })
    }

    fn now(&self, which: impl Fn(&Counters<C>) -> &Option<Arc<Counter<C>>>) -> Option<Arc<Counter<C>>> {
        which(&self.counters.read().unwrap_or_else(PoisonError::into_inner)).clone()
    }

    /// The whole seconds to wait, at least one, where the limit is reached.
    fn count(&self, counter: &Counter<C>, key: &str) -> Result<(), u64> {
        counter
            .check_key(&key.to_owned())
            .map_err(|not_until| not_until.wait_time_from(self.clock.now()).as_secs().saturating_add(1))
    }
}

impl<C: Clock> fmt::Debug for RateLimits<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimits").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;
    use http::header::RETRY_AFTER;
    use synapsor_protocol::Code;

    use super::*;

    fn limits(principal: u32, capability: u32, clock: &FakeRelativeClock) -> RateLimits<FakeRelativeClock> {
        let settings = RateSettings {
            requests_per_minute_per_principal: NonZeroU32::new(principal),
            calls_per_minute_per_capability: NonZeroU32::new(capability),
        };
        RateLimits::with_clock(settings, clock)
    }

    #[test]
    fn a_principal_over_its_limit_waits_and_no_other_one_does() {
        let clock = FakeRelativeClock::default();
        let limits = limits(2, 0, &clock);
        let (one, other) = (Caller::anonymous(), Caller::holder_of_the_token());
        assert!(limits.request(&one).is_ok() && limits.request(&one).is_ok());
        let challenge = limits.request(&one).expect_err("refused");
        assert_eq!((challenge.status().as_u16(), challenge.refusal().code), (429, Code::RateLimited));
        assert_eq!(challenge.response().headers()[RETRY_AFTER], "31");
        assert!(limits.request(&other).is_ok());
        clock.advance(Duration::from_secs(30));
        assert!(limits.request(&one).is_ok());
        assert!(limits.request(&one).is_err());
    }

    #[test]
    fn a_capability_over_its_limit_waits_and_no_other_one_does() {
        let clock = FakeRelativeClock::default();
        let limits = limits(0, 1, &clock);
        assert!(limits.call("a.b").is_ok());
        let challenge = limits.call("a.b").expect_err("refused");
        let refusal = challenge.refusal();
        assert!(refusal.code == Code::RateLimited && refusal.code.retryable());
        assert_eq!(refusal.hint.as_deref(), Some("ask again in 61 s"));
        assert_eq!(challenge.response().headers()[RETRY_AFTER], "61");
        assert!(limits.call("a.c").is_ok());
        clock.advance(Duration::from_secs(60));
        assert!(limits.call("a.b").is_ok());
    }

    #[test]
    fn a_changed_limit_counts_anew_and_one_that_stays_goes_on_counting() {
        let clock = FakeRelativeClock::default();
        let limits = limits(1, 1, &clock);
        let caller = Caller::anonymous();
        assert!(limits.request(&caller).is_ok() && limits.call("a.b").is_ok());
        limits.change(RateSettings {
            requests_per_minute_per_principal: NonZeroU32::new(1),
            calls_per_minute_per_capability: NonZeroU32::new(2),
        });
        assert!(limits.request(&caller).is_err(), "the same limit as before");
        assert!(limits.call("a.b").is_ok() && limits.call("a.b").is_ok() && limits.call("a.b").is_err());
        limits.change(RateSettings::default());
        assert!(limits.request(&caller).is_ok() && limits.call("a.b").is_ok());
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let limits = RateLimits::new(RateSettings::default());
        assert!(
            (0..1000).all(|_| limits.call("a.b").is_ok() && limits.request(&Caller::anonymous()).is_ok())
        );
    }
}
