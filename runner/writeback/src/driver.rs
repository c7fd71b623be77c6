//! The driver: performs at a real source what the machine asks for, and says what came of it.
//!
//! Invariant: no decision is made here. Every limit on waiting is.

use std::time::Duration;

use synapsor_config::ReceiptsMode;
use synapsor_protocol::WritebackJob;

use crate::action::{Action, Next, Step};
use crate::classify::FaultClass;
use crate::desk::WriteSettings;
use crate::effects::Reviewed;
use crate::engine::{Purpose, Session, connected, within};
use crate::error::{Fault, Obstacle};
use crate::event::Event;
use crate::look::Look;
use crate::machine::Apply;
use crate::receipts::{self, ReceiptsTable, Settlement};
use crate::statement::Ground;
use crate::stop::StopSignal;

/// How long a connection may take to roll back before it is dropped.
const ABANDON_AFTER: Duration = Duration::from_secs(2);

/// Takes an apply on, from this step at the source to its next action elsewhere.
pub(crate) async fn drive<S: Session>(
    settings: &WriteSettings,
    job: &WritebackJob,
    reviewed: &Reviewed,
    stop: &StopSignal,
    mut apply: Apply,
    mut step: Step,
) -> (Apply, Action) {
    let mut place = Place::<S>::new(settings, job, Some(reviewed));
    loop {
        let performed = place.perform(&step);
        let event = if apply.heeds_stop() {
            stop.unless_requested(performed).await.unwrap_or(Event::ToldToStop)
        } else {
            performed.await
        };
        match apply.step(event) {
            (next, Action::Source(asked)) => (apply, step) = (next, asked),
            elsewhere => return elsewhere,
        }
    }
}

/// What the source itself has recorded for the job, asked on a connection of its own.
pub(crate) async fn recorded<S: Session>(
    settings: &WriteSettings,
    job: &WritebackJob,
) -> Result<Option<Settlement>, Obstacle> {
    let mut place = Place::<S>::new(settings, job, None);
    let (mut look, mut step) = Look::begin();
    loop {
        match look.step(place.perform(&step).await) {
            Next::Step(next, asked) => (look, step) = (next, asked),
            Next::Over(found) => return found,
        }
    }
}

/// Ends a connection. One that no longer answers is dropped after a moment, which rolls back as well.
pub(crate) async fn abandon<S: Session>(session: S) {
    if tokio::time::timeout(ABANDON_AFTER, session.abandon()).await.is_err() {
        tracing::debug!("a connection did not answer ROLLBACK and was dropped");
    }
}

/// A connection, and what was found on it.
struct Place<'a, S> {
    settings: &'a WriteSettings,
    job: &'a WritebackJob,
    /// What the config says of the target; a look asks nothing about it.
    reviewed: Option<&'a Reviewed>,
    session: Option<S>,
    receipts: Option<ReceiptsTable>,
    ground: Option<Ground>,
}

impl<'a, S: Session> Place<'a, S> {
    fn new(settings: &'a WriteSettings, job: &'a WritebackJob, reviewed: Option<&'a Reviewed>) -> Self {
        Self { settings, job, reviewed, session: None, receipts: None, ground: None }
    }

    async fn perform(&mut self, step: &Step) -> Event {
        let performed = match step {
            Step::Rest { pause_ms } => self.rest(*pause_ms).await,
            Step::Connect => self.connect().await,
            Step::Abandon => self.abandon().await,
            Step::Inspect | Step::FindEffects | Step::MakeReceiptsTable => self.look_around(step).await,
            _ => self.transact(step).await,
        };
        performed.unwrap_or_else(Event::Failed)
    }

    async fn rest(&mut self, pause_ms: u64) -> Result<Event, Obstacle> {
        tracing::warn!(job = %self.job.job_id, "the answer to COMMIT is unclear; the same job runs again");
        self.session = None;
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        Ok(Event::Done)
    }

    async fn connect(&mut self) -> Result<Event, Obstacle> {
        self.session = None;
        self.session = Some(connected::<S>(self.settings).await?);
        Ok(Event::Done)
    }

    async fn abandon(&mut self) -> Result<Event, Obstacle> {
        if let Some(session) = self.session.take() {
            abandon(session).await;
        }
        Ok(Event::Done)
    }

    /// Outside the transaction: the target, and what the config says of it.
    async fn look_around(&mut self, step: &Step) -> Result<Event, Obstacle> {
        let Self { settings, job, .. } = *self;
        let session = self.session.as_mut().ok_or_else(out_of_turn)?;
        let reviewed = self.reviewed.ok_or_else(out_of_turn)?;
        match step {
            Step::FindEffects => {
                let found = within(settings, session.effects(&reviewed.site)).await?;
                return Ok(Event::effects(reviewed, &found));
            }
            Step::MakeReceiptsTable if reviewed.receipts == ReceiptsMode::Precreated => {
                return Err(Obstacle::NotPrecreated);
            }
            Step::MakeReceiptsTable => {
                let made = within(settings, session.receipts_table(true)).await?;
                self.receipts = Some(made.ok_or(Obstacle::NoReceiptsTable)?);
            }
            _ => self.ground = Some(within(settings, session.inspect(job)).await?),
        }
        Ok(Event::Done)
    }

    /// On the connection: the receipt, and the transaction.
    async fn transact(&mut self, step: &Step) -> Result<Event, Obstacle> {
        let Self { settings, job, .. } = *self;
        let session = self.session.as_mut().ok_or_else(out_of_turn)?;
        let (receipts, ground) = (self.receipts.as_ref(), self.ground.as_ref());
        Ok(match step {
            Step::FindReceiptsTable => {
                let found = within(settings, session.receipts_table(false)).await?;
                let event = Event::ReceiptsTable { found: found.is_some() };
                self.receipts = found;
                event
            }
            Step::ReadReceipt => {
                let receipts = receipts.ok_or_else(out_of_turn)?;
                Event::receipt(job, within(settings, session.read_receipt(receipts, job)).await?.as_ref())
            }
            Step::Begin => within(settings, session.begin(Purpose::Apply)).await.map(|()| Event::Done)?,
            Step::Lock => {
                let ground = ground.ok_or_else(out_of_turn)?;
                let row = within(settings, session.read_row(ground, Purpose::Apply)).await?;
                let redaction = self.reviewed.and_then(|reviewed| reviewed.redaction.as_ref());
                Event::locked(job, row.as_ref(), redaction)
            }
            Step::InsertReceipt(decision) => {
                let table = receipts.ok_or_else(out_of_turn)?;
                let values = receipts::values(job, decision);
                Event::Inserted(within(settings, session.insert_receipt(table, &values)).await?)
            }
            Step::Update => {
                let ground = ground.ok_or_else(out_of_turn)?;
                Event::Updated(within(settings, session.update_row(ground)).await?)
            }
            Step::ReadBack { warned } => {
                let ground = ground.ok_or_else(out_of_turn)?;
                let row = within(settings, session.read_row(ground, Purpose::ReadBack)).await?;
                Event::stored(job, row.as_ref(), *warned)
            }
            Step::CheckAlive => within(settings, session.check_alive()).await.map(|()| Event::Done)?,
            Step::Commit => within(settings, session.commit()).await.map(|()| Event::Done)?,
            _ => return Err(out_of_turn()),
        })
    }
}

/// A step came before the one it stands on; the machine's order makes that impossible.
fn out_of_turn() -> Obstacle {
    Fault::new(FaultClass::Broken, &"a step of the writeback was asked for out of turn").into()
}
