//! The worker's loop: claim what there is room for, carry it out, report, and wait a little where there is nothing.
//!
//! Invariant: what may pass never ends the loop; a token that is not taken does, and says so.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder as _, ConstantBuilder, ExponentialBackoff, ExponentialBuilder};
use synapsor_protocol::fleet::{CLAIM_JOBS_MAX, Claim, Presence};
use synapsor_protocol::{Code, Refusal};
use synapsor_writeback::{StopSignal, WorkerDesk};
use tokio::time::Instant;

use crate::client::ControlPlane;
use crate::in_hand::InHand;
use crate::job::{self, Turn};

/// The first pause after the control plane could not be asked; each is twice the one before, and up to as much again is drawn.
const PAUSE_FIRST: Duration = Duration::from_millis(500);
/// No pause before its draw is longer.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long what is under way gets to end, and to be reported, once the worker was told to stop.
const DRAIN_WITHIN: Duration = Duration::from_secs(20);
/// How long a claim that is on its way gets to be answered then: jobs that are given out with it would wait for their leases to end.
const CLAIM_WITHIN: Duration = Duration::from_secs(2);
/// How long the control plane gets to hear where this worker stands. With the two above a worker ends within half a minute, which is
/// when a process that was told to stop is usually killed.
const SAY_WITHIN: Duration = Duration::from_secs(3);

/// How a worker works.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// How many jobs at once.
    pub concurrency: u32,
    /// How long it may be silent about a job before another worker may have it, in seconds.
    pub lease_seconds: u32,
    /// How long it waits where nothing is to be done; up to as much again is drawn, so that a fleet does not ask all at once.
    pub poll_interval: Duration,
    /// Whether it ends once nothing waits.
    pub until_empty: bool,
    /// The release it runs.
    pub version: String,
}

impl WorkerOptions {
    /// Most jobs in one claim.
    fn jobs_max(&self) -> u32 {
        self.concurrency.min(CLAIM_JOBS_MAX)
    }
}

/// What a worker has done: how often each thing came of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drained {
    /// By outcome, or by code where an attempt came to nothing.
    pub counts: BTreeMap<&'static str, u64>,
}

/// Works until it is told to stop, or nothing waits where that is the end.
///
/// # Errors
/// When the control plane says no for good: the token is not one of its, was revoked, or is for something else.
pub async fn work(
    options: &WorkerOptions,
    plane: Arc<ControlPlane>,
    desk: Arc<WorkerDesk>,
    stop: StopSignal,
) -> Result<Drained, Refusal> {
    let mut shift = Shift {
        options,
        plane,
        desk,
        stop,
        jobs: InHand::new(),
        drained: Drained::default(),
        pauses: pauses(),
        jobs_max: options.jobs_max(),
    };
    shift.say("online", true).await;
    let ended = shift.last().await;
    shift.say("draining", false).await;
    shift.drain().await;
    shift.say("offline", false).await;
    ended.map(|()| shift.drained)
}

struct Shift<'a> {
    options: &'a WorkerOptions,
    plane: Arc<ControlPlane>,
    desk: Arc<WorkerDesk>,
    stop: StopSignal,
    jobs: InHand,
    drained: Drained,
    pauses: ExponentialBackoff,
    /// Most jobs in the next claim: half as many after an answer that could not be used, since it may have been too large, and one more
    /// after each that could.
    jobs_max: u32,
}

impl Shift<'_> {
    async fn last(&mut self) -> Result<(), Refusal> {
        while !self.stop.is_requested() {
            let stop = self.stop.clone();
            let begun = tokio::select! {
                biased;
                begun = self.begin_jobs() => begun,
                () = given_up(&stop) => break,
            };
            let pause = match begun {
                Ok(0) if self.options.until_empty && self.jobs.count() == 0 => break,
                Ok(0) => Some(self.idle()),
                Ok(_) => None,
                Err(refusal) if refusal.code.retryable() => {
                    if refusal.code == Code::ControlPlaneAnswerInvalid {
                        self.jobs_max = (self.jobs_max / 2).max(1);
                    }
                    let pause = self.pauses.next().unwrap_or(PAUSE_MAX);
                    let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                    tracing::warn!(runner = self.desk.runner_id(), code = %refusal.code, why = refusal.message, pause_ms, "the control plane gave no job");
                    Some(pause)
                }
                Err(refusal) => return Err(refusal),
            };
            self.wait(pause).await;
        }
        Ok(())
    }

    /// Claims as many jobs as there is room for, and begins them; answers how many it began. Dropped, it has begun none.
    async fn begin_jobs(&mut self) -> Result<usize, Refusal> {
        let busy = u32::try_from(self.jobs.count()).unwrap_or(u32::MAX);
        let room = self.options.concurrency.saturating_sub(busy).min(self.jobs_max);
        if room == 0 {
            return Ok(0);
        }
        let claim = Claim {
            source_id: self.desk.source_id().to_owned(),
            runner_id: self.desk.runner_id().to_owned(),
            limit: room,
            lease_seconds: self.options.lease_seconds,
        };
        // The lease begins there before the answer is here, so it is measured from the question.
        let asked = Instant::now();
        let claimed = self.plane.claim(&claim).await?;
        self.pauses = pauses();
        self.jobs_max = self.options.jobs_max().min(self.jobs_max + 1);
        let mut begun = 0;
        for assignment in claimed {
            let id = assignment.job.job_id.clone();
            if self.jobs.count() >= usize::try_from(self.options.concurrency).unwrap_or(usize::MAX) {
                tracing::warn!(job = %id, "the control plane gave out more jobs than were asked for");
                break;
            }
            if self.jobs.has(&id) {
                tracing::warn!(job = %id, "the control plane gave a job out twice");
                continue;
            }
            begun += 1;
            let turn = Turn {
                plane: Arc::clone(&self.plane),
                desk: Arc::clone(&self.desk),
                stop: self.stop.clone(),
                lease: Duration::from_secs(self.options.lease_seconds.into()),
                leased_at: asked,
                assignment,
            };
            self.jobs.begin(id, job::carry_out(turn));
        }
        Ok(begun)
    }

    /// Until a job ends, the pause is over, or somebody says stop.
    async fn wait(&mut self, pause: Option<Duration>) {
        let Some(pause) = pause else {
            while let Some(ended) = self.jobs.next_ended() {
                self.note(ended);
            }
            return;
        };
        let stop = self.stop.clone();
        tokio::select! {
            biased;
            () = stop.requested() => {}
            Some(ended) = self.jobs.next() => self.note(ended),
            () = tokio::time::sleep(pause) => {}
        }
    }

    /// What is under way ends, and is reported, or is left to the next worker.
    async fn drain(&mut self) {
        let deadline = Instant::now() + DRAIN_WITHIN;
        while let Ok(Some(ended)) = tokio::time::timeout_at(deadline, self.jobs.next()).await {
            self.note(ended);
        }
        let left = self.jobs.count();
        if left > 0 {
            tracing::warn!(jobs = left, "jobs are left to the next worker: they did not end in time");
            self.jobs.abort();
        }
    }

    fn note(&mut self, ended: Option<&'static str>) {
        if let Some(status) = ended {
            *self.drained.counts.entry(status).or_default() += 1;
        }
    }

    fn idle(&self) -> Duration {
        let interval = self.options.poll_interval;
        let mut drawn = ConstantBuilder::default().with_delay(interval).with_jitter().build();
        drawn.next().unwrap_or(interval)
    }

    /// For whoever watches the control plane's log; nothing depends on it.
    async fn say(&self, status: &str, first: bool) {
        let presence = Presence {
            runner_id: self.desk.runner_id().to_owned(),
            source_id: self.desk.source_id().to_owned(),
            status: status.to_owned(),
            version: self.options.version.clone(),
        };
        match tokio::time::timeout(SAY_WITHIN, self.plane.present(&presence, first)).await {
            Ok(Ok(())) => {}
            Ok(Err(refusal)) => {
                tracing::debug!(code = %refusal.code, status, "the control plane was not told");
            }
            Err(_) => tracing::debug!(status, "the control plane did not hear in time"),
        }
    }
}

/// Somebody said stop, and what is asked of the control plane had its time to be answered.
async fn given_up(stop: &StopSignal) {
    stop.requested().await;
    tokio::time::sleep(CLAIM_WITHIN).await;
}

fn pauses() -> ExponentialBackoff {
    let pauses = ExponentialBuilder::default().with_min_delay(PAUSE_FIRST).with_max_delay(PAUSE_MAX);
    pauses.with_jitter().without_max_times().build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_plane_that_is_away_for_hours_is_asked_again_and_again_and_not_too_often() {
        let asked: Vec<Duration> = pauses().take(1_000).collect();
        assert_eq!(asked.len(), 1_000, "the pauses never end");
        assert!(
            asked.iter().sum::<Duration>() > Duration::from_secs(4 * 60 * 60),
            "it asks twice a minute at most"
        );
        assert!(asked.iter().all(|pause| *pause <= 2 * PAUSE_MAX), "it hears of its return within a minute");
    }
}
