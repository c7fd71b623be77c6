//! A simulated ledger: the rules of `synapsor-ledger` about intents, ends and interruptions, without its file.
//!
//! Where a proposal may go from where it stands is the real table of moves.

use synapsor_protocol::proposal::Move;
use synapsor_protocol::{Outcome, ProposalState};

/// What the ledger holds about one proposal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Entry {
    pub(super) state: ProposalState,
    /// Attempts begun.
    pub(super) attempts: u32,
    /// The latest attempt has no end on record.
    pub(super) open: bool,
    /// Attempts that came to nothing.
    pub(super) interrupted: Vec<u32>,
    /// How attempts ended, oldest first.
    pub(super) receipts: Vec<Recorded>,
}

/// A receipt on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Recorded {
    pub(super) attempt: u32,
    pub(super) outcome: Outcome,
}

impl Recorded {
    /// Whether it says that this attempt changed the row.
    pub(super) fn claims_the_change(self) -> bool {
        self.outcome == Outcome::Applied
    }
}

/// The answer to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// Run it, as this attempt.
    Run(u32),
    /// It is applied already.
    Settled,
    /// Not approved, or over.
    Refused,
}

/// The record of what was decided and done.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Ledger {
    pub(super) full: bool,
    pub(super) entries: Vec<Entry>,
    /// It has been set back to an older copy.
    pub(super) restored: bool,
    saved: Option<Vec<Entry>>,
}

impl Ledger {
    /// A ledger with this many proposals.
    pub(super) fn new(proposals: usize, state: ProposalState) -> Self {
        let entry = Entry { state, attempts: 0, open: false, interrupted: Vec::new(), receipts: Vec::new() };
        Self { full: false, entries: vec![entry; proposals], restored: false, saved: None }
    }

    /// L1; the flawed one takes up what ended in a conflict, and the forgetful one writes nothing down.
    pub(super) fn claim(&mut self, proposal: usize, forgets: bool, retries_conflict: bool) -> Claim {
        let entry = &mut self.entries[proposal];
        if entry.state == ProposalState::Applied {
            return Claim::Settled;
        }
        let again = retries_conflict && entry.state == ProposalState::Conflict;
        if !may_end(entry.state) && !again {
            return Claim::Refused;
        }
        if forgets {
            return Claim::Run(entry.attempts + 1);
        }
        if again {
            entry.state = ProposalState::Approved;
        }
        entry.attempts += 1;
        entry.open = true;
        Claim::Run(entry.attempts)
    }

    /// L2; the receipt that stands, or the ledger's no.
    pub(super) fn finish(&mut self, proposal: usize, receipt: Recorded) -> Option<Recorded> {
        let entry = &mut self.entries[proposal];
        if entry.attempts == 0 {
            return None;
        }
        let settled = |outcome| matches!(outcome, Outcome::Applied | Outcome::AlreadyApplied);
        let agrees = |earlier: &&Recorded| match entry.state {
            ProposalState::Applied => settled(earlier.outcome) && settled(receipt.outcome),
            ProposalState::Conflict | ProposalState::Failed => earlier.outcome == receipt.outcome,
            _ => false,
        };
        if let Some(standing) = entry.receipts.iter().rfind(agrees) {
            return Some(*standing);
        }
        entry.state = entry.state.next(Move::Finish(receipt.outcome))?;
        entry.open = false;
        entry.receipts.push(receipt);
        Some(receipt)
    }

    pub(super) fn interrupt(&mut self, proposal: usize, attempt: u32) {
        let entry = &mut self.entries[proposal];
        if !may_end(entry.state) {
            return;
        }
        entry.interrupted.push(attempt);
        if entry.attempts == attempt {
            entry.open = false;
        }
    }

    /// A person decides, as far as the ledger lets them.
    pub(super) fn decide(&mut self, proposal: usize, decision: Move) {
        let entry = &mut self.entries[proposal];
        let refused = self.full || (decision == Move::Reject && entry.open);
        if let Some(next) = entry.state.next(decision).filter(|_| !refused) {
            entry.state = next;
        }
    }

    pub(super) fn save(&mut self) {
        self.saved = Some(self.entries.clone());
    }

    /// Back to the older copy, if somebody made one.
    pub(super) fn restore(&mut self) {
        if let Some(saved) = self.saved.take() {
            (self.entries, self.restored) = (saved, true);
        }
    }
}

fn may_end(state: ProposalState) -> bool {
    state.next(Move::Finish(Outcome::Applied)).is_some()
}
