//! A proposal and what became of it in words: the same sentences on the terminal and on the review page.
//!
//! The sentences hold names and values as they are stored. Whoever prints them makes them harmless first.

use crate::change_set::{Advance, ChangeSet, Guard, Logic};
use crate::proposal::{ProposalState, Verdict};
use crate::receipt::{Outcome, Receipt};
use crate::refusal::SourceChanged;
use crate::value::Value;

/// Said of a record that is not what was sealed.
pub const NOT_INTACT: &str = "the stored content is not what was sealed; it cannot be decided or applied";

/// What the model asked for.
pub fn request(change: &ChangeSet) -> String {
    format!(
        "{} asks to change {} {} of tenant {}, for {}",
        change.capability, change.target.table, change.target.key, change.tenant, change.principal
    )
}

/// A value: text in quotes, so that `null` and `"null"` differ for the reader as they do in the database.
pub fn value(value: &Value) -> String {
    match value {
        Value::Text(content) | Value::Json(content) => format!("\"{content}\""),
        Value::Bytes(bytes) => format!("{} bytes, base64 {value}", bytes.len()),
        other => other.to_string(),
    }
}

/// What must still be true of the row.
pub fn guard(guard: &Guard) -> String {
    match guard {
        Guard::Row => "every captured column unchanged".to_owned(),
        Guard::Version { column, expected, advance } => {
            let advance = match advance {
                Advance::None => "",
                Advance::Increment => "; the apply adds one to it",
                Advance::Now => "; the apply sets it to the source's clock",
            };
            format!("{column} is still {}, and every captured column unchanged{advance}", value(expected))
        }
    }
}

/// What computed the change.
pub fn logic(logic: &Logic) -> String {
    match logic {
        Logic::Declarative => "bindings in the config".to_owned(),
        Logic::Handler { name, version, component } => format!("handler {name} {version}, {component}"),
    }
}

/// What the present state asks of a person, or says of the end.
pub fn state(state: ProposalState) -> &'static str {
    match state {
        ProposalState::PendingReview => "waits for a person",
        ProposalState::Approved => "approved, not applied yet",
        ProposalState::PendingWorker => "handed to a worker",
        ProposalState::Applied => "applied as approved",
        ProposalState::Conflict => "conflict, nothing changed",
        ProposalState::Failed => "failed, nothing changed",
        ProposalState::Rejected => "rejected",
        ProposalState::Canceled => "withdrawn",
        ProposalState::ReconciliationRequired => "outcome unknown",
    }
}

/// The decision, as a word in a sentence.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approved => "approved",
        Verdict::Rejected => "rejected",
    }
}

/// Whether one run changed the source.
pub fn source_changed(changed: SourceChanged) -> &'static str {
    match changed {
        SourceChanged::No => "not changed by this run",
        SourceChanged::Yes => "changed, exactly as approved",
        SourceChanged::Unknown => "not known whether it changed; apply again to settle it",
    }
}

/// How an apply ended, in one sentence. Of what an executor of the application carries out only its word is known.
pub fn outcome(receipt: &Receipt, executor: Option<&str>) -> String {
    let why = receipt.code.map(|code| format!(": {}", code.meaning())).unwrap_or_default();
    match (receipt.outcome, executor) {
        (Outcome::Applied, None) => "Applied: the row holds exactly the approved values.".to_owned(),
        (Outcome::Applied, Some(name)) => format!("Applied by the executor {name}, as it says."),
        (Outcome::AlreadyApplied, None) => {
            "Applied by an earlier run, whose receipt the source holds.".to_owned()
        }
        (Outcome::AlreadyApplied, Some(name)) => {
            format!("Applied by the executor {name} at an earlier try, as it says.")
        }
        (Outcome::Conflict, None) => format!("Conflict{why}. No write was applied."),
        (Outcome::Failed, None) => format!("Failed{why}. No write was applied."),
        (Outcome::Conflict, Some(name)) => {
            format!("Conflict{why}. Nothing was changed, says the executor {name}.")
        }
        (Outcome::Failed, Some(name)) => {
            format!("Failed{why}. Nothing was changed, says the executor {name}.")
        }
        (Outcome::Unknown, _) => format!("Not known yet{why}. Apply again to settle it."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_the_text_null_differ() {
        assert_ne!(value(&Value::Null), value(&Value::Text("null".into())));
    }
}
