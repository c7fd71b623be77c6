//! Events for people and for programs that follow them.

use serde_json::Value as Json;
use synapsor_protocol::Event;

use super::inert;
use super::table::table as laid_out;

/// The document behind `--json`.
pub(crate) fn document(event: &Event) -> Json {
    serde_json::to_value(event).unwrap_or_default()
}

/// One line each.
pub(crate) fn table(events: &[Event]) -> String {
    let rows: Vec<_> = events.iter().map(cells).collect();
    laid_out(["event", "at", "what", "by", "proposal"], &rows)
}

/// One line, as wide as its cells usually are, so that lines that come later stand under it.
pub(crate) fn line(event: &Event) -> String {
    let [seq, at, kind, actor, proposal] = cells(event);
    format!("{seq:>6}  {at}  {kind:<25}  {actor:<20}  {proposal}").trim_end().to_owned()
}

/// One line for a program.
pub(crate) fn json_line(event: &Event) -> String {
    document(event).to_string()
}

fn cells(event: &Event) -> [String; 5] {
    [
        event.seq.to_string(),
        event.at.to_string(),
        event.kind.as_str().to_owned(),
        inert::text(&event.actor),
        event.proposal_id.as_ref().map(|id| inert::text(id.as_str())).unwrap_or_default(),
    ]
}
