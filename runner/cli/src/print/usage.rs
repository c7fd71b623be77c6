//! What a handler used of its limits, as the record of its call has it.

use serde_json::{Value as Json, json};
use synapsor_protocol::EvidenceBundle;

use super::style;

/// The figures behind `--json`; null where no handler was asked.
pub(crate) fn document(evidence: &EvidenceBundle) -> Json {
    match &evidence.usage {
        Some(usage) => json!({ "usage": usage, "budget": evidence.budget, "share": evidence.share() }),
        None => Json::Null,
    }
}

/// One line of a sheet; nothing where no handler was asked. Records from before the limits were kept have no percentages.
pub(crate) fn line(evidence: &EvidenceBundle) -> String {
    let Some(usage) = &evidence.usage else { return String::new() };
    let share = evidence.share();
    let of = |percent: Option<u64>| percent.map(|percent| format!(" ({percent} %)")).unwrap_or_default();
    format!(
        "  {} fuel {}{}, memory {} bytes{}, {} us{}, {} reads, {} rows\n",
        style::dim("handler  "),
        usage.fuel,
        of(share.map(|share| share.fuel_percent)),
        usage.memory_bytes,
        of(share.map(|share| share.memory_percent)),
        usage.wall_us,
        of(share.map(|share| share.timeout_percent)),
        usage.reads,
        usage.rows,
    )
}
