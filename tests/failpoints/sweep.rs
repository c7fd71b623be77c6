//! The first step on the source fails, the second, the third, until an apply passes untouched; and so does every statement
//! of the ledger, while something is proposed, approved and applied.
//!
//! The frames of a server's wire and the writes of a disk are swept in `tests/crash`, on the binary as it ships.

use synapsor_protocol::Engine;
use tokio::task::JoinSet;

use crate::bench::{Answered, Bench, REASON, finished};
use crate::invariants::Recorded;
use crate::settle::{Place, settle};
use crate::strike::{Mode, approved, passed, struck};
use crate::table::{Ended, Table};

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_whose_nth_step_fails_ends_in_exactly_one_change() {
    let mut sweeps = JoinSet::new();
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::Mysql] {
        sweeps.spawn(applying(engine, "s.step"));
    }
    // Whatever the engine of the source, the ledger is the same.
    sweeps.spawn(applying(Engine::Sqlite, "l.statement"));
    finish(sweeps, "the nth step fails while a proposal is applied").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_and_an_approval_whose_nth_statement_fails_are_there_once_when_repeated() {
    let sweeps = [What::Proposing, What::Approving].into_iter().map(deciding).collect();
    finish(sweeps, "the nth statement of the ledger fails while something is decided").await;
}

async fn finish(mut sweeps: JoinSet<Table>, title: &str) {
    let mut table = Table::default();
    while let Some(swept) = sweeps.join_next().await {
        table.merge(swept.expect("a sweep ends"));
    }
    table.finish(title);
}

/// Sweeps an apply: what it could not do it says so, and repeated it has been done once.
async fn applying(engine: Engine, point: &str) -> Table {
    let bench = approved(engine).await;
    let mut table = Table::default();
    for at in 1.. {
        let desk = bench.desk().await;
        let broken = struck(&mut desk.apply(None), &Mode::Error.at(&format!("{point}@{at}"))).await;
        let untouched = !passed(&broken, point);
        let place = Place { engine, point: name(point, at, untouched), mode: "fails".into() };
        let may_say: &[&str] = match (point, untouched) {
            (_, true) => &["applied"],
            ("s.step", false) => &["applied", "TRANSACTION_FAILED (3)"],
            _ => &["applied", "LEDGER_UNAVAILABLE (3)"],
        };
        table.add(settle(desk, place, may_say, &[broken]).await);
        if untouched {
            return table;
        }
    }
    table
}

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Proposing,
    Approving,
}

/// Sweeps a proposal, in a ledger that holds another one, or the approval of one. Making the ledger is swept by the disk, in
/// `tests/crash`.
async fn deciding(what: What) -> Table {
    let bench = approved(Engine::Sqlite).await;
    let mut table = Table::default();
    for at in 1.. {
        let (mut ended, untouched) = decided(&bench, what, at).await;
        ended.point = format!("{what:?}: {}", name("l.statement", at, untouched)).to_lowercase();
        table.add(ended);
        if untouched {
            return table;
        }
    }
    table
}

async fn decided(bench: &Bench, what: What, at: usize) -> (Ended, bool) {
    let desk = bench.desk().await;
    let id = |answered: &Answered| answered.json()["proposal"]["proposal_id"].as_str().map(str::to_owned);
    let propose = || bench.propose_command(desk.folder(), "INV-2", REASON);
    let plan = Mode::Error.at(&format!("l.statement@{at}"));
    let (broken, again, (state, approvals)) = match what {
        What::Proposing => {
            let broken = struck(&mut propose(), &plan).await;
            (broken, finished(&mut propose()).await, ("pending_review", 0))
        }
        What::Approving => {
            let proposal = id(&finished(&mut propose()).await).expect("a proposal");
            let approve = || bench.approve_command(desk.folder(), &proposal);
            let broken = struck(&mut approve(), &plan).await;
            (broken, finished(&mut approve()).await, ("approved", 1))
        }
    };
    let mut wrong = Vec::new();
    if !matches!(broken.word().as_str(), "LEDGER_UNAVAILABLE (3)") && broken.exit != Some(0) {
        wrong.push(format!("expected that the ledger is named: {broken:?}"));
    }
    let proposal = id(&again).unwrap_or_default();
    match Recorded::of(&desk.ledger(), &proposal).await {
        Ok(recorded)
            if (recorded.state.as_str(), recorded.times("proposal_approved")) == (state, approvals) => {}
        other => wrong.push(format!("expected it {state} once: {other:?} {again:?}")),
    }
    let listed = finished(&mut bench.list_command(desk.folder())).await.json();
    if listed["proposals"].as_array().map(Vec::len) != Some(2) {
        wrong.push(format!("expected one proposal beside the other: {listed}"));
    }
    let said = if broken.exit == Some(0) { "done".into() } else { broken.word() };
    let outcome = format!("{said}, then done");
    let untouched = !passed(&broken, "l.statement");
    let (point, mode) = (String::new(), "fails".into());
    (Ended { engine: bench.engine, point, mode, outcome, changed: 0, wrong }, untouched)
}

fn name(point: &str, at: usize, untouched: bool) -> String {
    if untouched { format!("{point}: untouched") } else { format!("{point} {at:03}") }
}
