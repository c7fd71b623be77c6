//! One capability, with every name resolved and sealed by the digest of what was reviewed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use synapsor_protocol::{Advance, Digest, SQL_UPDATE};

use super::review::digest;
use crate::compiled::{
    Acknowledgement, Argument, ArgumentType, Binding, Bounds, Capability, ConflictGuard, Context,
    DEFAULT_CONTEXT, DeclaredRead, HandlerGrant, HandlerLimits, Logic, ProposalRules, ShadowGrant, Source,
    TableTarget, Transition,
};
use crate::raw::{
    CapabilityKind, ExactNumber, Identifier, RawAcknowledgement, RawAdvance, RawArgument, RawBinding,
    RawCapability, RawConflictGuard, RawHandler, RawRead, RawTarget, RawTransition,
};

/// Most rows of one `find`, where the config does not say.
const READ_ROWS_MAX: u32 = 20;

pub(super) fn compile(
    mut raw: RawCapability,
    sources: &BTreeMap<String, Arc<Source>>,
    contexts: &BTreeMap<String, Arc<Context>>,
) -> Option<Capability> {
    let proposal = match raw.kind {
        CapabilityKind::Read => None,
        CapabilityKind::Proposal => Some(rules(&mut raw)?),
    };
    let context_name = raw.context.unwrap_or_else(|| DEFAULT_CONTEXT.to_owned());
    let written = raw.description.clone();
    let description = raw.description.unwrap_or_else(|| default_description(raw.kind, &raw.target));
    let mut capability = Capability {
        name: raw.name,
        description,
        returns_hint: raw.returns_hint,
        source: Arc::clone(sources.get(&raw.source)?),
        context: Arc::clone(contexts.get(&context_name)?),
        context_name,
        target: target(raw.target),
        args: raw.args.0.into_iter().map(argument).collect(),
        lookup_arg: raw.lookup.id_from_arg,
        scopes: raw.scopes.unwrap_or_default(),
        visible_columns: texts(raw.visible_columns),
        redact: texts(raw.redact),
        proposal,
        digest: Digest::of_bytes(&[]),
    };
    capability.digest = digest(&capability, written.as_deref())?;
    Some(capability)
}

fn default_description(kind: CapabilityKind, target: &RawTarget) -> String {
    let table = format!("{}.{}", target.schema.0, target.table.0);
    match kind {
        CapabilityKind::Read => format!("Reads one row of {table} of the trusted tenant, by primary key."),
        CapabilityKind::Proposal => format!(
            "Proposes a change to one row of {table} of the trusted tenant. Nothing is changed: a person decides."
        ),
    }
}

fn target(raw: RawTarget) -> TableTarget {
    TableTarget {
        schema: raw.schema.0,
        table: raw.table.0,
        primary_key: raw.primary_key.0,
        tenant_key: raw.tenant_key.map(|column| column.0),
    }
}

fn argument((name, raw): (String, RawArgument)) -> Argument {
    Argument {
        name,
        kind: raw.kind,
        description: raw.description,
        required: raw.required.unwrap_or(true),
        max_length: raw.max_length.filter(|_| raw.kind == ArgumentType::String),
        minimum: decimal_text(raw.minimum),
        maximum: decimal_text(raw.maximum),
        allowed: raw.allowed.map(|values| values.iter().map(|value| value.0.to_plain()).collect()),
    }
}

fn rules(raw: &mut RawCapability) -> Option<ProposalRules> {
    let reads = std::mem::take(&mut raw.reads);
    let logic = match (raw.patch.take(), raw.handler.take()) {
        (Some(patch), None) => Logic::Patch(bindings(patch)?),
        (None, Some(grant)) => Logic::Handler(handler(grant, reads)),
        _ => return None,
    };
    let bounds = std::mem::take(&mut raw.numeric_bounds).into_iter().map(|(column, bounds)| {
        let (minimum, maximum) = (decimal_text(bounds.minimum), decimal_text(bounds.maximum));
        (column, Bounds { minimum, maximum })
    });
    let transitions = std::mem::take(&mut raw.transition_guards).into_iter();
    Some(ProposalRules {
        logic,
        allowed_columns: texts(raw.allowed_columns.take()?),
        numeric_bounds: bounds.collect(),
        transition_guards: transitions.map(transition).collect(),
        guard: guard(raw.conflict_guard.take()?),
        target_acknowledgements: acknowledgements(std::mem::take(&mut raw.target_acknowledgements)),
        executor: raw.executor.take().unwrap_or_else(|| SQL_UPDATE.to_owned()),
        required_role: raw.approval.take().and_then(|approval| approval.required_role),
    })
}

fn bindings(patch: BTreeMap<String, RawBinding>) -> Option<BTreeMap<String, Binding>> {
    let binding = |raw: RawBinding| match (raw.fixed, raw.from_arg) {
        (Some(fixed), None) => Some(Binding::Fixed(fixed.0)),
        (None, Some(argument)) => Some(Binding::FromArg(argument)),
        _ => None,
    };
    patch.into_iter().map(|(column, raw)| Some((column, binding(raw)?))).collect()
}

fn handler(raw: RawHandler, reads: BTreeMap<String, RawRead>) -> HandlerGrant {
    HandlerGrant {
        bundle: PathBuf::from(raw.bundle),
        digest: raw.digest,
        shadow: raw.shadow.map(|shadow| ShadowGrant { bundle: shadow.bundle.into(), digest: shadow.digest }),
        settings: raw.settings.into_iter().map(|(name, value)| (name, value.0)).collect(),
        wasi: raw.wasi,
        limits: HandlerLimits {
            fuel: raw.limits.fuel,
            memory_bytes: raw.limits.memory_bytes,
            timeout_ms: raw.limits.timeout_ms,
            reads_max: raw.limits.reads_max,
            output_bytes: raw.limits.output_bytes,
        },
        reads: reads.into_iter().map(|(name, raw)| (name, declared_read(raw))).collect(),
    }
}

fn declared_read(raw: RawRead) -> DeclaredRead {
    DeclaredRead {
        target: target(raw.target),
        columns: texts(raw.columns),
        filters: texts(raw.filters),
        rows_max: raw.rows_max.unwrap_or(READ_ROWS_MAX),
    }
}

fn transition((column, raw): (String, RawTransition)) -> (String, Transition) {
    let from_column = raw.from_column.map_or_else(|| column.clone(), |from| from.0);
    let allowed =
        raw.allowed.into_iter().map(|(state, next)| (state, next.into_iter().collect::<BTreeSet<_>>()));
    (column, Transition { from_column, allowed: allowed.collect() })
}

fn guard(raw: RawConflictGuard) -> ConflictGuard {
    let advance = match raw.advance {
        None => Advance::None,
        Some(RawAdvance::Increment) => Advance::Increment,
        Some(RawAdvance::Now) => Advance::Now,
    };
    match raw.column {
        Some(column) => ConflictGuard::Column { column: column.0, advance },
        None => ConflictGuard::WeakAck,
    }
}

/// In one order, whatever the order in the text.
fn acknowledgements(raw: Vec<RawAcknowledgement>) -> Vec<Acknowledgement> {
    let acknowledged = raw.into_iter().map(|RawAcknowledgement { kind, name, digest }| Acknowledgement {
        kind,
        name,
        digest,
    });
    let mut acknowledged: Vec<Acknowledgement> = acknowledged.collect();
    acknowledged.sort();
    acknowledged
}

fn texts<C: FromIterator<String>>(names: Vec<Identifier>) -> C {
    names.into_iter().map(|name| name.0).collect()
}

fn decimal_text(number: Option<ExactNumber>) -> Option<String> {
    number.map(|ExactNumber(value)| value.to_string())
}
