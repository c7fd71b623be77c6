//! What is served now: one state that every session shares, replaced as a whole when the config changes.
//!
//! Invariant: a call that has begun finishes on the state it began with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use synapsor_invocation::{Readiness, Runtime};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::auth::{Caller, Challenge, RateLimits, RateSettings};
use crate::error::Error;
use crate::instructions::Kept;
use crate::prompts::Prompts;
use crate::pulse::Pulse;
use crate::retired::{Retired, STOPPED_WITHIN};
use crate::serve::ServeOptions;
use crate::signature::Signature;
use crate::tools::Tools;

/// What is served, to every session of this process. Clones share it.
#[derive(Clone)]
pub struct Live {
    served: Arc<watch::Sender<Arc<Served>>>,
    retired: Arc<Retired>,
    pulse: Arc<Pulse>,
    /// One count for the process, whatever is served and over whichever transport.
    rate_limits: Arc<RateLimits>,
    sessions: Arc<AtomicU64>,
    options: Arc<ServeOptions>,
    signature: Arc<Signature>,
}

/// One state.
pub(crate) struct Served {
    pub(crate) runtime: Runtime,
    pub(crate) tools: Tools,
    pub(crate) prompts: Prompts,
    /// Goes with the state, which is when the last of its calls has ended.
    in_use: watch::Sender<()>,
}

impl Live {
    /// Serves this runtime from the start.
    ///
    /// # Errors
    /// When two capabilities would share a name on the wire, or one has no object for an input schema.
    pub fn new(runtime: Runtime, options: ServeOptions) -> Result<Self, Error> {
        let (served, _) = watch::channel(Arc::new(Served::new(runtime, &options)?));
        Ok(Self {
            served: Arc::new(served),
            retired: Arc::default(),
            pulse: Arc::default(),
            rate_limits: Arc::new(RateLimits::new(options.rate_limits)),
            sessions: Arc::default(),
            signature: Arc::new(Signature::new(&options.server_version)),
            options: Arc::new(options),
        })
    }

    /// Serves this runtime under these limits from now on, and tells every client whose list changes by that.
    ///
    /// # Errors
    /// As for [`Live::new`]; what was served stays.
    pub fn replace(&self, runtime: Runtime, rate_limits: RateSettings) -> Result<(), Error> {
        let served = Served::new(runtime, &self.options)?;
        self.rate_limits.change(rate_limits);
        let before = self.served.send_replace(Arc::new(served));
        let (runtime, in_use) = (before.runtime.clone(), before.in_use.subscribe());
        self.retired.add(move |within| retire(runtime.clone(), in_use.clone(), within));
        Ok(())
    }

    /// How far the handlers of what is served now are.
    pub fn readiness(&self) -> Readiness {
        self.now().runtime.readiness()
    }

    /// Completes once the list of tools is known to be no longer what a hosted service has; never where none is asked.
    pub async fn list_went_stale(&self) {
        let served = self.now();
        served.runtime.list_went_stale().await;
    }

    /// How many tools are served now.
    pub fn tools(&self) -> usize {
        self.now().tools.list().len()
    }

    /// How many sessions are open, over whichever transport.
    pub fn sessions(&self) -> u64 {
        self.sessions.load(Ordering::Relaxed)
    }

    /// How many calls wait for candidates, or are shown to them.
    pub fn candidates_waiting(&self) -> usize {
        self.now().runtime.candidates_waiting()
    }

    /// The end of serving: what waits for candidates is shown to them, or recorded as not shown.
    pub(crate) async fn drain_candidates(&self) {
        let served = self.now();
        tokio::join!(served.runtime.drain_candidates(STOPPED_WITHIN), self.retired.end());
    }

    /// How many changes wait for the ledger's writer.
    pub fn ledger_waiting(&self) -> usize {
        self.now().runtime.ledger_waiting()
    }

    /// A session was opened; it counts until what this returns is dropped.
    pub(crate) fn session_opened(&self) -> OpenSession {
        self.sessions.fetch_add(1, Ordering::Relaxed);
        OpenSession { sessions: Arc::clone(&self.sessions) }
    }

    /// Lets a call in that came over HTTP: the caller's scopes permit it, and it counts against its capability's limit. A
    /// name that is not served is not counted, because the runtime refuses it and anybody can make up names.
    ///
    /// # Errors
    /// The answer to give instead, with the scope that is missing or when to call again.
    pub(crate) fn admit(&self, caller: &Caller, called: &str) -> Result<(), Arc<Challenge>> {
        let served = self.now();
        let capability = served.tools.canonical(called);
        let Some(tool) = served.runtime.tools().iter().find(|tool| tool.name == capability) else {
            return Ok(());
        };
        caller.permits(tool)?;
        Ok(self.rate_limits.call(capability)?)
    }

    /// What counts calls and requests.
    pub(crate) fn rate_limits(&self) -> Arc<RateLimits> {
        Arc::clone(&self.rate_limits)
    }

    pub(crate) fn options(&self) -> &ServeOptions {
        &self.options
    }

    /// Who answers.
    pub(crate) fn signature(&self) -> &Signature {
        &self.signature
    }

    pub(crate) fn now(&self) -> Arc<Served> {
        Arc::clone(&self.served.borrow())
    }

    /// Every state from now on; the present one counts as seen.
    pub(crate) fn changes(&self) -> watch::Receiver<Arc<Served>> {
        self.served.subscribe()
    }

    /// Changes whenever the ledger grew; see [`Pulse`].
    pub(crate) fn pulse(&self) -> watch::Receiver<i64> {
        self.pulse.feel(self)
    }
}

/// A session that counts.
pub(crate) struct OpenSession {
    sessions: Arc<AtomicU64>,
}

impl Drop for OpenSession {
    fn drop(&mut self) {
        self.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Served {
    fn new(runtime: Runtime, options: &ServeOptions) -> Result<Self, Error> {
        let tools = Tools::new(runtime.tools(), options.tool_names, runtime.result_format())?;
        let exposed = runtime.tools().iter().filter_map(|tool| Some((tool, tools.exposed(&tool.name)?)));
        let prompts = Prompts::new(runtime.prompts(), exposed, Kept::of(&runtime));
        if let Some(observer) = options.observer.clone() {
            runtime.watch_candidates(Box::new(move |capability, outcome| {
                observer.shown_to_candidate(capability, outcome);
            }));
        }
        Ok(Self { runtime, tools, prompts, in_use: watch::Sender::default() })
    }
}

/// Within that time, lets the calls of an earlier state end, and shows its candidates what waits. What ends later is not shown.
async fn retire(runtime: Runtime, mut in_use: watch::Receiver<()>, within: Duration) {
    let until = Instant::now() + within;
    let calls_end = async { while in_use.changed().await.is_ok() {} };
    let _ = tokio::time::timeout_at(until, calls_end).await;
    runtime.drain_candidates(until.saturating_duration_since(Instant::now())).await;
}
