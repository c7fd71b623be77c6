//! One attempt: the transaction that decides, proves and reads back: steps S0 to S8 in order, over any engine's session.
//!
//! Invariant (R-ONE-ERROR): the first error inside the transaction is its last statement. ROLLBACK, and the connection is
//! dropped; MariaDB would otherwise commit a receipt without its update.
//! Invariant (R-READBACK): nothing is *applied* because COMMIT said so. A new statement must find the receipt: `COMMIT`
//! of a transaction the server had aborted reports success (`docs/decisions/0002-apply-is-one-transaction.md`).

use std::time::Duration;

use synapsor_config::ReceiptsMode;
use synapsor_protocol::{Code, WritebackJob};

use crate::after_image;
use crate::classify::FaultClass;
use crate::desk::WriteSettings;
use crate::effects::Reviewed;
use crate::ending::{Ending, Written};
use crate::engine::{Inserted, Purpose, Session, connected, within};
use crate::error::{Fault, Obstacle};
use crate::guard::{self, Comparison, Decision};
use crate::look::recorded;
use crate::receipts::{ReceiptsTable, Settlement};
use crate::report::Check;
use crate::statement::Ground;
use crate::stop::StopSignal;

/// How long a connection may take to roll back before it is dropped.
const ABANDON_AFTER: Duration = Duration::from_secs(2);

/// Why the transaction must not be committed.
#[derive(Debug)]
enum Stop {
    /// A step met an error before the receipt was in: nothing is known of other runs of this job, so nothing is decided.
    Early(Fault),
    /// A step met an error after the receipt was in: no other run has done it or can do it any more.
    Late(Fault),
    /// The runner was told to stop.
    Told,
    /// Another run of this job got there first.
    Duplicate,
    /// The table is not as it was reviewed, or nobody can tell.
    Drifted(Obstacle),
    /// The database did something else than was approved.
    Refused { code: Code, changed_columns: Vec<String> },
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Late(fault)
    }
}

/// One try either ends, or leaves open what its COMMIT did.
pub(crate) enum Try {
    /// It is known how it ended.
    Ended(Ending),
    /// It is not.
    Unclear {
        /// What was written, if the COMMIT holds.
        written: Written,
        /// What came instead of an answer.
        fault: Fault,
    },
}

/// A connection, and what was found on it.
struct Place<'r, S> {
    session: S,
    ground: Ground,
    reviewed: &'r Reviewed,
    receipts: ReceiptsTable,
}

/// S0 to S8, once. Told to stop, it rolls back what has not come to COMMIT and finishes what has.
///
/// # Errors
/// When nothing happened and nothing is decided.
pub(crate) async fn try_once<S: Session>(
    settings: &WriteSettings,
    job: &WritebackJob,
    reviewed: &Reviewed,
    signal: &StopSignal,
    checks: &mut Vec<Check>,
) -> Result<Try, Obstacle> {
    let prepared = prepare::<S>(settings, job, reviewed, checks);
    let prepared = signal.unless_requested(prepared).await.ok_or(Obstacle::Stopped)?;
    let mut place = match prepared? {
        Prepared::Ready(place) => place,
        Prepared::Settled(settlement) => return Ending::settled(settlement, checks).map(Try::Ended),
    };
    let transacted = signal.unless_requested(transact(&mut place, settings, job, checks)).await;
    match transacted.unwrap_or(Err(Stop::Told)) {
        Ok(written) => commit(*place, settings, job, written).await,
        Err(stop) => {
            abandon(place.session).await;
            stopped::<S>(settings, job, stop, checks).await.map(Try::Ended)
        }
    }
}

/// What is found before the transaction.
enum Prepared<'r, S> {
    /// Everything it needs.
    Ready(Box<Place<'r, S>>),
    /// The receipt of an earlier run.
    Settled(Settlement),
}

/// S0, and the look around.
async fn prepare<'r, S: Session>(
    settings: &WriteSettings,
    job: &WritebackJob,
    reviewed: &'r Reviewed,
    checks: &mut Vec<Check>,
) -> Result<Prepared<'r, S>, Obstacle> {
    let mut session = connected::<S>(settings).await?;
    let found = within(settings, session.receipts_table(false)).await?;
    if let Some(receipts) = &found
        && let Some(receipt) = within(settings, session.read_receipt(receipts, job)).await?
    {
        return Ok(Prepared::Settled(receipt.settles(job)));
    }
    let ground = within(settings, session.inspect(job)).await?;
    reviewed.check(&within(settings, session.effects(&reviewed.site)).await?)?;
    checks.push(Check::held(Check::EFFECTS));
    // Only for a target that can be changed is anything made in the source.
    let receipts = match found {
        Some(receipts) => receipts,
        None if reviewed.receipts == ReceiptsMode::Precreated => return Err(Obstacle::NotPrecreated),
        None => within(settings, session.receipts_table(true)).await?.ok_or(Obstacle::NoReceiptsTable)?,
    };
    Ok(Prepared::Ready(Box::new(Place { session, ground, reviewed, receipts })))
}

/// S1 to S6: everything up to, and without, COMMIT.
async fn transact<S: Session>(
    place: &mut Place<'_, S>,
    settings: &WriteSettings,
    job: &WritebackJob,
    checks: &mut Vec<Check>,
) -> Result<Written, Stop> {
    let Place { session, ground, reviewed, receipts } = place;
    within(settings, session.begin(Purpose::Apply)).await.map_err(Stop::Early)?;
    let locked = within(settings, session.read_row(ground, Purpose::Apply)).await.map_err(Stop::Early)?;
    let Comparison { decision, checks: compared } = guard::compare(job, locked.as_ref());
    checks.extend(compared);

    let inserted = within(settings, session.insert_receipt(receipts, job, &decision)).await;
    match inserted.map_err(Stop::Early)? {
        Inserted::Yes => checks.push(Check::held(Check::IDEMPOTENCY_KEY)),
        Inserted::Duplicate => return Err(Stop::Duplicate),
    }
    let written = match decision {
        Decision::Conflict { code, changed_columns } => Written::Conflict { code, changed_columns },
        Decision::Apply => update_and_prove(session, settings, ground, reviewed, job, checks).await?,
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
    reviewed: &Reviewed,
    job: &WritebackJob,
    checks: &mut Vec<Check>,
) -> Result<Written, Stop> {
    let changed = within(settings, session.update_row(ground)).await?;
    // The statement's own lock keeps the table as it is from here to COMMIT: what acted is what is found now.
    let acted = within(settings, session.effects(&reviewed.site)).await;
    acted.and_then(|found| reviewed.check(&found)).map_err(Stop::Drifted)?;
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

/// S7 and S8. Every error here leaves open what happened, also one that reads like a refusal.
async fn commit<S: Session>(
    place: Place<'_, S>,
    settings: &WriteSettings,
    job: &WritebackJob,
    written: Written,
) -> Result<Try, Obstacle> {
    let Place { mut session, receipts, .. } = place;
    let fault = match within(settings, session.commit()).await {
        Ok(()) => match within(settings, session.read_receipt(&receipts, job)).await {
            Ok(Some(receipt)) => {
                abandon(session).await;
                return written.confirmed_by(receipt.settles(job)).map(Try::Ended);
            }
            Ok(None) => {
                Fault::new(FaultClass::Broken, &"COMMIT was answered, but no receipt of ours is there")
            }
            // The look failed, not the COMMIT: whatever it says, it refuses nothing.
            Err(Fault { .. }) => Fault { class: FaultClass::Broken },
        },
        Err(fault) => fault,
    };
    abandon(session).await;
    Ok(Try::Unclear { written, fault })
}

/// What a rolled-back transaction means.
async fn stopped<S: Session>(
    settings: &WriteSettings,
    job: &WritebackJob,
    stop: Stop,
    checks: &mut Vec<Check>,
) -> Result<Ending, Obstacle> {
    match stop {
        Stop::Early(fault) => Err(fault.into()),
        Stop::Told => Err(Obstacle::Stopped),
        Stop::Drifted(obstacle) => Err(obstacle),
        Stop::Late(fault) => Ending::refused(fault),
        Stop::Refused { code, changed_columns } => Ok(Ending::Failed { code, changed_columns }),
        // On a new connection: the old one has seen an error.
        Stop::Duplicate => match recorded::<S>(settings, job).await? {
            Some(settlement) => Ending::settled(settlement, checks),
            None => {
                let gone = "the receipt that stood in the way was never committed";
                Err(Fault::new(FaultClass::Transient, &gone).into())
            }
        },
    }
}

/// Ends a connection. One that no longer answers is dropped after a moment, which rolls back as well.
pub(crate) async fn abandon<S: Session>(session: S) {
    if tokio::time::timeout(ABANDON_AFTER, session.abandon()).await.is_err() {
        tracing::debug!("a connection did not answer ROLLBACK and was dropped");
    }
}
