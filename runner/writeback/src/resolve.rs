//! Resolve: runs a job until it is certain how it ended.
//!
//! Invariant: whatever is unclear at COMMIT is settled by looking for the source's receipt and running the same job again;
//! its key makes that harmless. Nothing is guessed: a source that stays away leaves the outcome unknown.

use std::time::Duration;

use synapsor_protocol::WritebackJob;

use crate::attempt::{Try, try_once};
use crate::desk::WriteSettings;
use crate::effects::Reviewed;
use crate::ending::{Ending, Written};
use crate::engine::Session;
use crate::error::{Fault, Obstacle};
use crate::look::recorded;
use crate::receipts::Settlement;
use crate::report::Check;
use crate::stop::StopSignal;

/// Pauses before each try to find out what an unclear COMMIT did; afterwards the outcome is unknown.
const RESOLVE_AFTER: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_millis(2500)];

/// How a job ended, and what was looked at.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// How it ended.
    pub(crate) ending: Ending,
    /// The conditions in the order they were looked at.
    pub(crate) checks: Vec<Check>,
}

/// Runs the job until its outcome is certain, or says that it cannot be known now.
///
/// # Errors
/// When nothing happened and nothing is decided.
pub(crate) async fn run<S: Session>(
    settings: &WriteSettings,
    job: &WritebackJob,
    reviewed: &Reviewed,
    stop: &StopSignal,
) -> Result<Attempt, Obstacle> {
    let mut checks = Vec::new();
    let (mut written, mut fault) = match try_once::<S>(settings, job, reviewed, stop, &mut checks).await? {
        Try::Ended(ending) => return Ok(Attempt { ending, checks }),
        Try::Unclear { written, fault } => (written, fault),
    };
    for pause in RESOLVE_AFTER {
        tracing::warn!(job = %job.job_id, "the answer to COMMIT is unclear; the same job runs again");
        tokio::time::sleep(pause).await;
        match resolve::<S>(settings, job, reviewed, stop, &written, fault).await {
            Ok(Try::Ended(ending)) => return Ok(Attempt { ending, checks }),
            Ok(Try::Unclear { written: again, fault: why }) => (written, fault) = (again, why),
            // What stands in the way now says nothing about the COMMIT.
            Err(_) => {}
        }
        // Asked once, which is all there is time for.
        if stop.is_requested() {
            break;
        }
    }
    Ok(Attempt { ending: Ending::Unknown, checks })
}

/// After an unclear COMMIT: the source's receipt says what it did; without one the same job runs again.
async fn resolve<S: Session>(
    settings: &WriteSettings,
    job: &WritebackJob,
    reviewed: &Reviewed,
    stop: &StopSignal,
    written: &Written,
    fault: Fault,
) -> Result<Try, Obstacle> {
    if let Some(settlement) = recorded::<S>(settings, job).await? {
        return written.confirmed_by(settlement).map(Try::Ended);
    }
    // The server itself refused at COMMIT, as it does for deferred constraints, and holds no receipt: certain.
    if fault.class.is_final() {
        return Ending::refused(fault).map(Try::Ended);
    }
    match try_once::<S>(settings, job, reviewed, stop, &mut Vec::new()).await? {
        // Our first COMMIT was still under way, and won.
        Try::Ended(Ending::AlreadyApplied) => written.confirmed_by(Settlement::Applied).map(Try::Ended),
        other => Ok(other),
    }
}

#[cfg(test)]
mod broken;
#[cfg(test)]
mod tests;
