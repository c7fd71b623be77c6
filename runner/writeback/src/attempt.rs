//! The transaction that decides, proves and reads back: steps S0 to S8 in order, over any engine's session.
//!
//! Invariant (R-ONE-ERROR): the first error inside the transaction is its last statement. ROLLBACK, and the connection is
//! dropped; MariaDB would otherwise commit a receipt without its update.
//! Invariant (R-READBACK): nothing is *applied* because COMMIT said so. A new statement must find the receipt: `COMMIT`
//! of a transaction the server had aborted reports success (`docs/decisions/0002-apply-is-one-transaction.md`).
//! Invariant: whatever is unclear at COMMIT is settled by running the same job again; its key makes that harmless.

use std::time::Duration;

use synapsor_protocol::{Code, Outcome, SourceChanged, Value, WritebackJob};

use crate::after_image;
use crate::classify::FaultClass;
use crate::desk::WriteSettings;
use crate::engine::{Inserted, Purpose, Session, connected, within};
use crate::error::{Fault, Obstacle};
use crate::guard::{self, Comparison, Decision};
use crate::receipts::{ReceiptsTable, Settlement};
use crate::report::{Check, DryRun};
use crate::statement::Ground;

/// Pauses before each try to find out what an unclear COMMIT did; afterwards the outcome is unknown.
const RESOLVE_AFTER: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_millis(2500)];

/// How long a connection may take to roll back before it is dropped.
const ABANDON_AFTER: Duration = Duration::from_secs(2);

/// How a job ended, and what was looked at.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// How it ended.
    pub(crate) ending: Ending,
    /// The conditions in the order they were looked at.
    pub(crate) checks: Vec<Check>,
}

/// How a job ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The row changed, and the receipt was read back.
    Applied {
        /// The version afterwards, where there is a version column.
        new_version: Option<Value>,
    },
    /// An earlier run had changed it.
    AlreadyApplied,
    /// A guard did not hold; the source holds a receipt that says so.
    Conflict {
        /// Which guard.
        code: Code,
        /// Which captured columns differ.
        changed_columns: Vec<String>,
    },
    /// The database refused for good; nothing is left in the source.
    Failed {
        /// Why.
        code: Code,
        /// Which columns would have held something else than approved.
        changed_columns: Vec<String>,
    },
    /// Nothing happened and nothing is decided.
    Obstacle(Obstacle),
    /// The answer to COMMIT is lost and the source stays away.
    Unknown,
}

impl Ending {
    /// The outcome, and whether the source changed in this run.
    pub(crate) fn outcome(&self) -> (Outcome, SourceChanged) {
        match self {
            Self::Applied { .. } => (Outcome::Applied, SourceChanged::Yes),
            Self::AlreadyApplied => (Outcome::AlreadyApplied, SourceChanged::No),
            Self::Conflict { .. } => (Outcome::Conflict, SourceChanged::No),
            Self::Failed { .. } | Self::Obstacle(_) => (Outcome::Failed, SourceChanged::No),
            Self::Unknown => (Outcome::Unknown, SourceChanged::Unknown),
        }
    }

    /// New version, code and columns, for the receipt.
    pub(crate) fn into_details(self) -> (Option<Value>, Option<Code>, Vec<String>) {
        match self {
            Self::Applied { new_version } => (new_version, None, Vec::new()),
            Self::AlreadyApplied => (None, None, Vec::new()),
            Self::Conflict { code, changed_columns } | Self::Failed { code, changed_columns } => {
                (None, Some(code), changed_columns)
            }
            Self::Obstacle(obstacle) => (None, Some(obstacle.code()), Vec::new()),
            Self::Unknown => (None, Some(Code::OutcomeUnknown), Vec::new()),
        }
    }

    /// An error before COMMIT was sent: nothing is left in the source.
    fn of_fault(fault: Fault) -> Self {
        if fault.class.is_final() {
            Self::Failed { code: fault.class.code(), changed_columns: Vec::new() }
        } else {
            Self::Obstacle(fault.into())
        }
    }
}

/// What the transaction will have done if its COMMIT holds.
#[derive(Debug, Clone)]
enum Written {
    Applied { new_version: Option<Value> },
    Conflict { code: Code, changed_columns: Vec<String> },
}

impl Written {
    /// The ending, now that the source's receipt was read.
    ///
    /// The receipt decides, not what we meant to write: where our COMMIT came to nothing, another run of the same job
    /// may have found the row otherwise.
    fn confirmed_by(&self, settlement: Settlement) -> Ending {
        match (self.clone(), settlement) {
            (Self::Applied { new_version }, Settlement::Applied) => Ending::Applied { new_version },
            (Self::Conflict { code, changed_columns }, Settlement::Conflict) => {
                Ending::Conflict { code, changed_columns }
            }
            (_, settlement) => settled(settlement, &mut Vec::new()),
        }
    }
}

/// Why the transaction must not be committed.
#[derive(Debug)]
enum Stop {
    /// A step met an error.
    Fault(Fault),
    /// Another run of this job got there first.
    Duplicate,
    /// The database did something else than was approved.
    Refused { code: Code, changed_columns: Vec<String> },
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// One try either ends, or leaves open what its COMMIT did.
enum Try {
    Ended(Ending),
    Unclear { written: Written, fault: Fault },
}

/// Runs the job until its outcome is certain, or says that it cannot be known now.
pub(crate) async fn run<S: Session>(settings: &WriteSettings, job: &WritebackJob) -> Attempt {
    let mut checks = Vec::new();
    let (mut written, mut fault) = match try_once::<S>(settings, job, &mut checks).await {
        Try::Ended(ending) => return Attempt { ending, checks },
        Try::Unclear { written, fault } => (written, fault),
    };
    for pause in RESOLVE_AFTER {
        tracing::warn!(job = %job.job_id, "the answer to COMMIT is unclear; the same job runs again");
        tokio::time::sleep(pause).await;
        match resolve::<S>(settings, job, &written, fault).await {
            Try::Ended(Ending::Obstacle(_)) => {}
            Try::Ended(ending) => return Attempt { ending, checks },
            Try::Unclear { written: again, fault: why } => (written, fault) = (again, why),
        }
    }
    Attempt { ending: Ending::Unknown, checks }
}

/// After an unclear COMMIT: the source's receipt says what it did; without one the same job runs again.
async fn resolve<S: Session>(
    settings: &WriteSettings,
    job: &WritebackJob,
    written: &Written,
    fault: Fault,
) -> Try {
    match recorded::<S>(settings, job).await {
        Err(obstacle) => return Try::Ended(Ending::Obstacle(obstacle)),
        Ok(Some(settlement)) => return Try::Ended(written.confirmed_by(settlement)),
        // The server itself refused at COMMIT, as it does for deferred constraints, and holds no receipt: certain.
        Ok(None) if fault.class.is_final() => return Try::Ended(Ending::of_fault(fault)),
        Ok(None) => {}
    }
    let mut checks = Vec::new();
    match try_once::<S>(settings, job, &mut checks).await {
        // Our first COMMIT was still under way, and won.
        Try::Ended(Ending::AlreadyApplied) => Try::Ended(written.confirmed_by(Settlement::Applied)),
        // Only the receipt's insert waits for a COMMIT under way. What failed before it says nothing about the first.
        Try::Ended(Ending::Failed { .. }) if !checks.contains(&Check::held(Check::IDEMPOTENCY_KEY)) => {
            Try::Unclear { written: written.clone(), fault: Fault { class: FaultClass::Broken } }
        }
        other => other,
    }
}

/// S0 to S8, once.
async fn try_once<S: Session>(settings: &WriteSettings, job: &WritebackJob, checks: &mut Vec<Check>) -> Try {
    let mut place = match prepare::<S>(settings, job).await {
        Ok(place) => place,
        Err(NotBegun::Settled(settlement)) => return Try::Ended(settled(settlement, checks)),
        Err(NotBegun::Obstacle(obstacle)) => return Try::Ended(Ending::Obstacle(obstacle)),
    };
    let written = match transact(&mut place, settings, job, checks).await {
        Ok(written) => written,
        Err(stop) => {
            abandon(place.session).await;
            return Try::Ended(stopped::<S>(settings, job, stop, checks).await);
        }
    };
    // S7, S8. Every error from here on leaves open what happened, also one that reads like a refusal.
    let Place { mut session, receipts, .. } = place;
    let fault = match within(settings, session.commit()).await {
        Ok(()) => match within(settings, session.read_receipt(&receipts, job)).await {
            Ok(Some(receipt)) => return Try::Ended(written.confirmed_by(receipt.settles(job))),
            Ok(None) => {
                Fault::new(FaultClass::Broken, &"COMMIT was answered, but no receipt of ours is there")
            }
            // The look failed, not the COMMIT: whatever it says, it refuses nothing.
            Err(_) => Fault { class: FaultClass::Broken },
        },
        Err(fault) => fault,
    };
    abandon(session).await;
    Try::Unclear { written, fault }
}

/// S1 to S6: everything up to, and without, COMMIT.
async fn transact<S: Session>(
    place: &mut Place<S>,
    settings: &WriteSettings,
    job: &WritebackJob,
    checks: &mut Vec<Check>,
) -> Result<Written, Stop> {
    let Place { session, ground, receipts } = place;
    within(settings, session.begin(Purpose::Apply)).await?;
    let locked = within(settings, session.read_row(ground, Purpose::Apply)).await?;
    let Comparison { decision, checks: compared } = guard::compare(job, locked.as_ref());
    checks.extend(compared);

    match within(settings, session.insert_receipt(receipts, job, &decision)).await? {
        Inserted::Yes => checks.push(Check::held(Check::IDEMPOTENCY_KEY)),
        Inserted::Duplicate => return Err(Stop::Duplicate),
    }
    let written = match decision {
        Decision::Conflict { code, changed_columns } => Written::Conflict { code, changed_columns },
        Decision::Apply => update_and_prove(session, settings, ground, job, checks).await?,
    };
    // S6: an aborted transaction shows itself here rather than at COMMIT.
    within(settings, session.check_alive()).await?;
    Ok(written)
}

/// S4 and S5: the one guarded statement, and the proof that the row now holds what was approved.
async fn update_and_prove<S: Session>(
    session: &mut S,
    settings: &WriteSettings,
    ground: &Ground,
    job: &WritebackJob,
    checks: &mut Vec<Check>,
) -> Result<Written, Stop> {
    let changed = within(settings, session.update_row(ground)).await?;
    checks.push(Check::new(Check::ONE_ROW, changed.rows == 1));
    match changed.rows {
        1 => {}
        // The row is locked and was compared: only the database's own rules can have swallowed the statement.
        0 => return Err(Stop::Refused { code: Code::ConstraintViolated, changed_columns: Vec::new() }),
        _ => return Err(Stop::Refused { code: Code::MultiRowWriteBlocked, changed_columns: Vec::new() }),
    }
    let stored = within(settings, session.read_row(ground, Purpose::ReadBack)).await?;
    let mut wrong = after_image::mismatches(job, stored.as_ref());
    if wrong.is_empty() && changed.warnings > 0 {
        // MySQL warns where it shortened or clamped something, be it in a column nobody looks at.
        wrong = job.patch.keys().cloned().collect();
    }
    checks.push(Check::new(Check::AFTER_IMAGE, wrong.is_empty()));
    if !wrong.is_empty() {
        return Err(Stop::Refused { code: Code::AfterImageMismatch, changed_columns: wrong });
    }
    Ok(Written::Applied { new_version: after_image::version(job, stored.as_ref()) })
}

/// What a rolled-back transaction means.
async fn stopped<S: Session>(
    settings: &WriteSettings,
    job: &WritebackJob,
    stop: Stop,
    checks: &mut Vec<Check>,
) -> Ending {
    match stop {
        Stop::Fault(fault) => Ending::of_fault(fault),
        Stop::Refused { code, changed_columns } => Ending::Failed { code, changed_columns },
        // On a new connection: the old one has seen an error.
        Stop::Duplicate => match recorded::<S>(settings, job).await {
            Ok(Some(settlement)) => settled(settlement, checks),
            Ok(None) => {
                let vanished =
                    Fault::new(FaultClass::Transient, &"the receipt that stood in the way is gone");
                Ending::Obstacle(vanished.into())
            }
            Err(obstacle) => Ending::Obstacle(obstacle),
        },
    }
}

fn settled(settlement: Settlement, checks: &mut Vec<Check>) -> Ending {
    checks.push(Check::new(Check::IDEMPOTENCY_KEY, settlement != Settlement::Foreign));
    match settlement {
        Settlement::Applied => Ending::AlreadyApplied,
        // A recorded conflict stays one, also where the row has since been changed back.
        Settlement::Conflict => {
            Ending::Conflict { code: Code::RowChangedAfterProposal, changed_columns: Vec::new() }
        }
        Settlement::Foreign => Ending::Obstacle(Obstacle::KeyReused),
    }
}

/// What the source itself has recorded for the job, asked on a connection of its own.
pub(crate) async fn recorded<S: Session>(
    settings: &WriteSettings,
    job: &WritebackJob,
) -> Result<Option<Settlement>, Obstacle> {
    let mut session = connected::<S>(settings).await?;
    let Some(receipts) = within(settings, session.receipts_table(false)).await? else {
        return Ok(None);
    };
    let receipt = within(settings, session.read_receipt(&receipts, job)).await?;
    abandon(session).await;
    Ok(receipt.map(|receipt| receipt.settles(job)))
}

/// What the job would do now: S0 to S2 in a transaction that cannot write and is always rolled back.
pub(crate) async fn rehearse<S: Session>(
    settings: &WriteSettings,
    job: &WritebackJob,
) -> Result<(DryRun, Vec<Check>), Obstacle> {
    let mut checks = Vec::new();
    if let Some(settlement) = recorded::<S>(settings, job).await? {
        return match settled(settlement, &mut checks) {
            Ending::Conflict { code, changed_columns } => {
                Ok((DryRun::Conflict { code, changed_columns }, checks))
            }
            Ending::Obstacle(obstacle) => Err(obstacle),
            _ => Ok((DryRun::AlreadyApplied, checks)),
        };
    }
    let mut session = connected::<S>(settings).await?;
    let ground = within(settings, session.inspect(job)).await?;
    within(settings, session.begin(Purpose::Rehearse)).await?;
    let row = within(settings, session.read_row(&ground, Purpose::Rehearse)).await?;
    abandon(session).await;
    let comparison = guard::compare(job, row.as_ref());
    checks.extend(comparison.checks);
    let would = match comparison.decision {
        Decision::Apply => DryRun::Apply,
        Decision::Conflict { code, changed_columns } => DryRun::Conflict { code, changed_columns },
    };
    Ok((would, checks))
}

/// Ends a connection. One that no longer answers is dropped after a moment, which rolls back as well.
async fn abandon<S: Session>(session: S) {
    if tokio::time::timeout(ABANDON_AFTER, session.abandon()).await.is_err() {
        tracing::debug!("a connection did not answer ROLLBACK and was dropped");
    }
}

/// A connection, and what was found on it.
struct Place<S> {
    session: S,
    ground: Ground,
    receipts: ReceiptsTable,
}

/// Why no transaction began.
enum NotBegun {
    /// Something stands in the way.
    Obstacle(Obstacle),
    /// The source has a receipt for this job already.
    Settled(Settlement),
}

impl<E: Into<Obstacle>> From<E> for NotBegun {
    fn from(error: E) -> Self {
        Self::Obstacle(error.into())
    }
}

/// S0, and everything that must be true before a transaction is worth beginning.
async fn prepare<S: Session>(settings: &WriteSettings, job: &WritebackJob) -> Result<Place<S>, NotBegun> {
    let mut session = connected::<S>(settings).await?;
    let receipts = within(settings, session.receipts_table(true)).await?.ok_or(Obstacle::NoReceiptsTable)?;
    if let Some(receipt) = within(settings, session.read_receipt(&receipts, job)).await? {
        return Err(NotBegun::Settled(receipt.settles(job)));
    }
    let ground = within(settings, session.inspect(job)).await?;
    Ok(Place { session, ground, receipts })
}

#[cfg(test)]
mod broken;
#[cfg(test)]
mod tests;
