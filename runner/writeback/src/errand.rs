//! The errand: one apply under way at a desk. Performs in the ledger what the machine asks for, sends it to the source, and
//! says in the end what it came to.
//!
//! Invariant: no decision is made here.

use synapsor_ledger::Start;
use synapsor_protocol::{Outcome, ProposalId, SourceChanged, WritebackJob};

use crate::action::{Action, Entry, Step, Verdict};
use crate::apply::obstructed;
use crate::desk::{Desk, WriteSettings};
use crate::effects::Reviewed;
use crate::engine;
use crate::error::Error;
use crate::event::Event;
use crate::history::earlier_attempts_came_to_nothing;
use crate::machine::Apply;
use crate::report::{ApplyReport, Check};

/// One apply, and what the ledger has said of it.
pub(crate) struct Errand<'a> {
    desk: &'a Desk,
    id: &'a ProposalId,
    writer: &'a WriteSettings,
    reviewed: &'a Reviewed,
    /// The answer to the claim.
    claimed: Option<Start>,
    /// The last answer that was an end or an error.
    answered: Option<Result<ApplyReport, Error>>,
}

impl<'a> Errand<'a> {
    /// One that has not begun.
    pub(crate) fn new(
        desk: &'a Desk,
        id: &'a ProposalId,
        writer: &'a WriteSettings,
        reviewed: &'a Reviewed,
    ) -> Self {
        Self { desk, id, writer, reviewed, claimed: None, answered: None }
    }

    /// One entry in the ledger.
    pub(crate) async fn at_the_ledger(&mut self, entry: Entry) -> Event {
        self.enter(entry).await.unwrap_or_else(|error| {
            self.answered = Some(Err(error));
            Event::LedgerRefused
        })
    }

    async fn enter(&mut self, entry: Entry) -> Result<Event, Error> {
        let (record, desk) = (&self.desk.record, self.desk);
        Ok(match entry {
            Entry::Claim => {
                let claimed = record.start_writeback(self.id, &desk.runner_id).await?;
                let event = match &claimed {
                    Start::Run(_) => Event::Claimed,
                    Start::Settled { .. } => Event::SettledBefore,
                };
                self.claimed = Some(claimed);
                event
            }
            Entry::Record(attempt) => {
                let report = desk.record(self.job()?, attempt).await?;
                self.answered = Some(Ok(report));
                Event::Done
            }
            Entry::WeighEarlierAttempts => {
                let events = record.events(self.id).await?;
                let came_to_nothing = earlier_attempts_came_to_nothing(&events, self.job()?.attempt);
                Event::EarlierAttempts { came_to_nothing }
            }
            Entry::Interrupt(code) => {
                record.interrupt_writeback(self.job()?, code).await?;
                Event::Done
            }
        })
    }

    /// From a step at the source to the next action elsewhere.
    pub(crate) async fn at_the_source(&mut self, apply: Apply, step: Step) -> (Apply, Action) {
        match self.job() {
            Ok(job) => engine::drive(self.writer, job, self.reviewed, &self.desk.stop, apply, step).await,
            Err(error) => {
                self.answered = Some(Err(error));
                (Apply::Over, Action::End(Verdict::AsTheLedgerSaid))
            }
        }
    }

    /// What the apply came to.
    pub(crate) fn answer(self, verdict: Verdict) -> Result<ApplyReport, Error> {
        let source_name = self.writer.name.clone();
        match verdict {
            Verdict::AsTheLedgerSaid => {
                self.answered.unwrap_or_else(|| Err(invariant("the ledger said nothing")))
            }
            Verdict::Confirmed => self.confirmed(),
            Verdict::Regressed => Err(Error::Regressed { proposal: self.id.to_string(), source_name }),
            Verdict::Obstructed(obstacle) => Err(obstructed(self.job()?, obstacle)),
            Verdict::Unsettled(obstacle) => Err(Error::Unsettled { source_name, obstacle }),
        }
    }

    fn confirmed(self) -> Result<ApplyReport, Error> {
        let Some(Start::Settled { job, receipt }) = self.claimed else {
            return Err(invariant("confirmed what the ledger had not settled"));
        };
        Ok(ApplyReport {
            proposal_id: job.proposal_id,
            outcome: Some(Outcome::AlreadyApplied),
            dry_run: false,
            would: None,
            receipt: Some(receipt),
            checks: vec![Check::held(Check::IDEMPOTENCY_KEY)],
            source_changed: SourceChanged::No,
        })
    }

    fn job(&self) -> Result<&WritebackJob, Error> {
        match &self.claimed {
            Some(Start::Run(job) | Start::Settled { job, .. }) => Ok(job),
            None => Err(invariant("a step before the claim")),
        }
    }
}

fn invariant(what: &'static str) -> Error {
    Error::Ledger(synapsor_ledger::Error::Invariant { what })
}
