//! One cell of the table: one point, one mode, one engine. What leads to the point is done first, the blow falls, and
//! everything is repeated until the proposal is applied.

use serde_json::json;

use crate::bench::{Answered, Bench, CAPABILITY, Desk, REASON, finished};
use crate::invariants::Recorded;
use crate::names::MARK;
use crate::settle::{Place, repeated, settle, words};
use crate::strike::{Mode, Running, passed, recover, serve, struck};
use crate::table::Ended;

/// The last point at which a stop still rolls back.
const BEFORE_COMMIT: &str = "s.commit.pre";
/// Trials of a stop, until its signal comes in time.
const TRIES_MAX: usize = 5;

/// Makes one trial and says how it ended.
pub(crate) async fn cell(bench: &Bench, point: &'static str, mode: Mode) -> Ended {
    let place = Place { engine: bench.engine, point: point.to_owned(), mode: mode.name().to_owned() };
    let mut ended = match point {
        "l.proposal.pre" | "l.proposal.post" | "worker.reply" => proposing(bench, place, point, mode).await,
        "l.approve.pre" | "l.approve.post" => approving(bench, place, point, mode).await,
        "recover.scan" | "recover.resolve" => recovering(bench, place, point, mode).await,
        "drain.begin" => stopping(bench, place, point, mode).await,
        _ => applying(bench, place, point, mode).await,
    };
    // How long a dead run's locks last is the server's affair.
    if let Some(outcome) = ended.outcome.strip_suffix(" at last") {
        ended.outcome = outcome.to_owned();
    }
    ended
}

/// Runs a command into the blow; where it stands still, `other` comes meanwhile. What was said, in the order it was.
async fn blow(
    mut command: tokio::process::Command,
    place: &str,
    mode: Mode,
    other: impl Future<Output = Answered>,
) -> Vec<Answered> {
    let (point, plan) = (place.split('@').next().unwrap_or_default(), mode.at(place));
    if mode != Mode::Stall {
        return vec![struck(&mut command, &plan).await];
    }
    let mut first = Running::start(command, &plan);
    if !first.gets_to(point).await {
        return vec![first.ends().await];
    }
    let second = other.await;
    vec![second, first.ends().await]
}

/// An apply. The chain's event is that of its receipt: the first one it appends is that of the claim.
async fn applying(bench: &Bench, place: Place, point: &str, mode: Mode) -> Ended {
    let desk = bench.desk().await;
    let at = if point.starts_with("l.anchor") { format!("{point}@2") } else { point.to_owned() };
    let answers = blow(desk.apply(None), &at, mode, async { repeated(&desk).await.0 }).await;
    let missed = missed(&answers, point);
    with(settle(desk, place, &[], &answers).await, missed)
}

/// The recovery of an apply that was killed when its change was in and nobody had heard of it.
async fn recovering(bench: &Bench, place: Place, point: &str, mode: Mode) -> Ended {
    let desk = bench.desk().await;
    let mut answers = vec![struck(&mut desk.apply(None), &Mode::Kill.at("s.commit.post")).await];
    answers.extend(blow(recover(&desk), point, mode, async { repeated(&desk).await.0 }).await);
    let missed = missed(&answers, point);
    with(settle(desk, place, &[], &answers).await, missed)
}

/// An apply that is told to stop in the middle of its transaction. On a machine that is busy the signal may come after
/// COMMIT was sent; such a trial shows nothing of a drain and is made again.
async fn stopping(bench: &Bench, place: Place, point: &str, mode: Mode) -> Ended {
    for _ in 0..TRIES_MAX {
        let desk = bench.desk().await;
        let plan = format!("s.update=stall:4000;{BEFORE_COMMIT}=stall:0;{}", mode.at(point));
        let mut first = Running::start(desk.apply(None), &plan);
        assert!(first.gets_to("s.update").await, "an apply updates");
        first.terminate();
        let mut answers = Vec::new();
        if mode == Mode::Stall && first.gets_to(point).await {
            answers.push(repeated(&desk).await.0);
        }
        let told = first.ends().await;
        if came_before(&told, BEFORE_COMMIT, point) {
            continue;
        }
        answers.push(told);
        let missed = missed(&answers, point);
        return with(settle(desk, place, &[], &answers).await, missed);
    }
    panic!("in {TRIES_MAX} trials the signal never came before COMMIT");
}

/// Whether an apply got to one point, and to the other one later or not at all.
fn came_before(answered: &Answered, early: &str, late: &str) -> bool {
    let mark = |point: &str| {
        answered.stderr.lines().position(|line| line.trim_end().strip_prefix(MARK) == Some(point))
    };
    mark(early).is_some_and(|early| mark(late).is_none_or(|late| early < late))
}

/// A proposal, by the command or by a model's call: repeated, it is there once, and is approved and applied.
async fn proposing(bench: &Bench, place: Place, point: &str, mode: Mode) -> Ended {
    let mut desk = bench.blank_desk().await;
    let propose = || bench.propose_command(desk.folder(), "INV-1", REASON);
    let answers = if point == "worker.reply" {
        let server = Running::start(serve(&desk), &mode.at(point));
        let arguments = json!({ "invoice_id": "INV-1", "reason": REASON });
        vec![server.call(CAPABILITY, &arguments).await]
    } else {
        blow(propose(), point, mode, async { finished(&mut propose()).await }).await
    };
    let missed = missed(&answers, point);
    let again = finished(&mut propose()).await;
    // A model is told the same id under a shorter name.
    let id = |answered: &Answered| {
        let proposal = &answered.json()["proposal"];
        proposal["proposal_id"].as_str().or(proposal["id"].as_str()).map(str::to_owned)
    };
    desk.proposal = id(&again).unwrap_or_else(|| panic!("a proposal: {again:?}"));
    let mut wrong = Vec::new();
    for answered in answers.iter().filter(|answered| answered.exit == Some(0)) {
        if id(answered).as_deref() != Some(desk.proposal.as_str()) {
            wrong.push(format!("another proposal than the repetition's: {answered:?}"));
        }
    }
    let listed = finished(&mut bench.list_command(desk.folder())).await.json();
    if listed["proposals"].as_array().map(Vec::len) != Some(1) {
        wrong.push(format!("expected one proposal: {listed}"));
    }
    let approved = finished(&mut bench.approve_command(desk.folder(), &desk.proposal)).await;
    wrong.extend((approved.exit != Some(0)).then(|| format!("not approved: {approved:?}")));
    after(desk, place, &answers, wrong.into_iter().chain(missed).collect()).await
}

/// An approval: repeated, it is there once, and what it is for is applied.
async fn approving(bench: &Bench, place: Place, point: &str, mode: Mode) -> Ended {
    let mut desk = bench.blank_desk().await;
    let proposed = finished(&mut bench.propose_command(desk.folder(), "INV-1", REASON)).await;
    desk.proposal = proposed.json()["proposal"]["proposal_id"].as_str().expect("a proposal").to_owned();
    let approve = || bench.approve_command(desk.folder(), &desk.proposal);
    let answers = blow(approve(), point, mode, async { finished(&mut approve()).await }).await;
    let again = finished(&mut approve()).await;
    let mut wrong: Vec<String> = missed(&answers, point).into_iter().collect();
    wrong.extend((again.exit != Some(0)).then(|| format!("not approved: {again:?}")));
    match Recorded::of(&desk.ledger(), &desk.proposal).await {
        Ok(recorded) if (recorded.state.as_str(), recorded.times("proposal_approved")) == ("approved", 1) => {
        }
        other => wrong.push(format!("expected one approval: {other:?}")),
    }
    after(desk, place, &answers, wrong).await
}

/// The rest of the way of a proposal that nothing was applied of yet.
async fn after(desk: Desk<'_>, place: Place, answers: &[Answered], wrong: Vec<String>) -> Ended {
    let said: Vec<_> = answers.iter().map(said).collect();
    let ended = with(settle(desk, place, &[], &[]).await, wrong);
    Ended { outcome: format!("{}{}", said.join(" and "), ended.outcome), ..ended }
}

/// What has no outcome is done, or it is not.
fn said(answered: &Answered) -> String {
    match answered.exit {
        Some(0) => "done".into(),
        Some(3) if answered.json()["id"] == 2 => "internal error (MCP)".into(),
        _ => words(std::slice::from_ref(answered)),
    }
}

/// A blow that fell nowhere proves nothing.
fn missed(answers: &[Answered], point: &str) -> Option<String> {
    let struck = answers.iter().any(|answered| passed(answered, point));
    (!struck).then(|| format!("nobody got to `{point}`: {answers:?}"))
}

fn with(mut ended: Ended, wrong: impl IntoIterator<Item = String>) -> Ended {
    ended.wrong.extend(wrong);
    ended
}
