//! A checked patch and its row become a change set, and a change set becomes a sealed proposal.

use synapsor_config::{Capability, ConflictGuard, ProposalRules};
use synapsor_protocol::change_set::CHANGE_SET_SCHEMA;
use synapsor_protocol::value::Columns;
use synapsor_protocol::{ChangeSet, Code, Guard, Refusal, Target, TrustedContext, Value};

use crate::logic::Wanted;
use crate::rules::CheckedPatch;

/// The change set of one call. Content only: equal calls on an equal row give an equal change set.
pub(crate) fn change_set(
    capability: &Capability,
    rules: &ProposalRules,
    context: &TrustedContext,
    before: &Columns,
    patch: CheckedPatch,
    wanted: (Option<String>, synapsor_protocol::Logic),
) -> Result<ChangeSet, Refusal> {
    let (summary, logic) = wanted;
    let patch = patch.into_columns();
    let mut after = before.clone();
    after.extend(patch.clone());
    Ok(ChangeSet {
        schema_version: CHANGE_SET_SCHEMA.into(),
        capability: capability.name.clone(),
        capability_digest: capability.digest.clone(),
        tenant: context.tenant().to_owned(),
        principal: context.principal().to_owned(),
        target: target(capability, before)?,
        before: before.clone(),
        patch,
        after,
        guard: guard(rules, before)?,
        allowed_columns: rules.allowed_columns.iter().cloned().collect(),
        executor: rules.executor.clone(),
        logic,
        summary,
    })
}

impl Wanted {
    /// The patch for the rules, and what only the record needs.
    pub(crate) fn split(self) -> (Columns, (Option<String>, synapsor_protocol::Logic)) {
        (self.patch, (self.summary, self.logic))
    }
}

fn target(capability: &Capability, before: &Columns) -> Result<Target, Refusal> {
    let key_column = capability.target.primary_key.clone();
    let key =
        before.get(&key_column).cloned().ok_or_else(|| Refusal::bug("the row was read without its key"))?;
    Ok(Target {
        source: capability.source.name.clone(),
        engine: capability.source.engine,
        schema: capability.target.schema.clone(),
        table: capability.target.table.clone(),
        key_column,
        key,
        tenant_column: capability.target.tenant_key.clone(),
    })
}

fn guard(rules: &ProposalRules, before: &Columns) -> Result<Guard, Refusal> {
    match &rules.guard {
        ConflictGuard::WeakAck => Ok(Guard::Row),
        ConflictGuard::Column { column, advance } => match before.get(column) {
            Some(Value::Null) | None => Err(Refusal::new(
                Code::ConflictGuardMissing,
                format!("the row has no value in its version column `{column}`"),
            )),
            Some(expected) => {
                Ok(Guard::Version { column: column.clone(), expected: expected.clone(), advance: *advance })
            }
        },
    }
}
