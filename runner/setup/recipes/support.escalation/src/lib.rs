//! Raises a ticket's priority by one step.

use synapsor_handler::{Call, Change, Columns, Refusal, handler, refuse};

handler!(propose);

const STEPS: [&str; 4] = ["low", "normal", "high", "urgent"];

fn propose(call: &Call, ticket: &Columns) -> Result<Change, Refusal> {
    let reason = call.arguments.text("escalation_reason")?;
    let priority = ticket.text("priority")?;
    let Some(at) = STEPS.iter().position(|step| *step == priority) else {
        return refuse("PRIORITY_UNKNOWN", "expected low, normal, high or urgent");
    };
    match STEPS.get(at + 1) {
        None => refuse("URGENT_ALREADY", "there is nothing above urgent"),
        Some(next) => Ok(Change::new()
            .set("priority", *next)
            .set("escalation_reason", reason)
            .summary(format!("raises the priority from {priority} to {next}"))),
    }
}
