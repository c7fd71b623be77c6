//! What turns a row and arguments into a patch: bindings in the config, or a handler.

use std::collections::BTreeMap;
use std::sync::Arc;

use synapsor_config::{Binding, Capability, Logic as Reviewed, ProposalRules};
use synapsor_handler_host::{HandlerAnswer, HandlerCall};
use synapsor_protocol::value::Columns;
use synapsor_protocol::{Code, HandlerInputs, Logic, Moment, Refusal, TrustedContext, Value};
use synapsor_source::ScopedRow;

use crate::arguments::ValidArguments;
use crate::handlers::LoadedHandler;
use crate::reads::{TenantReads, only};
use crate::runtime::Shared;
use crate::trail::Trail;

/// What the logic asked for; no rule has looked at it yet.
pub(crate) struct Wanted {
    pub(crate) patch: Columns,
    pub(crate) summary: Option<String>,
    pub(crate) logic: Logic,
}

/// What a call hands to its logic.
pub(crate) struct Inputs<'a> {
    pub(crate) capability: &'a Arc<Capability>,
    pub(crate) context: &'a TrustedContext,
    pub(crate) arguments: &'a ValidArguments,
    pub(crate) row: &'a ScopedRow,
    pub(crate) received_at: Moment,
}

pub(crate) async fn run(
    shared: &Shared,
    rules: &ProposalRules,
    inputs: Inputs<'_>,
    trail: &mut Trail,
) -> Result<Wanted, Refusal> {
    match &rules.logic {
        Reviewed::Patch(bindings) => Ok(Wanted {
            patch: bindings_patch(bindings, inputs.arguments.as_columns()),
            summary: None,
            logic: Logic::Declarative,
        }),
        Reviewed::Handler(grant) => {
            let loaded = shared.handlers.get(&inputs.capability.name).await?;
            let call = handler_call(&inputs, grant.settings.clone());
            let reads = Arc::new(TenantReads {
                sources: shared.sources.clone(),
                source: inputs.capability.source.name.clone(),
                reads: Arc::clone(&loaded.reads),
                context: inputs.context.clone(),
            });
            let given = handler_inputs(&inputs, &grant.settings, loaded);
            trail.handler_given(given, loaded.handler.limits().budget());
            let run = loaded.handler.propose(call, reads).await.map_err(|guest| {
                let refusal = guest.refusal();
                trail.handler_ran(guest.reads, guest.log, guest.usage);
                labelled(refusal, &loaded.name, &loaded.version)
            })?;
            trail.handler_ran(run.reads, run.log, run.usage);
            match run.answer {
                HandlerAnswer::Change { columns, summary } => {
                    declared(&columns, loaded)?;
                    Ok(Wanted {
                        patch: columns,
                        summary,
                        logic: Logic::Handler {
                            name: loaded.name.clone(),
                            version: loaded.version.clone(),
                            component: loaded.handler.digest().clone(),
                        },
                    })
                }
                HandlerAnswer::Refusal { code, message } => {
                    trail.handler_refused(&code);
                    let mut refusal = Refusal::new(Code::HandlerRefused, message);
                    refusal.handler_code = Some(code);
                    Err(refusal)
                }
            }
        }
    }
}

/// The patch of a capability without a handler.
pub(crate) fn bindings_patch(bindings: &BTreeMap<String, Binding>, arguments: &Columns) -> Columns {
    bindings.iter().map(|(column, binding)| (column.clone(), bound(binding, arguments))).collect()
}

/// An optional argument that was not given clears the column.
fn bound(binding: &Binding, arguments: &Columns) -> Value {
    match binding {
        Binding::Fixed(value) => value.clone(),
        Binding::FromArg(name) => arguments.get(name).cloned().unwrap_or(Value::Null),
    }
}

fn handler_call(inputs: &Inputs<'_>, settings: Columns) -> HandlerCall {
    let capability = inputs.capability;
    HandlerCall {
        capability: capability.name.clone(),
        tenant: inputs.context.tenant().to_owned(),
        principal: inputs.context.principal().to_owned(),
        now: inputs.received_at,
        arguments: inputs.arguments.as_columns().clone(),
        settings,
        row: only(inputs.row.columns().clone(), &capability.handler_columns()),
    }
}

fn handler_inputs(inputs: &Inputs<'_>, settings: &Columns, loaded: &LoadedHandler) -> HandlerInputs {
    HandlerInputs {
        name: loaded.name.clone(),
        version: loaded.version.clone(),
        component: loaded.handler.digest().clone(),
        settings: settings.clone(),
        shown: inputs.capability.handler_columns(),
        refused: None,
    }
}

/// A handler that changes more than its manifest says is not the one that was reviewed, whatever the config allows.
pub(crate) fn declared(patch: &Columns, loaded: &LoadedHandler) -> Result<(), Refusal> {
    match patch.keys().find(|column| !loaded.writes.contains(*column)) {
        None => Ok(()),
        Some(column) => {
            let message = format!("column `{column}` is not one its manifest says it writes");
            Err(labelled(Refusal::new(Code::PatchColumnNotAllowed, message), &loaded.name, &loaded.version))
        }
    }
}

/// Guest errors carry the guest's name and version, so that nobody looks for the fault in the runner.
pub(crate) fn labelled(mut refusal: Refusal, name: &str, version: &str) -> Refusal {
    refusal.message = format!("handler `{name}` {version}: {}", refusal.message);
    refusal
}
