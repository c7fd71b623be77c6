//! `synapsor smoke writeback`: what applies promise, seen on a real database through the worker's own machine.
//!
//! Invariant: no table is touched but those of a scratch that this made, and it is taken down however this ends.

use serde::Serialize;
use serde_json::json;
use synapsor_protocol::fleet::Assignment;
use synapsor_protocol::{Code, ProposalId, Refusal, Value};
use synapsor_writeback::{DryRun, SCRATCH_PREFIX, Scratch, StopSignal, StopSwitch, WriteSettings};

use super::ground::Ground;
use crate::args::SmokeWriteback;
use crate::commands::database::{self, Wanted};
use crate::exit::Exit;
use crate::interrupt::stoppable;
use crate::print::{Report, count, inert, style, table::table};
use crate::settings::Settings;
use crate::wiring;

/// What is tried, and what is to come of it, in this order.
const STEPS: [(Try, &str, &str); 6] = [
    (Try::Validate, "validate", "would apply; nothing changed; 0 receipts"),
    (Try::ApplyOnce, "apply once", "applied; ORD-1 changed; 1 receipt"),
    (Try::Retry, "retry", "already_applied; nothing changed; 0 receipts"),
    (Try::StaleVersion, "stale version", "conflict; nothing changed; 1 receipt"),
    (Try::WrongTenant, "wrong tenant", "TENANT_GUARD_MISMATCH; nothing changed; 0 receipts"),
    (Try::DisallowedColumn, "disallowed column", "PATCH_COLUMN_NOT_ALLOWED; nothing changed; 0 receipts"),
];
/// What comes last.
const TEAR_DOWN: (&str, &str) = ("tear down", "nothing is left");

/// One thing to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Try {
    /// An approved proposal, looked at without doing it.
    Validate,
    /// The same, carried out.
    ApplyOnce,
    /// The same job again, as after a result that was lost.
    Retry,
    /// A row that somebody changed after it was reviewed.
    StaleVersion,
    /// A job that names another tenant.
    WrongTenant,
    /// A job that changes a column the config does not allow.
    DisallowedColumn,
}

/// What was tried, and what came of it.
#[derive(Debug, Serialize)]
struct Step {
    name: &'static str,
    expected: &'static str,
    found: String,
    ok: bool,
}

impl Step {
    fn new(name: &'static str, expected: &'static str, found: String) -> Self {
        Self { ok: found == expected, name, expected, found }
    }
}

pub(super) async fn run(wanted: &SmokeWriteback, settings: &Settings) -> Result<Report, Refusal> {
    let typed = Wanted {
        place: wanted.place.as_deref(),
        url_env: wanted.url_env.as_deref(),
        source: None,
        engine: wanted.engine,
        timeout_ms: wanted.timeout_ms,
    };
    let found = database::source(&typed, settings)?;
    let beside = WriteSettings {
        name: found.name,
        engine: found.engine,
        connect: found.connect,
        statement_timeout_ms: found.statement_timeout_ms,
    };
    let switch = StopSwitch::new();
    stoppable(&switch, smoke(beside, switch.signal())).await.map_err(|refusal| match refusal.code {
        Code::OutcomeUnknown => refusal.hint(format!(
            "look for a schema, database or file that begins with `{SCRATCH_PREFIX}`: it was not taken down"
        )),
        _ => refusal,
    })
}

async fn smoke(beside: WriteSettings, stop: StopSignal) -> Result<Report, Refusal> {
    let (name, engine) = (beside.name.clone(), beside.engine);
    let scratch = Scratch::make(beside, &wiring::ids().token()).await?;
    let tried = steps(&scratch, &stop).await;
    let taken_down = scratch.take_down().await;
    let mut steps = match (tried, &taken_down) {
        (Ok(steps), _) => steps,
        (Err(refusal), Ok(())) => return Err(refusal),
        (Err(refusal), Err(left)) => return Err(refusal.hint(said(left))),
    };
    let left = taken_down.err().map(|left| said(&left));
    let (last, expected) = TEAR_DOWN;
    steps.push(Step::new(last, expected, left.unwrap_or_else(|| expected.to_owned())));
    let document = json!({ "database": name, "engine": engine, "scratch": scratch.name(), "steps": steps });
    let exit = if steps.iter().all(|step| step.ok) { Exit::Done } else { Exit::Refused };
    Ok(Report::done(document, text(&name, &scratch, &steps)).exit(exit))
}

/// Every step, in a ledger of its own. One that does not go as it should keeps no other from its turn.
async fn steps(scratch: &Scratch, stop: &StopSignal) -> Result<Vec<Step>, Refusal> {
    let ground = Ground::prepare(scratch).await?;
    let mut smoke = Smoke { ground, scratch, stop, first: None };
    let mut steps = Vec::new();
    for (what, name, expected) in STEPS {
        if stop.is_requested() {
            let message = format!("told to stop; the scratch `{}` is taken down", scratch.name());
            return Err(Refusal::new(Code::Interrupted, message));
        }
        let found = smoke.attempt(what).await.unwrap_or_else(|refusal| said(&refusal));
        steps.push(Step::new(name, expected, found));
    }
    Ok(steps)
}

struct Smoke<'a> {
    ground: Ground,
    scratch: &'a Scratch,
    stop: &'a StopSignal,
    /// The job that was carried out, to be carried out again.
    first: Option<Assignment>,
}

impl Smoke<'_> {
    /// What came of it, which rows the runner changed and how many receipts it left.
    async fn attempt(&mut self, what: Try) -> Result<String, Refusal> {
        let ready = self.ready(what).await?;
        let (rows, receipts) = (self.scratch.orders().await?, self.scratch.receipts().await?);
        let outcome = match &ready {
            Ready::Reviewed(id) => match self.ground.desk.apply(id, true).await?.would {
                Some(DryRun::Apply) => "would apply",
                _ => "would not apply",
            },
            Ready::Assigned(assignment) => {
                self.ground.worker.carry_out(assignment, self.stop.clone()).await.status()
            }
        };
        let after = self.scratch.orders().await?;
        let changed = after.iter().filter(|(id, row)| rows.get(*id) != Some(*row));
        let mut changed: Vec<&str> = changed.map(|(id, _)| id.as_str()).collect();
        changed.extend(rows.keys().filter(|id| !after.contains_key(*id)).map(String::as_str));
        let changed = if changed.is_empty() { "nothing".to_owned() } else { changed.join(", ") };
        let left = usize::try_from(self.scratch.receipts().await? - receipts).unwrap_or_default();
        Ok(format!("{outcome}; {changed} changed; {}", count(left, "receipt")))
    }

    /// Everything before the step itself: a proposal for an order of its own, a yes, a job, and what is wrong with it.
    async fn ready(&mut self, what: Try) -> Result<Ready, Refusal> {
        let order = match what {
            Try::Validate => return self.ground.approved("ORD-1").await.map(Ready::Reviewed),
            Try::ApplyOnce => {
                let assignment = self.ground.assigned().await?;
                self.first = Some(assignment.clone());
                return Ok(Ready::Assigned(Box::new(assignment)));
            }
            Try::Retry => {
                let first = self.first.clone();
                let none = || Refusal::bug("nothing was carried out that could be tried again");
                return first.map(Box::new).map(Ready::Assigned).ok_or_else(none);
            }
            Try::StaleVersion => "ORD-2",
            Try::WrongTenant => "ORD-3",
            Try::DisallowedColumn => "ORD-4",
        };
        self.ground.approved(order).await?;
        let mut assignment = self.ground.assigned().await?;
        match what {
            Try::StaleVersion => self.scratch.somebody_changes(order).await?,
            Try::WrongTenant => "otherco".clone_into(&mut assignment.job.tenant),
            _ => {
                assignment.job.patch.insert("total_cents".to_owned(), Value::Integer(0));
            }
        }
        Ok(Ready::Assigned(Box::new(assignment)))
    }
}

/// What a step is about to do.
enum Ready {
    Reviewed(ProposalId),
    Assigned(Box<Assignment>),
}

/// A refusal in one line, with its way out.
fn said(refusal: &Refusal) -> String {
    let hint = refusal.hint.as_ref().map(|hint| format!("; {hint}"));
    format!("{}: {}{}", refusal.code, refusal.message, hint.unwrap_or_default())
}

fn text(name: &str, scratch: &Scratch, steps: &[Step]) -> String {
    let mark = |step: &Step| if step.ok { style::good("ok") } else { style::bad("not ok") };
    let row =
        |step: &Step| [mark(step), step.name.to_owned(), step.expected.to_owned(), inert::text(&step.found)];
    let rows: Vec<_> = steps.iter().map(row).collect();
    let failed = steps.iter().filter(|step| !step.ok).count();
    let verdict = match failed {
        0 => style::good("applies work here as they should"),
        _ => style::bad(format!("{} did not go as expected", count(failed, "step"))),
    };
    let (name, place) = (inert::text(name), inert::text(scratch.name()));
    format!("{}\n\n{name}: {verdict}; tried in `{place}`", table(["", "step", "expected", "found"], &rows))
}
