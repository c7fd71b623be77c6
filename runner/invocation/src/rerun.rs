//! The logic of a recorded call again, from the record: the recorded handler or another one, and no row of a database.
//!
//! Invariant: no source is asked. A read that the record does not hold ends the rerun as [`Ending::OtherReads`].
//! The columns' types only the source knows: whoever has asked it what the table looks like hands that in, and then the rules
//! are those of a call. A value that means what the recorded one means is taken in the recorded form either way.

use std::sync::Arc;

use serde::Serialize;
use synapsor_config::{Capability, Logic as Reviewed, ProposalRules};
use synapsor_handler_host::{HandlerAnswer, HandlerCall, RecordedReads};
use synapsor_ledger::PastCall;
use synapsor_protocol::value::Columns;
use synapsor_protocol::{Code, EvidenceBundle, Refusal};
use synapsor_source::TableShape;

use crate::handlers::LoadedHandler;
use crate::logic::{bindings_patch, declared, labelled};
use crate::reads::only;
use crate::rules;

/// Whose settings a handler is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingsFrom {
    /// Those of the recorded call.
    Record,
    /// Those of today's config.
    Config,
}

/// What a rerun takes from today and not from the record, beside the rules.
#[derive(Debug, Clone, Copy)]
pub struct Today<'a> {
    /// Whose settings the handler is given.
    pub settings: SettingsFrom,
    /// What the target table looks like, where somebody could ask: its columns must then take the values.
    pub table: Option<&'a TableShape>,
}

/// What came of running the logic again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rerun {
    /// How it ended.
    pub ending: Ending,
    /// Fuel the handler used; none without a handler.
    pub fuel: Option<u64>,
    /// Wall-clock microseconds it took; none likewise.
    pub wall_us: Option<u64>,
    /// Why the handler gave no answer, where it was stopped or could not begin.
    pub stopped: Option<Code>,
}

/// How a call ended, then or now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Ending {
    /// It proposed a change.
    Proposed {
        /// The columns.
        patch: Columns,
        /// The handler's account.
        summary: Option<String>,
    },
    /// It was refused, by the handler or by a rule.
    Refused {
        /// The handler's own code where it answered no, else the runner's.
        code: String,
        /// Why; the record keeps the code alone.
        message: Option<String>,
    },
    /// It asked for reads that the recorded call did not.
    OtherReads {
        /// Each in words.
        reads: Vec<String>,
    },
}

impl Ending {
    /// How the recorded call ended.
    pub fn recorded(past: &PastCall) -> Self {
        if let Some(proposal) = &past.proposal {
            let change_set = &proposal.change_set;
            return Self::Proposed { patch: change_set.patch.clone(), summary: change_set.summary.clone() };
        }
        let own = past.evidence.handler.as_ref().and_then(|handler| handler.refused.clone());
        let code = own.unwrap_or_else(|| past.refused.unwrap_or(Code::HandlerRefused).as_str().to_owned());
        Self::Refused { code, message: None }
    }
}

/// Runs the logic of a recorded call again: `handler` where the capability has one, the config's bindings where not.
///
/// # Errors
/// When the record or the config does not hold what that takes. That the logic refuses is an [`Ending`].
pub async fn rerun(
    past: &PastCall,
    capability: &Capability,
    handler: Option<&LoadedHandler>,
    today: Today<'_>,
) -> Result<Rerun, Refusal> {
    let Some(rules) = &capability.proposal else {
        return Err(missing(format!("capability `{}` proposes nothing today", capability.name)));
    };
    match (&rules.logic, handler) {
        (Reviewed::Patch(bindings), None) => {
            let patch = bindings_patch(bindings, &past.evidence.arguments);
            let ending = checked(past, rules, today.table, (patch, None));
            Ok(Rerun { ending, fuel: None, wall_us: None, stopped: None })
        }
        (Reviewed::Handler(grant), Some(handler)) => {
            let settings = match today.settings {
                SettingsFrom::Config => grant.settings.clone(),
                SettingsFrom::Record => recorded_settings(past, capability, &grant.settings)?,
            };
            let call = call(&past.evidence, shown(&past.evidence, capability), settings);
            Ok(run(past, call, rules, handler, today.table).await)
        }
        _ => Err(missing(format!(
            "capability `{}` had another kind of logic when the call was recorded",
            capability.name
        ))),
    }
}

async fn run(
    past: &PastCall,
    call: HandlerCall,
    rules: &ProposalRules,
    loaded: &LoadedHandler,
    table: Option<&TableShape>,
) -> Rerun {
    let reads = Arc::new(RecordedReads::new(&past.evidence.reads));
    let asked = Arc::clone(&reads);
    let (ending, used, stopped) = match loaded.handler.propose(call, reads).await {
        Ok(run) => {
            let ending = match run.answer {
                HandlerAnswer::Change { columns, summary } => match declared(&columns, loaded) {
                    Ok(()) => checked(past, rules, table, (columns, summary)),
                    Err(refusal) => refused(refusal),
                },
                HandlerAnswer::Refusal { code, message } => Ending::Refused { code, message: Some(message) },
            };
            (ending, run.usage, None)
        }
        Err(guest) => {
            let refusal = labelled(guest.refusal(), &loaded.name, &loaded.version);
            let code = refusal.code;
            (refused(refusal), guest.usage, Some(code))
        }
    };
    // A handler that was not answered may have said anything.
    let other = asked.asked().missing;
    let ending = if other.is_empty() { ending } else { Ending::OtherReads { reads: other } };
    Rerun { ending, fuel: Some(used.fuel), wall_us: Some(used.wall_us), stopped }
}

fn call(evidence: &EvidenceBundle, row: Columns, settings: Columns) -> HandlerCall {
    HandlerCall {
        capability: evidence.capability.clone(),
        tenant: evidence.tenant.clone(),
        principal: evidence.principal.clone(),
        now: evidence.received_at,
        arguments: evidence.arguments.clone(),
        settings,
        row,
    }
}

/// The columns of the row that the handler was shown. A record from before they were kept has today's.
fn shown(evidence: &EvidenceBundle, capability: &Capability) -> Columns {
    let listed = match &evidence.handler {
        Some(handler) => handler.shown.clone(),
        None => capability.handler_columns(),
    };
    only(evidence.row.clone(), &listed)
}

/// A record from before settings were kept has today's, if the capability is still the one that was reviewed.
fn recorded_settings(past: &PastCall, capability: &Capability, today: &Columns) -> Result<Columns, Refusal> {
    if let Some(handler) = &past.evidence.handler {
        return Ok(handler.settings.clone());
    }
    let reviewed = past.proposal.as_ref().map(|proposal| &proposal.change_set.capability_digest);
    if reviewed == Some(&capability.digest) {
        return Ok(today.clone());
    }
    Err(missing(
        "the settings of this call were not recorded, and the capability has changed since".to_owned(),
    )
    .hint("run it with the config of that time (--config)"))
}

fn checked(
    past: &PastCall,
    rules: &ProposalRules,
    table: Option<&TableShape>,
    (patch, summary): (Columns, Option<String>),
) -> Ending {
    let recorded = past.proposal.as_ref().map(|proposal| &proposal.change_set.patch);
    match rules::enforce_recorded(rules, &past.evidence.row, recorded, table, patch) {
        Ok(patch) => Ending::Proposed { patch, summary },
        Err(refusal) => refused(refusal),
    }
}

fn refused(refusal: Refusal) -> Ending {
    let code = refusal.handler_code.unwrap_or_else(|| refusal.code.as_str().to_owned());
    Ending::Refused { code, message: Some(refusal.message) }
}

fn missing(message: String) -> Refusal {
    Refusal::new(Code::RerunInputsMissing, message)
}
