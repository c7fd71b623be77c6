//! Worlds drawn from seeds: everything the search leaves out, in larger worlds and longer stories.
//!
//!     cargo nextest run -p synapsor-writeback simulation                          10,000 seeds, and the small scope
//!     SYNAPSOR_SIM_SEED=7 cargo nextest run -p synapsor-writeback seeds           the one, with its story
//!     SYNAPSOR_SIM_SEEDS=1000000 cargo nextest run -p synapsor-writeback seeds    the nightly volume

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fastrand::Rng;
use synapsor_protocol::ProposalState;
use synapsor_protocol::proposal::Move as Decision;

use super::flaw::Flaw;
use super::runner::Mishap;
use super::source::Row;
use super::world::{Move, World};
use super::{Database, REVIEWED, Setting, invariants};

/// Seeds in an ordinary run.
const SEEDS: u64 = 10_000;
/// Moves while things go wrong.
const STORMY_MOVES: usize = 120;
/// Moves after which a world that is left alone must have come to rest.
const CALM_MOVES_MAX: usize = 2_000;

/// One world, and what was drawn for it.
struct Story {
    rng: Rng,
    setting: Setting,
    world: World,
    told: Option<String>,
    moves: usize,
}

impl Story {
    fn new(seed: u64, flaw: Option<Flaw>) -> Self {
        let mut rng = Rng::with_seed(seed);
        let (proposals, rows) = (rng.usize(1..=3), rng.usize(1..=2));
        let databases = [
            Database::Stores,
            Database::Stores,
            Database::Stores,
            Database::RefusesTheUpdate,
            Database::RefusesTheCommit,
            Database::Rewrites,
        ];
        let database = databases[rng.usize(..databases.len())];
        let state = if rng.bool() { ProposalState::Approved } else { ProposalState::PendingReview };
        let world = World::new(rng.usize(2..=3), proposals, rows, state, rng.bool());
        let setting = Setting::new(proposals, rows, database, flaw);
        Self { rng, setting, world, told: None, moves: 0 }
    }

    /// From the first move to rest.
    fn run(&mut self) -> Result<(), String> {
        for _ in 0..STORMY_MOVES {
            let step = self.draw();
            self.go(step)?;
        }
        self.calm()
    }

    fn go(&mut self, step: Move) -> Result<(), String> {
        self.moves += 1;
        if let Some(told) = &mut self.told {
            writeln!(told, "  {}", self.world.told(step)).expect("a string takes all");
        }
        self.world.go(&self.setting, step)
    }

    /// What happens next, while anything may.
    fn draw(&mut self) -> Move {
        let (rng, world) = (&mut self.rng, &self.world);
        let proposals = self.setting.changes.len();
        let mut moves = Vec::new();
        match rng.u32(..100) {
            0..78 => world.moves_by_itself(&self.setting, &mut moves),
            78..88 => world.mishaps(&mut moves),
            88..96 => moves.push(self.surrounding()),
            // Somebody repeats what is done already, or gives up waiting.
            _ => {
                let runner = rng.usize(..world.runners.len());
                moves.push(match world.runners[runner].errand {
                    None => Move::Start { runner, proposal: rng.usize(..proposals) },
                    Some(_) => Move::Act { runner, mishap: Mishap::None },
                });
            }
        }
        let decided = Move::Decide { proposal: self.rng.usize(..proposals), decision: Decision::Approve };
        if moves.is_empty() { decided } else { moves[self.rng.usize(..moves.len())] }
    }

    /// What others do.
    fn surrounding(&mut self) -> Move {
        let rng = &mut self.rng;
        let row = rng.usize(..self.world.source.rows.len());
        match rng.u32(..18) {
            0..3 => Move::Write { row, after: self.other_row(row) },
            3 => Move::ServerDown,
            4..6 => Move::ServerUp,
            6 => Move::SaveSource,
            7 => Move::RestoreSource,
            8 => Move::Table { there: rng.bool() },
            9..13 => Move::Decide {
                proposal: rng.usize(..self.setting.changes.len()),
                decision: Decision::Approve,
            },
            13 => {
                Move::Decide { proposal: rng.usize(..self.setting.changes.len()), decision: Decision::Reject }
            }
            14 => Move::LedgerFull { full: true },
            15 => Move::LedgerFull { full: false },
            16 => Move::SaveLedger,
            _ => Move::RestoreLedger,
        }
    }

    /// Another row, or the reviewed one again, as if nothing had been (ABA).
    fn other_row(&mut self, row: usize) -> Row {
        let now = self.world.source.rows[row];
        if !self.world.reviewed(row) && self.world.source.times_changed_row(row) == 0 && self.rng.bool() {
            return REVIEWED;
        }
        Row { fee: self.rng.i64(1..90), version: now.version + 1, ..now }
    }

    /// Nothing goes wrong any more, and everybody asks once again how it ended.
    fn calm(&mut self) -> Result<(), String> {
        self.go(Move::ServerUp)?;
        self.go(Move::LedgerFull { full: false })?;
        for runner in &mut self.world.runners {
            runner.heard.fill(false);
        }
        let mut moves = Vec::new();
        for _ in 0..CALM_MOVES_MAX {
            moves.clear();
            self.world.moves_by_itself(&self.setting, &mut moves);
            if moves.is_empty() {
                return invariants::at_rest(&self.world);
            }
            let step = moves[self.rng.usize(..moves.len())];
            self.go(step)?;
        }
        Err("I11: it never comes to rest".into())
    }
}

/// What was wrong, and the story that led there.
fn told(seed: u64, flaw: Option<Flaw>) -> (Result<(), String>, String) {
    let mut story = Story::new(seed, flaw);
    story.told = Some(String::new());
    let ended = story.run();
    (ended, story.told.unwrap_or_default())
}

fn given(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "tests have no wiring that could hand the environment in")]
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("`{name}` is not a number")))
}

#[test]
fn no_seed_leads_to_a_world_in_which_something_is_wrong() {
    if let Some(seed) = given("SYNAPSOR_SIM_SEED") {
        let (ended, told) = told(seed, None);
        println!("seed {seed}:\n{told}");
        ended.unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
        return;
    }
    let seeds = given("SYNAPSOR_SIM_SEEDS").unwrap_or(SEEDS);
    let (mut moves, mut ended) = (0, BTreeMap::new());
    for seed in 0..seeds {
        let mut story = Story::new(seed, None);
        if let Err(wrong) = story.run() {
            panic!("SYNAPSOR_SIM_SEED={seed}: {wrong}\n{}", told(seed, None).1);
        }
        moves += story.moves;
        for entry in &story.world.ledger.entries {
            *ended.entry(entry.state.as_str()).or_insert(0) += 1;
        }
    }
    println!("{seeds} seeds, {moves} moves, nothing wrong; proposals ended as {ended:?}");
    // The storms are not so strong that nothing is ever done.
    let some = |state: ProposalState| ended.contains_key(state.as_str());
    assert!([ProposalState::Applied, ProposalState::Conflict, ProposalState::Failed].into_iter().all(some));
}

#[test]
fn a_seed_is_the_same_story_every_time() {
    for seed in 0..20 {
        assert_eq!(told(seed, None), told(seed, None));
    }
}

/// A checker that finds nothing proves something only if it finds what is there.
#[test]
fn every_flaw_is_noticed() {
    for flaw in Flaw::ALL {
        let noticed =
            (0..SEEDS).find_map(|seed| Story::new(seed, Some(flaw)).run().err().map(|wrong| (seed, wrong)));
        let (seed, wrong) = noticed.unwrap_or_else(|| panic!("{flaw:?} is not noticed"));
        println!("{flaw:?}: noticed at seed {seed}: {wrong}");
    }
}
