//! A simulated runner: the machine, and a driver that performs what it asks for in a simulated world.

use synapsor_protocol::{EventKind, Outcome};

use super::flaw::Flaw;
use super::ledger::{Claim, Recorded};
use super::world::World;
use super::{Setting, invariants};
use crate::action::{Action, Entry, Step, Verdict};
use crate::classify::FaultClass;
use crate::engine::Changed;
use crate::error::{Fault, Obstacle};
use crate::event::Event;
use crate::guard::Decision;
use crate::history::{self, earlier_attempts_came_to_nothing};
use crate::machine::Apply;
use crate::receipts::Settlement;

/// A process that applies, one proposal at a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Runner {
    pub(super) errand: Option<Errand>,
    pub(super) connection: Connection,
    /// A person wants it to end.
    pub(super) told_to_stop: bool,
    /// For each proposal, whether it has heard how it ended.
    pub(super) heard: Vec<bool>,
}

/// Its connection to the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Connection {
    None,
    Live,
    /// The server has closed it, or it broke.
    Dead,
}

/// One apply under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Errand {
    pub(super) proposal: usize,
    /// As the ledger counted it; none where it was settled before.
    pub(super) attempt: u32,
    pub(super) apply: Apply,
    pub(super) action: Action,
    /// What the transaction decided, once its COMMIT is sent; only flaws care.
    committed: Option<Settlement>,
    /// The ledger's last answer says how the proposal ended.
    answer: Option<Recorded>,
    /// The ledger will never let this be applied.
    refused: bool,
}

impl Errand {
    pub(super) fn new(proposal: usize) -> Self {
        let (apply, action) = Apply::begin();
        Self { proposal, attempt: 0, apply, action, committed: None, answer: None, refused: false }
    }
}

impl Runner {
    pub(super) fn new(proposals: usize) -> Self {
        Self {
            errand: None,
            connection: Connection::None,
            told_to_stop: false,
            heard: vec![false; proposals],
        }
    }
}

/// What became of one action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mishap {
    /// Nothing of the kind.
    None,
    /// It is not performed, and an error is the answer.
    Fails,
    /// It is performed, and an error is the answer.
    LosesItsAnswer,
    /// A COMMIT is on its way, and an error is the answer.
    ComesLate,
    /// The runner dies before it.
    KillsBefore,
    /// The runner dies after it.
    KillsAfter,
    /// The runner is told to stop before it.
    ToldToStop,
}

impl World {
    /// Whether an apply's next step waits for somebody else's transaction.
    pub(super) fn waits(&self, setting: &Setting, at: usize, errand: &Errand) -> bool {
        let live = self.runners[at].connection == Connection::Live;
        let row = setting.changes[errand.proposal].row;
        live && match errand.action {
            Action::Source(Step::Lock) => self.source.row_is_locked(setting, at, row),
            Action::Source(Step::InsertReceipt(_)) => {
                self.source.key_is_pending(setting, at, errand.proposal)
            }
            _ => false,
        }
    }

    /// One action of one runner.
    pub(super) fn act(&mut self, setting: &Setting, at: usize, mishap: Mishap) -> Result<(), String> {
        let Some(mut errand) = self.runners[at].errand.take() else { return Ok(()) };
        self.runners[at].told_to_stop |= mishap == Mishap::ToldToStop;
        if mishap == Mishap::KillsBefore {
            self.die(at);
            return Ok(());
        }
        let event = if self.runners[at].told_to_stop && errand.apply.heeds_stop() {
            Event::ToldToStop
        } else {
            match mishap {
                Mishap::Fails => lost(setting, &errand),
                Mishap::ComesLate => self.send_commit(setting, at),
                // Who waits for a lock gives up.
                _ if self.waits(setting, at, &errand) => fault(FaultClass::Transient),
                _ => self.perform(setting, at, &mut errand)?,
            }
        };
        if mishap == Mishap::KillsAfter {
            self.die(at);
            return Ok(());
        }
        let broke = matches!(mishap, Mishap::Fails | Mishap::LosesItsAnswer);
        if broke && self.runners[at].connection == Connection::Live {
            self.runners[at].connection = Connection::Dead;
        }
        let event = if mishap == Mishap::LosesItsAnswer { lost(setting, &errand) } else { event };
        self.tell(setting, at, errand, event)
    }

    /// The machine hears what came of it, and asks for the next.
    fn tell(&mut self, setting: &Setting, at: usize, mut errand: Errand, event: Event) -> Result<(), String> {
        let event = bent(setting, &errand, event);
        (errand.apply, errand.action) = errand.apply.step(event);
        if !matches!(&errand.action, Action::Source(step) if !matches!(step, Step::Connect | Step::Rest { .. }))
        {
            self.source.lose_client(at);
            self.runners[at].connection = Connection::None;
        }
        let Action::End(verdict) = &errand.action else {
            self.runners[at].errand = Some(errand);
            return Ok(());
        };
        invariants::what_was_said(self, errand.proposal, errand.attempt, verdict, errand.answer)?;
        let ended = match verdict {
            Verdict::AsTheLedgerSaid => {
                errand.refused || errand.answer.is_some_and(|receipt| receipt.outcome != Outcome::Unknown)
            }
            Verdict::Confirmed | Verdict::Regressed => true,
            Verdict::Obstructed(_) | Verdict::Unsettled(_) => false,
        };
        self.runners[at].heard[errand.proposal] |= ended;
        // Who was told to stop has ended, and is started again.
        self.runners[at].told_to_stop = false;
        Ok(())
    }

    pub(super) fn die(&mut self, at: usize) {
        self.source.lose_client(at);
        let runner = &mut self.runners[at];
        (runner.errand, runner.connection, runner.told_to_stop) = (None, Connection::None, false);
    }

    fn send_commit(&mut self, setting: &Setting, at: usize) -> Event {
        if let Some(open) = self.source.transaction_of(at) {
            open.in_flight = true;
        }
        self.source.lose_client(at);
        self.runners[at].connection = Connection::Dead;
        no_answer_to_commit(setting)
    }

    fn perform(&mut self, setting: &Setting, at: usize, errand: &mut Errand) -> Result<Event, String> {
        match errand.action.clone() {
            Action::Ledger(entry) => Ok(self.enter(setting, errand, entry)),
            Action::Source(step) => Ok(self.step(setting, at, errand, &step)),
            Action::End(_) => Err("an ended apply goes on".into()),
        }
    }

    fn enter(&mut self, setting: &Setting, errand: &mut Errand, entry: Entry) -> Event {
        let proposal = errand.proposal;
        if self.ledger.full && entry != Entry::WeighEarlierAttempts {
            return Event::LedgerRefused;
        }
        match entry {
            Entry::Claim => {
                let forgets = setting.has(Flaw::ForgetsTheClaim);
                match self.ledger.claim(proposal, forgets, setting.has(Flaw::RetriesAfterConflict)) {
                    Claim::Run(attempt) => {
                        errand.attempt = attempt;
                        Event::Claimed
                    }
                    Claim::Settled if setting.has(Flaw::ReappliesWhatIsSettled) => Event::Claimed,
                    Claim::Settled => Event::SettledBefore,
                    Claim::Refused => {
                        errand.refused = true;
                        Event::LedgerRefused
                    }
                }
            }
            Entry::Record(attempt) => {
                let mine = Recorded { attempt: errand.attempt, outcome: attempt.ending.outcome().0 };
                match self.ledger.finish(proposal, mine) {
                    // Who comes second does not say that it changed the row.
                    Some(standing) if standing != mine && standing.claims_the_change() => {
                        errand.answer = Some(Recorded { outcome: Outcome::AlreadyApplied, ..mine });
                        Event::Done
                    }
                    Some(_) => {
                        errand.answer = Some(mine);
                        Event::Done
                    }
                    None => Event::LedgerRefused,
                }
            }
            Entry::WeighEarlierAttempts => {
                let interrupted = &self.ledger.entries[proposal].interrupted;
                let event = |attempt: &u32| history::tests::event(EventKind::WritebackInterrupted, *attempt);
                let events: Vec<_> = interrupted.iter().map(event).collect();
                let came_to_nothing = setting.has(Flaw::ForgetsEarlierAttempts)
                    || earlier_attempts_came_to_nothing(&events, errand.attempt);
                Event::EarlierAttempts { came_to_nothing }
            }
            Entry::Interrupt(_) => {
                self.ledger.interrupt(proposal, errand.attempt);
                Event::Done
            }
        }
    }

    fn step(&mut self, setting: &Setting, at: usize, errand: &mut Errand, step: &Step) -> Event {
        match step {
            Step::Rest { .. } => return Event::Done,
            Step::Connect if self.source.down => return fault(FaultClass::Unreachable),
            Step::Connect => {
                self.runners[at].connection = Connection::Live;
                errand.committed = None;
                return Event::Done;
            }
            Step::Abandon => {
                if self.runners[at].connection == Connection::Live {
                    self.source.roll_back(at);
                }
                self.source.lose_client(at);
                self.runners[at].connection = Connection::None;
                return Event::Done;
            }
            _ if self.runners[at].connection != Connection::Live => return fault(FaultClass::Unreachable),
            Step::Commit => {
                let open = self.source.open.iter().position(|open| open.runner == Some(at));
                let Some(open) = open else { return fault(FaultClass::Broken) };
                return self.source.commit(setting, open).map_or_else(failed, |()| Event::Done);
            }
            _ => {}
        }
        if self.source.transaction_of(at).is_some_and(|open| open.aborted) {
            return fault(FaultClass::Broken);
        }
        self.in_order(setting, at, errand, step).unwrap_or_else(|| fault(FaultClass::Broken))
    }

    /// On a live connection whose transaction, if there is one, is alive.
    fn in_order(&mut self, setting: &Setting, at: usize, errand: &mut Errand, step: &Step) -> Option<Event> {
        let (proposal, change) = (errand.proposal, &setting.changes[errand.proposal]);
        Some(match step {
            Step::FindReceiptsTable => Event::ReceiptsTable { found: self.source.table },
            Step::MakeReceiptsTable => {
                self.source.table = true;
                Event::Done
            }
            Step::ReadReceipt => {
                let found = self.source.receipt(proposal).map(|receipt| receipt.as_read(change));
                Event::receipt(&change.job, found.filter(|_| self.source.table).as_ref())
            }
            Step::Begin => {
                self.source.begin(at, proposal, errand.attempt);
                Event::Done
            }
            Step::Lock => {
                let row = self.source.lock(setting, at)?;
                Event::locked(&change.job, Some(&row.columns(change.row)), None)
            }
            Step::InsertReceipt(decision) => {
                errand.committed = setting.flaw.map(|_| match decision {
                    Decision::Apply => Settlement::Applied,
                    Decision::Conflict { .. } => Settlement::Conflict,
                });
                Event::Inserted(self.source.insert(setting, at, decision)?)
            }
            Step::Update => match self.source.update(setting, at) {
                Ok(()) => Event::Updated(Changed { rows: 1, warnings: 0 }),
                Err(fault) => failed(fault),
            },
            Step::ReadBack { warned } => {
                let row = self.source.row_within(setting, at)?;
                Event::stored(&change.job, Some(&row.columns(change.row)), *warned)
            }
            Step::Inspect | Step::FindEffects | Step::CheckAlive => Event::Done,
            Step::Rest { .. } | Step::Connect | Step::Abandon | Step::Commit => return None,
        })
    }
}

/// What a machine, or a driver, with this flaw would have made of it.
fn bent(setting: &Setting, errand: &Errand, event: Event) -> Event {
    let Some(flaw) = setting.flaw else { return event };
    match (flaw, &errand.action, event) {
        (Flaw::SkipsGuard, _, Event::Locked(mut compared)) => {
            compared.decision = Decision::Apply;
            Event::Locked(compared)
        }
        (Flaw::SkipsReadBack | Flaw::CarriesOnAfterAnError, _, Event::Stored { version, .. }) => {
            Event::Stored { wrong: Vec::new(), version }
        }
        (Flaw::CarriesOnAfterAnError, Action::Source(Step::Update), Event::Failed(_)) => {
            Event::Updated(Changed { rows: 1, warnings: 0 })
        }
        (Flaw::TrustsCommit, Action::Source(Step::ReadReceipt), Event::Receipt(None)) => {
            Event::Receipt(errand.committed)
        }
        (Flaw::RetriesAfterConflict, _, Event::Receipt(Some(Settlement::Conflict)))
            if errand.committed.is_none() =>
        {
            Event::Receipt(None)
        }
        (_, _, event) => event,
    }
}

/// No answer came.
fn lost(setting: &Setting, errand: &Errand) -> Event {
    match &errand.action {
        Action::Ledger(_) => Event::LedgerRefused,
        Action::Source(Step::Rest { .. } | Step::Abandon) => Event::Done,
        Action::Source(Step::Commit) => no_answer_to_commit(setting),
        _ => fault(FaultClass::Unreachable),
    }
}

fn no_answer_to_commit(setting: &Setting) -> Event {
    let taken_for_refusal = setting.has(Flaw::TakesSilenceForRefusal);
    fault(if taken_for_refusal { FaultClass::Constraint } else { FaultClass::Unreachable })
}

fn failed(fault: Fault) -> Event {
    Event::Failed(Obstacle::Fault(fault))
}

fn fault(class: FaultClass) -> Event {
    failed(Fault { class })
}
