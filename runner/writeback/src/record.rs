//! Where an apply is on record: in a ledger at hand, or in the hands of a control plane that assigned it.
//!
//! Invariant: an assignment is a copy of what the control plane has recorded already, lease and intent included; what the apply
//! comes to is kept here until somebody carries it back.

use std::sync::{Arc, Mutex, PoisonError};

use synapsor_ledger::{Error, Finished, Ledger, Start, StoredProposal};
use synapsor_protocol::fleet::{Assignment, AttemptEnd};
use synapsor_protocol::{
    ChangeSet, Code, Decision, Event, ProposalId, Receipt, RowKey, WritebackJob, proposal::Move,
};

/// What an apply needs of a record, and where it gets it.
pub(crate) enum Record {
    /// This machine's ledger.
    Ledger(Ledger),
    /// One job of a ledger elsewhere.
    Assigned(Arc<Assigned>),
}

/// One job of a ledger elsewhere.
pub(crate) struct Assigned {
    assignment: Assignment,
    stored: StoredProposal,
    progress: Mutex<Progress>,
}

/// How far the apply of an assignment has come.
#[derive(Debug, Default, Clone)]
pub(crate) struct Progress {
    /// Whether the source may have been touched.
    pub(crate) started: bool,
    /// What is to be carried back.
    pub(crate) end: Option<AttemptEnd>,
}

impl Assigned {
    /// An assignment that was admitted, with the proposal as it was handed out.
    pub(crate) fn new(assignment: Assignment, stored: StoredProposal) -> Self {
        Self { assignment, stored, progress: Mutex::default() }
    }

    pub(crate) fn progress(&self) -> Progress {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, note: impl FnOnce(&mut Progress)) {
        note(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn check(&self, id: &ProposalId) -> Result<(), Error> {
        if self.assignment.proposal.proposal_id == *id { Ok(()) } else { Err(ANOTHER) }
    }
}

impl Record {
    /// The ledger, for what only a person at it may do.
    pub(crate) fn ledger(&self) -> Result<&Ledger, Error> {
        match self {
            Self::Ledger(ledger) => Ok(ledger),
            Self::Assigned(_) => Err(Error::Invariant { what: "a worker was asked for a ledger" }),
        }
    }

    pub(crate) async fn proposal(&self, id: &ProposalId) -> Result<StoredProposal, Error> {
        match self {
            Self::Ledger(ledger) => ledger.proposal(id).await,
            Self::Assigned(assigned) => assigned.check(id).map(|()| assigned.stored.clone()),
        }
    }

    /// What happened to a proposal so far.
    pub(crate) async fn events(&self, id: &ProposalId) -> Result<Vec<Event>, Error> {
        match self {
            Self::Ledger(ledger) => Ok(ledger.replay(id).await?.events),
            Self::Assigned(assigned) => assigned.check(id).map(|()| assigned.assignment.events.clone()),
        }
    }

    /// What people decided about a proposal.
    pub(crate) async fn decisions(&self, id: &ProposalId) -> Result<Vec<Decision>, Error> {
        match self {
            Self::Ledger(ledger) => Ok(ledger.replay(id).await?.decisions),
            Self::Assigned(assigned) => {
                assigned.check(id).map(|()| vec![assigned.assignment.approval.clone()])
            }
        }
    }

    pub(crate) async fn start_writeback(&self, id: &ProposalId, runner_id: &str) -> Result<Start, Error> {
        match self {
            Self::Ledger(ledger) => ledger.start_writeback(id, runner_id).await,
            Self::Assigned(assigned) => {
                assigned.check(id)?;
                assigned.note(|progress| progress.started = true);
                Ok(Start::Run(assigned.assignment.job.clone()))
            }
        }
    }

    pub(crate) async fn interrupt_writeback(&self, job: &WritebackJob, code: Code) -> Result<(), Error> {
        match self {
            Self::Ledger(ledger) => ledger.interrupt_writeback(job, code).await,
            Self::Assigned(assigned) => {
                assigned.check(&job.proposal_id)?;
                assigned.note(|progress| progress.end = Some(AttemptEnd::CameToNothing { code }));
                Ok(())
            }
        }
    }

    pub(crate) async fn finish_writeback(&self, receipt: &Receipt) -> Result<Finished, Error> {
        match self {
            Self::Ledger(ledger) => ledger.finish_writeback(receipt).await,
            Self::Assigned(assigned) => {
                assigned.check(&receipt.proposal_id)?;
                assigned.note(|progress| progress.end = Some(AttemptEnd::Receipt(Box::new(receipt.clone()))));
                let state = assigned.stored.state.next(Move::Finish(receipt.outcome)).ok_or(ANOTHER)?;
                let proposal = StoredProposal { state, ..assigned.stored.clone() };
                Ok(Finished { proposal, receipt: receipt.clone() })
            }
        }
    }

    /// The key under which the redacted columns of a change's row are compared. The one it is made of never leaves its ledger.
    pub(crate) async fn row_key(&self, change: &ChangeSet) -> Result<RowKey, Error> {
        match self {
            Self::Ledger(ledger) => {
                let key = ledger.redaction_key().await?;
                key.of_row(&change.target.redacted_row(&change.tenant)).map_err(|_| NO_KEY)
            }
            Self::Assigned(assigned) => assigned.assignment.row_key.clone().ok_or(NO_KEY),
        }
    }
}

const NO_KEY: Error = Error::Invariant { what: "a row with redacted columns has no key" };

const ANOTHER: Error = Error::Invariant { what: "an apply asked for another proposal than the assigned one" };
