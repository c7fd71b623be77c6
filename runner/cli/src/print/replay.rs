//! The recorded story of a proposal, for people: what was asked, decided and done, in order.

use std::fmt::Write as _;

use synapsor_ledger::Replay;
use synapsor_protocol::{ChangeSet, HumanAction, Value, words};

use super::page::Page;
use super::{evidence, inert, markdown, proposal, receipt, style, table::table, usage};

pub(crate) fn story(replay: &Replay) -> String {
    let mut text = proposal::sheet(&replay.proposal);
    let evidence = &replay.evidence;
    let intact = if replay.evidence_intact { style::good("as sealed") } else { style::bad("edited since") };
    let _ = writeln!(text, "  {} {} ({intact})", style::dim("evidence "), evidence.evidence_id);
    text.push_str(&usage::line(evidence));
    for decision in &replay.decisions {
        let reason = decision.reason.as_deref().map(|reason| format!(": {}", inert::text(reason)));
        let _ = writeln!(
            text,
            "  {} {} by {}{}",
            style::dim("decision "),
            words::verdict(decision.verdict),
            inert::text(&decision.actor),
            reason.unwrap_or_default()
        );
    }
    for receipt in &replay.receipts {
        let code = receipt.code.map(|code| format!(" ({code})")).unwrap_or_default();
        let _ = writeln!(text, "  {} {}{code}", style::dim("receipt  "), receipt.outcome);
    }
    for action in &replay.human_actions {
        let notes = action.notes.as_deref().map(|notes| format!(" ({})", inert::text(notes)));
        let _ = writeln!(
            text,
            "  {} {} by {}{}",
            style::dim("a person "),
            inert::text(&done(action)),
            inert::text(&action.actor),
            notes.unwrap_or_default()
        );
    }
    let events = replay.events.iter().map(|event| {
        [
            event.seq.to_string(),
            event.at.to_string(),
            event.kind.as_str().to_owned(),
            inert::text(&event.actor),
        ]
    });
    let events: Vec<_> = events.collect();
    let _ = writeln!(text, "\n{}", proposal::indented(&table(["event", "at", "what", "by"], &events)));
    text
}

/// The same story as a page of its own.
pub(crate) fn page(replay: &Replay) -> String {
    let proposal = &replay.proposal.proposal;
    let mut page = Page::titled(format!("Replay of proposal {}", proposal.proposal_id));
    page.paragraph("Told from the ledger alone; no database was read.");
    page.facts(&[("ledger", replay.ledger_id.clone())]);
    sections(&mut page, replay);
    markdown::written(&page)
}

/// The story in the order it came about, on a page that has its title.
pub(crate) fn sections(page: &mut Page, replay: &Replay) {
    let sealed = |intact: bool| if intact { "as sealed" } else { "edited since" }.to_owned();
    let proposal = &replay.proposal.proposal;
    let change = &proposal.change_set;
    page.heading("Proposal");
    page.facts(&[
        ("proposal", proposal.proposal_id.to_string()),
        ("state", replay.proposal.state.to_string()),
        ("capability", change.capability.clone()),
        ("for", format!("{} of tenant {}", change.principal, change.tenant)),
        ("row", format!("{} {} of {}", change.target.table, change.target.key, change.target.source)),
        ("made at", proposal.created_at.to_string()),
        ("digest", proposal.digest.to_string()),
        ("record", sealed(replay.proposal.intact)),
    ]);
    page.table(&["column", "before", "proposed"], diff(change));
    page.heading("Evidence");
    page.facts(&[
        ("evidence", replay.evidence.evidence_id.to_string()),
        ("digest", proposal.evidence_digest.to_string()),
        ("record", sealed(replay.evidence_intact)),
    ]);
    evidence::section(page, &replay.evidence);
    page.heading("Decisions");
    decisions(page, replay);
    if !replay.human_actions.is_empty() {
        page.heading("What people did");
        human_actions(page, replay);
    }
    page.heading("Receipts");
    if replay.receipts.is_empty() {
        page.paragraph("None: it was not applied.");
    }
    for receipt in &replay.receipts {
        page.subheading(&format!("{}: {}", receipt.receipt_id, receipt.outcome));
        page.facts(&receipt::facts(receipt));
    }
    page.heading("Events");
    events(page, replay);
}

/// Its links of the chain.
pub(crate) fn events(page: &mut Page, replay: &Replay) {
    let events = replay.events.iter().map(|event| {
        let digest = event.digest.to_string();
        vec![
            event.seq.to_string(),
            event.at.to_string(),
            event.kind.as_str().to_owned(),
            event.actor.clone(),
            digest,
        ]
    });
    page.table(&["event", "at", "what", "by", "digest"], events.collect());
}

/// The changed columns, before and proposed.
pub(crate) fn diff(change: &ChangeSet) -> Vec<Vec<String>> {
    let row = |(column, proposed): (&String, &Value)| {
        let before = change.before.get(column).map_or_else(|| "?".to_owned(), ToString::to_string);
        vec![column.clone(), before, proposed.to_string()]
    };
    change.patch.iter().map(row).collect()
}

/// What people said they did to the row of a shadow proposal.
fn human_actions(page: &mut Page, replay: &Replay) {
    let actions = replay.human_actions.iter().map(|action| {
        let notes = action.notes.clone().unwrap_or_default();
        vec![done(action), action.actor.clone(), action.at.to_string(), notes]
    });
    page.table(&["done", "by", "at", "notes"], actions.collect());
}

/// The columns a person changed, in one line.
fn done(action: &HumanAction) -> String {
    let changed = action.columns.iter().map(|(column, value)| format!("{column} = {}", words::value(value)));
    match changed.collect::<Vec<_>>() {
        none if none.is_empty() => "left the row alone".to_owned(),
        some => some.join(", "),
    }
}

/// Who allowed it, or did not.
pub(crate) fn decisions(page: &mut Page, replay: &Replay) {
    let decisions = replay.decisions.iter().map(|decision| {
        let reason = decision.reason.clone().unwrap_or_default();
        vec![
            words::verdict(decision.verdict).to_owned(),
            decision.actor.clone(),
            decision.at.to_string(),
            reason,
        ]
    });
    page.table(&["verdict", "by", "at", "reason"], decisions.collect());
}
