//! One proposal as a person reads it: the seven steps from request to replay, each already in words.

use synapsor_ledger::{Replay, StoredProposal};
use synapsor_protocol::proposal::ProposalMode;
use synapsor_protocol::{
    Event, EventKind, EvidenceBundle, HumanAction, Logic, Outcome, ProposalState, Receipt, RecordedRead,
    SourceChanged, words,
};

use crate::cell::{self, Named};
use crate::checklist::{self, Condition};
use crate::diff::{self, Changed};
use crate::html::{self, Html};
use crate::page::When;

/// Rows of one declared read that a page shows.
const READ_ROWS_MAX: usize = 50;

/// Said in place of an approval, and of a result, of a proposal that was made for comparison.
const COMPARED_STANDING: &str = "This one was made for comparison: nobody approves it.";
const COMPARED_RESULT: &str = "Nothing was committed, and nothing will be: it was made for comparison.";

/// The class of a state's chip.
pub(crate) fn state_class(state: ProposalState) -> &'static str {
    match state {
        ProposalState::Applied => "good",
        ProposalState::PendingReview | ProposalState::ReconciliationRequired => "open",
        ProposalState::Approved | ProposalState::PendingWorker => "ready",
        ProposalState::Rejected | ProposalState::Canceled => "later",
        ProposalState::Conflict | ProposalState::Failed => "bad",
    }
}

/// A label and what it says.
pub(crate) struct Fact {
    pub(crate) label: &'static str,
    pub(crate) says: Html,
}

/// A declared read of the handler and its answer.
pub(crate) struct Read {
    pub(crate) asked: Html,
    pub(crate) headers: Vec<Html>,
    pub(crate) rows: Vec<Vec<Html>>,
    /// Rows that are not shown.
    pub(crate) more: usize,
}

/// What a handler used of one of its limits.
pub(crate) struct Meter {
    pub(crate) label: &'static str,
    pub(crate) used: String,
    /// Of the limit; none where the limit was not kept.
    pub(crate) percent: Option<u64>,
}

/// A person's decision.
pub(crate) struct Decided {
    pub(crate) verdict: &'static str,
    pub(crate) actor: Html,
    pub(crate) reason: Option<Html>,
    pub(crate) at: When,
}

/// What a person says they did to the row of a shadow proposal.
pub(crate) struct Did {
    pub(crate) actor: Html,
    pub(crate) columns: Vec<Named>,
    pub(crate) notes: Option<Html>,
    pub(crate) at: When,
}

/// How one apply ended.
pub(crate) struct Ended {
    pub(crate) outcome: &'static str,
    pub(crate) class: &'static str,
    pub(crate) says: Html,
    pub(crate) facts: Vec<Fact>,
    pub(crate) at: When,
}

/// One link of the proposal's chain.
pub(crate) struct Link {
    pub(crate) seq: i64,
    pub(crate) what: String,
    pub(crate) actor: Html,
    pub(crate) at: When,
}

/// The whole story.
pub(crate) struct Story {
    pub(crate) request: Html,
    pub(crate) summary: Option<Html>,
    pub(crate) tool: Html,
    pub(crate) arguments: Vec<Named>,
    pub(crate) made: Vec<Fact>,
    pub(crate) changes: Vec<Changed>,
    pub(crate) unchanged: Vec<Named>,
    pub(crate) evidence: Vec<Fact>,
    pub(crate) reads: Vec<Read>,
    pub(crate) log: Vec<Html>,
    pub(crate) meters: Vec<Meter>,
    pub(crate) guard: Html,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) source_changed: (&'static str, &'static str),
    pub(crate) decisions: Vec<Decided>,
    pub(crate) people: Vec<Did>,
    pub(crate) standing: &'static str,
    pub(crate) result: Html,
    pub(crate) ends: Vec<Ended>,
    pub(crate) links: Vec<Link>,
}

impl Story {
    pub(crate) fn of(replay: &Replay) -> Self {
        let stored = &replay.proposal;
        let change = &stored.proposal.change_set;
        let evidence = &replay.evidence;
        let unchanged =
            change.before.iter().filter(|(name, _)| !change.patch.contains_key(*name)).map(own).collect();
        Self {
            request: html::line(&words::request(change)),
            summary: change.summary.as_deref().map(html::line),
            tool: html::code(&change.capability),
            arguments: cell::columns(&evidence.arguments),
            made: made(replay),
            changes: diff::changes(change),
            unchanged: cell::columns(&unchanged),
            evidence: kept(replay),
            reads: evidence.reads.iter().map(read).collect(),
            log: evidence.log.iter().map(|line| html::line(line)).collect(),
            meters: meters(evidence),
            guard: html::line(&words::guard(&change.guard)),
            conditions: checklist::conditions(&stored.proposal, replay.receipts.last()),
            source_changed: source_changed(replay),
            decisions: decisions(replay),
            people: replay.human_actions.iter().map(did).collect(),
            standing: if only_compared(stored) { COMPARED_STANDING } else { standing(stored.state) },
            result: html::line(&if only_compared(stored) {
                COMPARED_RESULT.to_owned()
            } else {
                result(stored.state, change.app_executor(), under_way(&replay.events))
            }),
            ends: replay.receipts.iter().map(|receipt| ended(receipt, change.app_executor())).collect(),
            links: replay.events.iter().map(link).collect(),
        }
    }
}

fn own((name, value): (&String, &synapsor_protocol::Value)) -> (String, synapsor_protocol::Value) {
    (name.clone(), value.clone())
}

fn made(replay: &Replay) -> Vec<Fact> {
    let proposal = &replay.proposal.proposal;
    let change = &proposal.change_set;
    let target = &change.target;
    let row = format!(
        "{} = {} in {}.{} of {} ({})",
        target.key_column, target.key, target.schema, target.table, target.source, target.engine
    );
    let mut facts = vec![
        Fact { label: "proposal", says: html::code(proposal.proposal_id.as_str()) },
        Fact { label: "tenant", says: html::line(&change.tenant) },
        Fact { label: "asked for by", says: html::line(&change.principal) },
        Fact { label: "row", says: html::line(&row) },
        Fact { label: "computed by", says: computed_by(&change.logic) },
    ];
    if let Some(name) = change.app_executor() {
        let says = format!("the application, by its executor {name}");
        facts.push(Fact { label: "carried out by", says: html::line(&says) });
    }
    if !change.redacted.is_empty() {
        let names: Vec<&str> = change.redacted.keys().map(String::as_str).collect();
        facts.push(Fact { label: "not kept", says: html::line(&names.join(", ")) });
    }
    facts
}

/// The words for it, a component's digest in letters that are told apart.
fn computed_by(logic: &Logic) -> Html {
    let words = words::logic(logic);
    match logic {
        Logic::Declarative => html::line(&words),
        Logic::Handler { component, .. } => {
            let mut says = html::line(words.strip_suffix(component.as_str()).unwrap_or(&words));
            says.push(&html::code(component.as_str()));
            says
        }
    }
}

/// What was read for the proposal, and whether the record of it is what was sealed.
fn kept(replay: &Replay) -> Vec<Fact> {
    let as_sealed = if replay.evidence_intact { "as sealed" } else { "edited since it was sealed" };
    let evidence = &replay.evidence;
    let columns: Vec<&str> = evidence.row.keys().map(String::as_str).collect();
    vec![
        Fact { label: "evidence", says: html::code(evidence.evidence_id.as_str()) },
        Fact { label: "record", says: html::line(as_sealed) },
        Fact { label: "read", says: html::line(&format!("{} of the row", columns.join(", "))) },
    ]
}

fn read(read: &RecordedRead) -> Read {
    match read {
        RecordedRead::Get { read, key, row } => {
            let asked = format!("{read}: the row {}", words::value(key));
            table(&asked, row.as_slice())
        }
        RecordedRead::Find { read, filters, rows } => {
            let by: Vec<String> =
                filters.iter().map(|(name, value)| format!("{name} = {}", words::value(value))).collect();
            table(&format!("{read}: rows where {}", by.join(" and ")), rows)
        }
    }
}

fn table(asked: &str, rows: &[synapsor_protocol::Columns]) -> Read {
    let headers = rows.first().into_iter().flat_map(|row| row.keys()).map(|name| html::line(name)).collect();
    let cells = |row: &synapsor_protocol::Columns| {
        row.iter().map(|(name, value)| cell::cell(name, value)).collect::<Vec<_>>()
    };
    Read {
        asked: html::line(asked),
        headers,
        rows: rows.iter().take(READ_ROWS_MAX).map(cells).collect(),
        more: rows.len().saturating_sub(READ_ROWS_MAX),
    }
}

fn meters(evidence: &EvidenceBundle) -> Vec<Meter> {
    let Some(usage) = &evidence.usage else { return Vec::new() };
    let share = evidence.share();
    let meter = |label, used: String, percent| Meter { label, used, percent };
    vec![
        meter("fuel", usage.fuel.to_string(), share.map(|share| share.fuel_percent)),
        meter("memory", format!("{} bytes", usage.memory_bytes), share.map(|share| share.memory_percent)),
        meter("answer", format!("{} bytes", usage.output_bytes), share.map(|share| share.output_percent)),
        meter("time", format!("{} µs", usage.wall_us), share.map(|share| share.timeout_percent)),
        meter("reads", format!("{}, {} rows", usage.reads, usage.rows), None),
    ]
}

/// Whether the last apply that began has not said how it ended.
fn under_way(events: &[Event]) -> bool {
    let of_apply = |event: &&Event| {
        matches!(
            event.kind,
            EventKind::WritebackStarted
                | EventKind::WritebackApplied
                | EventKind::WritebackAlreadyApplied
                | EventKind::WritebackConflict
                | EventKind::WritebackFailed
                | EventKind::WritebackInterrupted
                | EventKind::WritebackUnknown
        )
    };
    events.iter().rev().find(of_apply).is_some_and(|event| event.kind == EventKind::WritebackStarted)
}

/// Whether anything at all changed in the source for this proposal, with the class of the answer.
fn source_changed(replay: &Replay) -> (&'static str, &'static str) {
    let state = replay.proposal.state;
    let changed = replay.receipts.iter().any(|receipt| receipt.source_changed == SourceChanged::Yes);
    if changed || state == ProposalState::Applied {
        match replay.proposal.proposal.change_set.app_executor() {
            None => ("Yes, exactly as approved", "good"),
            Some(_) => ("Yes, says the executor that carried it out", "good"),
        }
    } else if state == ProposalState::ReconciliationRequired {
        ("Not known; apply again to settle it", "bad")
    } else if under_way(&replay.events) {
        ("An apply has begun and has not said how it ended", "open")
    } else {
        ("No", "good")
    }
}

fn decisions(replay: &Replay) -> Vec<Decided> {
    let decided = |decision: &synapsor_protocol::Decision| Decided {
        verdict: words::verdict(decision.verdict),
        actor: html::line(&decision.actor),
        reason: decision.reason.as_deref().map(html::block),
        at: decision.at.into(),
    };
    replay.decisions.iter().map(decided).collect()
}

fn did(action: &HumanAction) -> Did {
    Did {
        actor: html::line(&action.actor),
        columns: cell::columns(&action.columns),
        notes: action.notes.as_deref().map(html::block),
        at: action.at.into(),
    }
}

/// Whether nobody is to decide it, because it was made for comparison.
fn only_compared(stored: &StoredProposal) -> bool {
    stored.proposal.mode == ProposalMode::Shadow && stored.state == ProposalState::PendingReview
}

/// Where the approval stands.
fn standing(state: ProposalState) -> &'static str {
    match state {
        ProposalState::PendingReview => "Nobody has decided yet.",
        ProposalState::Rejected => "A person said no.",
        ProposalState::Canceled => "It was withdrawn before anybody decided.",
        _ => "A person approved exactly this content.",
    }
}

/// What came of it.
fn result(state: ProposalState, executor: Option<&str>, under_way: bool) -> String {
    let says = match (state, executor) {
        (ProposalState::Approved | ProposalState::PendingWorker, _) if under_way => {
            "An apply has begun and has not said how it ended; applying again settles it."
        }
        (ProposalState::PendingReview, _) => "Nothing was committed: nobody has decided yet.",
        (ProposalState::Approved, _) => "Nothing was committed yet: it is approved and waits to be applied.",
        (ProposalState::PendingWorker, _) => "Nothing was committed yet: the job was handed to a worker.",
        (ProposalState::Rejected, _) => "Nothing was committed: it was rejected.",
        (ProposalState::Canceled, _) => "Nothing was committed: it was withdrawn.",
        (ProposalState::Applied, None) => "Commit executed by the trusted runner.",
        (ProposalState::Conflict, None) => "Nothing was committed: a guard did not hold.",
        (ProposalState::Failed, None) => "Nothing was committed: the source refused the change.",
        (ProposalState::ReconciliationRequired, None) => {
            "Not known: the connection was lost at the commit. Applying again finds out."
        }
        (ProposalState::Applied, Some(name)) => {
            return format!("Carried out by the executor {name} of the application, as it says.");
        }
        (ProposalState::Conflict, Some(name)) => {
            return format!(
                "Nothing was committed: the executor {name} found another row than the reviewed one."
            );
        }
        (ProposalState::Failed, Some(name)) => {
            return format!("Nothing was committed: the executor {name} said no.");
        }
        (ProposalState::ReconciliationRequired, Some(name)) => {
            return format!(
                "Not known: the executor {name} did not say clearly how it ended. Applying again finds out."
            );
        }
    };
    says.to_owned()
}

fn ended(receipt: &Receipt, executor: Option<&str>) -> Ended {
    let mut facts = vec![
        Fact { label: "receipt", says: html::line(receipt.receipt_id.as_str()) },
        Fact { label: "by runner", says: html::line(&receipt.runner_id) },
        Fact {
            label: "source",
            says: html::line(match (receipt.source_changed, executor) {
                (SourceChanged::Yes, Some(_)) => "changed, says the executor",
                (changed, _) => words::source_changed(changed),
            }),
        },
    ];
    if let Some(name) = executor {
        facts.push(Fact { label: "by executor", says: html::line(name) });
    }
    if let Some(code) = &receipt.executor_code {
        facts.push(Fact { label: "the executor's code", says: html::line(code) });
    }
    if let Some(code) = receipt.code {
        facts.push(Fact { label: "code", says: html::line(code.as_str()) });
    }
    if !receipt.changed_columns.is_empty() {
        let columns = receipt.changed_columns.join(", ");
        facts.push(Fact { label: "changed since the proposal", says: html::line(&columns) });
    }
    if let (Some(before), Some(after)) = (&receipt.previous_version, &receipt.new_version) {
        let moved = format!("{} → {}", words::value(before), words::value(after));
        facts.push(Fact { label: "version", says: html::line(&moved) });
    }
    Ended {
        outcome: match receipt.outcome {
            Outcome::Applied => "applied",
            Outcome::AlreadyApplied => "already applied",
            Outcome::Conflict => "conflict",
            Outcome::Failed => "failed",
            Outcome::Unknown => "unknown",
        },
        class: match receipt.outcome {
            Outcome::Applied | Outcome::AlreadyApplied => "good",
            Outcome::Conflict | Outcome::Failed => "bad",
            Outcome::Unknown => "open",
        },
        says: html::line(&words::outcome(receipt, executor)),
        facts,
        at: receipt.executed_at.into(),
    }
}

fn link(event: &Event) -> Link {
    Link {
        seq: event.seq,
        what: event.kind.as_str().replace('_', " "),
        actor: html::line(&event.actor),
        at: event.at.into(),
    }
}
