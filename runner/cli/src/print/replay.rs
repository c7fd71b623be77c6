//! The recorded story of a proposal, for people: what was asked, decided and done, in order.

use std::fmt::Write as _;

use synapsor_ledger::Replay;
use synapsor_protocol::words;

use super::{inert, proposal, style, table::table, usage};

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
