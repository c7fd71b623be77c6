//! Before anything is applied: making the ledger, proposing and approving die at every step of the disk, and repeating
//! them ends as if they had not.

use std::path::Path;

use synapsor_protocol::Engine;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::bench::{Answered, Bench, REASON, copy, finished, ledger_path};
use crate::disk::{DiskPlan, How, steps};
use crate::invariants::{Recorded, Source};
use crate::table::{Ended, Table};
use crate::volume::volume;

const MODES: [(&str, How); 4] = [
    ("killed before it", How::Kill),
    ("half of it, then killed", How::Torn),
    ("fails once", How::Fail),
    ("full from then on", How::Full),
];

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// The first proposal, which makes the ledger's file too.
    Proposing,
    /// The approval of a proposal that waits.
    Approving,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_and_an_approval_that_died_are_there_once_when_repeated() {
    let mut sweeps = JoinSet::new();
    for what in [What::Proposing, What::Approving] {
        for (mode, how) in MODES {
            // Making the ledger takes hundreds of steps; in CI one mode walks through all of them.
            let quick = how == How::Torn || (how == How::Full && what == What::Approving);
            if quick || volume() > 1 {
                sweeps.spawn(sweep(what, mode, how));
            }
        }
    }
    let mut table = Table::default();
    while let Some(swept) = sweeps.join_next().await {
        table.merge(swept.expect("a sweep ends"));
    }
    table.finish("the disk fails while the ledger is made, a proposal is recorded, an approval is recorded");
}

async fn sweep(what: What, mode: &'static str, how: How) -> Table {
    let mut bench = Bench::bare(Engine::Sqlite).await;
    if what == What::Approving {
        bench.proposal = bench.propose("INV-1", REASON).await;
    }
    let mut table = Table::default();
    for at in 1.. {
        let ended = trial(&bench, what, mode, DiskPlan { at, how }).await;
        let untouched = ended.point.ends_with("untouched");
        table.add(ended);
        if untouched {
            break;
        }
    }
    table
}

async fn trial(bench: &Bench, what: What, mode: &str, plan: DiskPlan) -> Ended {
    let folder = tempfile::tempdir().expect("a folder");
    copy(bench.folder(), folder.path());
    let before = Source::of(&bench.database).await;
    let log = folder.path().join("disk.log");
    let mut broken = command(bench, what, folder.path());
    plan.under(&mut broken, &log);
    let first = finished(&mut broken).await;
    let again = finished(&mut command(bench, what, folder.path())).await;

    let mut wrong: Vec<String> =
        check(bench, what, &folder, &first, &again).await.err().into_iter().collect();
    if Source::of(&bench.database).await != before {
        wrong.push("the source changed before anybody applied anything".into());
    }
    let step = plan.at.checked_sub(1).and_then(|at| steps(&log).get(at).cloned());
    let step = step.map_or("untouched".into(), |step| step.replace("local.db", "file"));
    let (point, mode) = (format!("{what:?}: {step}").to_lowercase(), mode.to_owned());
    let outcome = format!("{}, then {}", said(&first), said(&again));
    if !wrong.is_empty() {
        wrong.push(format!("{outcome}: {first:?} {again:?}; kept: {:?}", folder.keep()));
    }
    Ended { engine: bench.engine, point, mode, outcome, changed: 0, wrong }
}

fn command(bench: &Bench, what: What, folder: &Path) -> Command {
    match what {
        What::Proposing => bench.propose_command(folder, "INV-1", REASON),
        What::Approving => bench.approve_command(folder, &bench.proposal),
    }
}

fn said(answered: &Answered) -> String {
    if answered.exit == Some(0) { "done".into() } else { answered.word() }
}

/// There is one proposal, approved at most once, and whoever was told so was told the truth.
async fn check(
    bench: &Bench,
    what: What,
    folder: &TempDir,
    first: &Answered,
    again: &Answered,
) -> Result<(), String> {
    if again.exit != Some(0) {
        return Err("the repetition did not end well".into());
    }
    let id = |answered: &Answered| answered.json()["proposal"]["proposal_id"].as_str().map(str::to_owned);
    let proposal = id(again).ok_or("the repetition names no proposal")?;
    if first.exit == Some(0) && id(first) != Some(proposal.clone()) {
        return Err("the repetition names another proposal".into());
    }
    let recorded = Recorded::of(&ledger_path(folder.path()), &proposal).await?;
    let listed = finished(&mut bench.list_command(folder.path())).await.json();
    let proposals = listed["proposals"].as_array().map_or(0, Vec::len);
    let (state, approvals) = match what {
        What::Proposing => ("pending_review", 0),
        What::Approving => ("approved", 1),
    };
    if (proposals, recorded.state.as_str(), recorded.times("proposal_approved")) != (1, state, approvals) {
        return Err(format!("expected one proposal, {state}: {listed}"));
    }
    Ok(())
}
