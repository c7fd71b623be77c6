//! One job in a worker's hands: carried out while its lease is kept, and reported.
//!
//! Invariant: once the lease cannot be kept, the apply is rolled back where its COMMIT was not sent yet.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use synapsor_protocol::fleet::{Assignment, AttemptEnd, JobResult, RESULT_SCHEMA, Renewal};
use synapsor_writeback::{Carried, StopSignal, StopSwitch, WorkerDesk};
use tokio::time::Instant;

use crate::client::ControlPlane;

/// How long an apply may go on once the worker was told to stop.
const END_WITHIN: Duration = Duration::from_secs(5);

/// A job and whose turn it is.
pub(crate) struct Turn {
    pub(crate) plane: Arc<ControlPlane>,
    pub(crate) desk: Arc<WorkerDesk>,
    pub(crate) stop: StopSignal,
    /// How long the lease is.
    pub(crate) lease: Duration,
    /// From when it runs, by this machine's own measure.
    pub(crate) leased_at: Instant,
    pub(crate) assignment: Assignment,
}

/// Carries the job out, reports it, and answers in a word what came of it.
pub(crate) async fn carry_out(turn: Turn) -> &'static str {
    let began = Instant::now();
    let switch = StopSwitch::new();
    let signal = switch.signal();
    let carried = tokio::select! {
        biased;
        carried = turn.desk.carry_out(&turn.assignment, signal) => carried,
        never = turn.keep_lease(&switch) => match never {},
        never = turn.hear_stop(&switch) => match never {},
    };
    let status = carried.status();
    turn.log(status, began);
    match carried {
        Carried::Ended(end) => turn.tell(end).await,
        Carried::InDoubt(refusal) => {
            tracing::warn!(job = %turn.assignment.job.job_id, code = %refusal.code, why = refusal.message, "how a job ended is not known; the next attempt finds the source's receipt");
        }
    }
    status
}

impl Turn {
    /// Asks for more time at every third of the lease. Overtaken, or not heard for a whole lease, it throws the switch.
    async fn keep_lease(&self, switch: &StopSwitch) -> Infallible {
        let job = &self.assignment.job;
        let renewal = Renewal {
            lease_id: self.lease_id(),
            lease_seconds: u32::try_from(self.lease.as_secs()).unwrap_or(u32::MAX),
        };
        let mut over = self.leased_at + self.lease;
        loop {
            tokio::time::sleep_until(over.min(Instant::now() + self.lease / 3)).await;
            let asked = Instant::now();
            match tokio::time::timeout_at(over, self.plane.renew(&job.job_id, &renewal)).await {
                Ok(Ok(_)) => over = asked + self.lease,
                Ok(Err(refusal)) if refusal.code.retryable() => {
                    tracing::warn!(job = %job.job_id, code = %refusal.code, "a lease was not renewed yet");
                }
                Ok(Err(refusal)) => {
                    tracing::warn!(job = %job.job_id, code = %refusal.code, "a lease is lost");
                    break;
                }
                Err(_) => {
                    tracing::warn!(job = %job.job_id, "a lease is over: the control plane was not heard");
                    break;
                }
            }
        }
        switch.throw();
        std::future::pending().await
    }

    async fn hear_stop(&self, switch: &StopSwitch) -> Infallible {
        self.stop.requested().await;
        tokio::time::sleep(END_WITHIN).await;
        switch.throw();
        std::future::pending().await
    }

    /// A result that never arrives is found out by the next attempt, from the source's own receipt.
    async fn tell(&self, end: AttemptEnd) {
        let job = &self.assignment.job;
        let result = JobResult { schema_version: RESULT_SCHEMA.into(), lease_id: self.lease_id(), end };
        match self.plane.tell(&job.job_id, &result).await {
            Ok(state) => tracing::debug!(job = %job.job_id, %state, "the control plane was told"),
            Err(refusal) => {
                tracing::warn!(job = %job.job_id, code = %refusal.code, why = refusal.message, "the control plane was not told how a job ended");
            }
        }
    }

    /// Of a job that came without a lease none that counts; the desk refuses such a job.
    fn lease_id(&self) -> String {
        let handover = self.assignment.job.handover.as_ref();
        handover.map(|handover| handover.lease.lease_id.clone()).unwrap_or_default()
    }

    /// Names and numbers only: no value, no URL, no token.
    fn log(&self, status: &str, began: Instant) {
        let job = &self.assignment.job;
        let columns: Vec<&str> = job.patch.keys().map(String::as_str).collect();
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            runner = self.desk.runner_id(),
            job = %job.job_id,
            proposal = %job.proposal_id,
            source = job.target.source,
            engine = job.target.engine.as_str(),
            table = job.target.table,
            columns = ?columns,
            attempt = job.attempt,
            status,
            duration_ms,
            "a job ended"
        );
    }
}
