//! The small scope in full: two runners, one proposal, every point, at most two mishaps, in every order.
//!
//! Breadth-first, so that what is found first is a shortest way there. Worlds that were seen are known by a 64-bit
//! fingerprint, as TLC does it; among a million the chance that two share one is about one in thirty million.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use synapsor_protocol::ProposalState;

use super::source::Row;
use super::world::{Move, World};
use super::{Database, REVIEWED, Setting, invariants};

/// How many things may go wrong.
const MISHAPS_MAX: u8 = 2;

/// A world, what may still go wrong in it, and how it came about.
struct Node {
    world: World,
    mishaps_left: u8,
    path: usize,
}

/// What a search has seen.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    worlds: usize,
    moves: usize,
    mishaps: usize,
    at_rest: usize,
}

/// Every world that can come of this one; or the way to one in which something is wrong.
fn search(setting: &Setting, first: &World) -> Result<Seen, String> {
    let mut seen = Seen::default();
    let mut known = HashSet::new();
    let mut paths: Vec<(usize, Move)> = Vec::new();
    let mut level = vec![Node { world: first.clone(), mishaps_left: MISHAPS_MAX, path: usize::MAX }];
    let mut moves = Vec::new();
    while !level.is_empty() {
        let mut next = Vec::new();
        for node in level {
            moves.clear();
            node.world.moves_by_itself(setting, &mut moves);
            seen.worlds += 1;
            if moves.is_empty() {
                seen.at_rest += 1;
                invariants::at_rest(&node.world)
                    .map_err(|wrong| format!("{wrong}\n{}", story(setting, first, &paths, node.path)))?;
            }
            let by_itself = moves.len();
            if node.mishaps_left > 0 {
                node.world.mishaps(&mut moves);
            }
            for (at, step) in moves.iter().enumerate() {
                let mut world = node.world.clone();
                seen.moves += 1;
                seen.mishaps += usize::from(at >= by_itself);
                let went = world.go(setting, *step);
                paths.push((node.path, *step));
                if let Err(wrong) = went {
                    return Err(format!("{wrong}\n{}", story(setting, first, &paths, paths.len() - 1)));
                }
                let mishaps_left = node.mishaps_left - u8::from(at >= by_itself);
                if known.insert(fingerprint(&world, mishaps_left)) {
                    next.push(Node { world, mishaps_left, path: paths.len() - 1 });
                } else {
                    paths.pop();
                }
            }
        }
        level = next;
    }
    Ok(seen)
}

fn fingerprint(world: &World, mishaps_left: u8) -> u64 {
    let mut hasher = DefaultHasher::new();
    (world, mishaps_left).hash(&mut hasher);
    hasher.finish()
}

/// The way to a world, told from its beginning.
fn story(setting: &Setting, first: &World, paths: &[(usize, Move)], mut at: usize) -> String {
    let mut moves = Vec::new();
    while let Some((before, step)) = paths.get(at) {
        moves.push(*step);
        at = *before;
    }
    let (mut world, mut told) = (first.clone(), String::new());
    for step in moves.into_iter().rev() {
        writeln!(told, "  {}", world.told(step)).expect("a string takes all");
        let _ = world.go(setting, step);
    }
    told
}

fn every_world_is_well(what: &str, database: Database, table: bool, row: Row) {
    let setting = Setting::new(1, 1, database, None);
    let mut world = World::new(2, 1, 1, ProposalState::Approved, table);
    world.source.write_as_somebody_else(&setting, 0, row);
    let seen = search(&setting, &world).unwrap_or_else(|wrong| panic!("{what}: {wrong}"));
    println!(
        "{what}: {} worlds, {} moves, {} of them mishaps, {} at rest and settled",
        seen.worlds, seen.moves, seen.mishaps, seen.at_rest
    );
    assert!(seen.at_rest > 0);
}

#[test]
fn two_runners_and_two_mishaps_never_change_a_row_twice() {
    every_world_is_well("an unchanged row", Database::Stores, true, REVIEWED);
}

#[test]
fn two_runners_and_two_mishaps_agree_on_a_conflict() {
    let changed = Row { fee: 1, version: 8, ..REVIEWED };
    every_world_is_well("a changed row", Database::Stores, true, changed);
}

#[test]
fn two_runners_and_two_mishaps_agree_on_a_refusal() {
    every_world_is_well("a constraint", Database::RefusesTheUpdate, true, REVIEWED);
    every_world_is_well("a deferred constraint", Database::RefusesTheCommit, true, REVIEWED);
    every_world_is_well("a trigger that rewrites", Database::Rewrites, true, REVIEWED);
}

#[test]
fn two_runners_and_two_mishaps_share_a_receipts_table_that_was_not_there() {
    every_world_is_well("no receipts table", Database::Stores, false, REVIEWED);
}
