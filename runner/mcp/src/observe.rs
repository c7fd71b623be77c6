//! What the log says of a call: that it ended, how, and how long it took.
//!
//! Invariant: names, codes and durations; never a value of an argument or a row.

use std::time::Duration;

use synapsor_invocation::{Answer, ToolDescription};
use synapsor_protocol::Refusal;

/// The name told for a tool that is not served: what was asked for is the caller's text.
const UNKNOWN: &str = "unknown";

/// What the log calls a tool.
pub(crate) fn capability(tool: Option<&ToolDescription>) -> &str {
    tool.map_or(UNKNOWN, |tool| tool.name.as_str())
}

/// Says how a call ended.
pub(crate) fn ended(tool: Option<&ToolDescription>, answer: Result<&Answer, &Refusal>, took: Duration) {
    let refused = answer.err().map(|refusal| refusal.code);
    let (proposal, columns) = match answer {
        Ok(Answer::Proposal(made)) => {
            let columns: Vec<&str> = made.diff.keys().map(String::as_str).collect();
            (Some(made.proposal.proposal_id.as_str()), Some(columns.join(",")))
        }
        _ => (None, None),
    };
    tracing::info!(
        target: "synapsor::call",
        capability = capability(tool),
        source = tool.map(|tool| tool.source.as_str()),
        table = tool.map(|tool| tool.table.as_str()),
        proposal,
        columns,
        status = refused.map_or("ok", |code| code.as_str()),
        took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "a call ended"
    );
}
