//! A world, and every way it can move on.

use synapsor_protocol::ProposalState;
use synapsor_protocol::proposal::Move as Decision;

use super::ledger::Ledger;
use super::runner::{Connection, Errand, Mishap, Runner};
use super::source::{Row, Source, Transaction};
use super::{REVIEWED, Setting, invariants};
use crate::action::{Action, Step};

/// Runners, a source and a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) runners: Vec<Runner>,
    pub(super) source: Source,
    pub(super) ledger: Ledger,
}

/// One way it can move on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// A runner without work takes a proposal up.
    Start { runner: usize, proposal: usize },
    /// A runner performs what its machine asks for.
    Act { runner: usize, mishap: Mishap },
    /// A COMMIT that was on its way arrives.
    Land { transaction: usize },
    /// The server notices that a client is gone.
    RollBack { transaction: usize },
    /// The server closes a connection, as it does to one that was idle for too long.
    Disconnect { runner: usize },
    /// The server gives a transaction up, and its COMMIT will report success.
    Abort { runner: usize },

    /// Somebody else writes a row.
    Write { row: usize, after: Row },
    /// The server goes down, and with it what was not committed.
    ServerDown,
    /// It is back.
    ServerUp,
    /// Somebody copies the source.
    SaveSource,
    /// The source is set back to the copy.
    RestoreSource,
    /// The receipts table is dropped, or made.
    Table { there: bool },
    /// A person decides.
    Decide { proposal: usize, decision: Decision },
    /// The ledger's disk is full, or no longer.
    LedgerFull { full: bool },
    /// Somebody copies the ledger.
    SaveLedger,
    /// The ledger is set back to the copy.
    RestoreLedger,
}

impl World {
    pub(super) fn new(
        runners: usize,
        proposals: usize,
        rows: usize,
        state: ProposalState,
        table: bool,
    ) -> Self {
        Self {
            runners: vec![Runner::new(proposals); runners],
            source: Source::new(rows, table),
            ledger: Ledger::new(proposals, state),
        }
    }

    /// Moves on, and checks that all is well.
    pub(super) fn go(&mut self, setting: &Setting, step: Move) -> Result<(), String> {
        let before = self.ledger.entries.clone();
        match step {
            Move::Start { runner, proposal } => {
                let runner = &mut self.runners[runner];
                runner.errand.get_or_insert_with(|| Errand::new(proposal));
            }
            Move::Act { runner, mishap } => self.act(setting, runner, mishap)?,
            Move::Land { transaction } => {
                // Nobody is there to hear what it says.
                let _ = self.source.commit(setting, transaction);
            }
            Move::RollBack { transaction } => drop(self.source.open.remove(transaction)),
            Move::Disconnect { runner } => {
                self.source.roll_back(runner);
                self.runners[runner].connection = Connection::Dead;
            }
            Move::Abort { runner } => {
                if let Some(open) = self.source.transaction_of(runner) {
                    open.aborted = true;
                }
            }
            Move::Write { row, after } => self.source.write_as_somebody_else(setting, row, after),
            Move::ServerDown => {
                self.source.restart();
                self.source.down = true;
                self.disconnect_all();
            }
            Move::ServerUp => self.source.down = false,
            Move::SaveSource => self.source.save(),
            Move::RestoreSource => {
                if self.source.restore() {
                    self.disconnect_all();
                }
            }
            // Nobody drops a table with receipts in it but by restoring a copy.
            Move::Table { there } => self.source.table = there || !self.source.receipts.is_empty(),
            Move::Decide { proposal, decision } => self.ledger.decide(proposal, decision),
            Move::LedgerFull { full } => self.ledger.full = full,
            Move::SaveLedger => self.ledger.save(),
            Move::RestoreLedger => {
                self.ledger.restore();
                return invariants::of_the_world(self, setting);
            }
        }
        invariants::of_the_move(&before, &self.ledger.entries)?;
        invariants::of_the_world(self, setting)
    }

    fn disconnect_all(&mut self) {
        for runner in &mut self.runners {
            runner.connection = Connection::Dead;
        }
    }

    /// What goes on by itself: runners that run, and a server that notices. Empty is a world at rest.
    pub(super) fn moves_by_itself(&self, setting: &Setting, moves: &mut Vec<Move>) {
        for (at, runner) in self.runners.iter().enumerate() {
            match &runner.errand {
                None => {
                    let unheard = (0..runner.heard.len()).filter(|proposal| !runner.heard[*proposal]);
                    moves.extend(unheard.map(|proposal| Move::Start { runner: at, proposal }));
                }
                Some(errand) if self.waits(setting, at, errand) => {}
                Some(_) => moves.push(Move::Act { runner: at, mishap: Mishap::None }),
            }
        }
        for (transaction, open) in self.source.open.iter().enumerate() {
            if open.runner.is_none() {
                moves.push(Move::RollBack { transaction });
            }
            if open.in_flight {
                moves.push(Move::Land { transaction });
            }
        }
    }

    /// What can go wrong now.
    pub(super) fn mishaps(&self, moves: &mut Vec<Move>) {
        for (runner, Runner { errand, connection, .. }) in self.runners.iter().enumerate() {
            let Some(errand) = errand else { continue };
            let mut act = |mishap| moves.push(Move::Act { runner, mishap });
            act(Mishap::Fails);
            act(Mishap::LosesItsAnswer);
            act(Mishap::KillsBefore);
            act(Mishap::KillsAfter);
            if errand.apply.heeds_stop() {
                act(Mishap::ToldToStop);
            }
            if errand.action == Action::Source(Step::Commit) && *connection == Connection::Live {
                act(Mishap::ComesLate);
            }
            if *connection == Connection::Live {
                moves.push(Move::Disconnect { runner });
            }
            let alive = |open: &Transaction| open.runner == Some(runner) && !open.aborted;
            if self.source.open.iter().any(alive) {
                moves.push(Move::Abort { runner });
            }
        }
    }

    /// Whether a row may be set back to what was reviewed.
    pub(super) fn reviewed(&self, row: usize) -> bool {
        self.source.rows[row] == REVIEWED
    }

    /// A line of a story: what happens next, and to what.
    pub(super) fn told(&self, step: Move) -> String {
        match step {
            Move::Act { runner, mishap } => {
                let action = self.runners[runner].errand.as_ref().map(|errand| &errand.action);
                format!(
                    "runner {runner}: {} {mishap:?}",
                    action.map_or_else(String::new, |a| format!("{a:?}"))
                )
            }
            other => format!("{other:?}"),
        }
    }
}
