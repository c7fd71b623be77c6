//! Many at once: appliers of one proposal, proposals on one row; always several processes on one ledger.

use std::collections::BTreeMap;

use synapsor_protocol::Engine;
use tokio::task::JoinSet;

use crate::bench::{Answered, Bench, finished};
use crate::invariants::{Recorded, Source};
use crate::table::{Ended, Table};
use crate::trial::{Blow, Case, run_all};
use crate::volume::volume;

const ENGINES: [Engine; 3] = [Engine::Postgres, Engine::Mysql, Engine::Sqlite];
const CROWD: usize = 64;

#[tokio::test(flavor = "multi_thread")]
async fn many_appliers_of_one_proposal_change_the_row_once() {
    let mut cases = Vec::new();
    for engine in ENGINES {
        for _ in 0..volume() {
            let (point, mode) = (Some("one proposal".into()), format!("{CROWD} appliers at once"));
            cases.push(Case { engine, point, mode, blow: Blow::Crowd(CROWD), may_say: &[] });
        }
    }
    run_all(cases, 1).await.finish("many appliers, one proposal, one ledger");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_with_a_copy_of_one_ledger_change_the_row_once() {
    let mut cases = Vec::new();
    for engine in ENGINES {
        for (mode, at_once) in [("one after the other", false), ("both at once", true)] {
            for _ in 0..3 * volume() {
                let (point, mode) = (Some("two hosts".into()), mode.into());
                cases.push(Case { engine, point, mode, blow: Blow::Copies { at_once }, may_say: &[] });
            }
        }
    }
    run_all(cases, 1).await.finish("two hosts, each with a copy of one ledger");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_proposals_for_one_version_of_a_row_one_is_applied_and_the_others_are_conflicts() {
    let mut table = Table::default();
    for ended in ENGINES.map(one_row).into_iter().collect::<JoinSet<_>>().join_all().await {
        table.add(ended);
    }
    table.finish("many proposals, one row");
}

async fn one_row(engine: Engine) -> Ended {
    let bench = Bench::bare(engine).await;
    let mut proposals = BTreeMap::new();
    for number in 0..CROWD {
        let reason = format!("reason {number}");
        let proposal = bench.propose("INV-1", &reason).await;
        bench.approve(&proposal).await;
        proposals.insert(proposal, reason);
    }
    let before = Source::of(&bench.database).await;
    let mut running = JoinSet::new();
    for proposal in proposals.keys() {
        let (proposal, mut apply) = (proposal.clone(), bench.apply(bench.folder(), proposal, None));
        running.spawn(async move { (proposal, finished(&mut apply).await) });
    }
    let mut ended: BTreeMap<String, Answered> = BTreeMap::new();
    while let Some(answered) = running.join_next().await {
        let (proposal, answered) = answered.expect("an apply ends");
        ended.insert(proposal, answered);
    }
    // Who found a lock or a busy ledger may try again.
    for (proposal, answered) in &mut ended {
        for _ in 0..10 {
            if !matches!(answered.exit, Some(3 | 4)) {
                break;
            }
            *answered = finished(&mut bench.apply(bench.folder(), proposal, None)).await;
        }
    }
    let now = Source::of(&bench.database).await;
    let mut words: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (proposal, answered) in &ended {
        *words.entry(answered.word()).or_default() += 1;
        match Recorded::of(&bench.ledger(), proposal).await {
            Ok(recorded) => wrong.extend(agrees(&recorded.state, answered, &now, &proposals[proposal]).err()),
            Err(what) => wrong.push(what),
        }
    }
    let expected = BTreeMap::from([("applied".to_owned(), 1), ("conflict (1)".to_owned(), CROWD - 1)]);
    if words != expected {
        wrong.push(format!("expected {expected:?}, found {words:?}"));
    }
    if now.decisions() != BTreeMap::from([("applied".to_owned(), 1), ("conflict".to_owned(), CROWD - 1)]) {
        wrong.push(format!("the source's receipts say {:?}", now.decisions()));
    }
    let outcome = words.iter().map(|(word, times)| format!("{times} {word}")).collect::<Vec<_>>().join(", ");
    let (point, mode) = ("one row".into(), format!("{CROWD} proposals at once"));
    Ended { engine, point, mode, outcome, changed: now.changes_since(&before), wrong }
}

/// The ledger says what the apply said, and the row holds what the applied one wanted.
fn agrees(state: &str, answered: &Answered, now: &Source, reason: &str) -> Result<(), String> {
    let fits = match state {
        "applied" => answered.word() == "applied" && now.reason() == Some(reason),
        "conflict" => answered.word() == "conflict (1)" && now.reason() != Some(reason),
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(format!("the ledger says {state}; {answered:?}; the row {:?}", now.reason()))
    }
}
