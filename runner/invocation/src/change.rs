//! A checked patch and its row become a change set, and a change set becomes a sealed proposal.

use synapsor_config::{Capability, ConflictGuard, ProposalRules};
use synapsor_protocol::change_set::CHANGE_SET_SCHEMA;
use synapsor_protocol::value::Columns;
use synapsor_protocol::{Advance, ChangeSet, Code, Guard, Refusal, Target, TrustedContext, Value};
use synapsor_source::ScopedRow;

use crate::kept::KeptRow;
use crate::logic::Wanted;
use crate::rules::CheckedPatch;

/// The change set of one call. Content only: equal calls on an equal row give an equal change set.
pub(crate) fn change_set(
    capability: &Capability,
    rules: &ProposalRules,
    context: &TrustedContext,
    (row, kept): (&ScopedRow, KeptRow),
    patch: CheckedPatch,
    wanted: (Option<String>, synapsor_protocol::Logic),
) -> Result<ChangeSet, Refusal> {
    let (summary, logic) = wanted;
    let KeptRow { columns: before, redacted } = kept;
    let patch = patch.into_columns();
    let mut after = before.clone();
    after.extend(patch.clone());
    Ok(ChangeSet {
        schema_version: CHANGE_SET_SCHEMA.into(),
        capability: capability.name.clone(),
        capability_digest: capability.digest.clone(),
        tenant: context.tenant().to_owned(),
        principal: context.principal().to_owned(),
        target: target(capability, &before)?,
        before,
        redacted,
        patch,
        after,
        guard: guard(rules, row)?,
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

fn guard(rules: &ProposalRules, row: &ScopedRow) -> Result<Guard, Refusal> {
    match &rules.guard {
        ConflictGuard::WeakAck => Ok(Guard::Row),
        ConflictGuard::Column { column, advance } => match row.columns().get(column) {
            Some(Value::Null) | None => Err(Refusal::new(
                Code::ConflictGuardMissing,
                format!("the row has no value in its version column `{column}`"),
            )),
            Some(expected) => {
                require_advanceable(row, column, expected, *advance)?;
                Ok(Guard::Version { column: column.clone(), expected: expected.clone(), advance: *advance })
            }
        },
    }
}

/// An apply that cannot move the version would fail for good, after somebody has reviewed it.
fn require_advanceable(
    row: &ScopedRow,
    column: &str,
    version: &Value,
    advance: Advance,
) -> Result<(), Refusal> {
    let Some(shape) = row.shape().columns.get(column) else {
        return Err(Refusal::bug("the row was read without its version"));
    };
    let able = row.shape().can_advance(shape, version, advance);
    able.map_err(|stuck| Refusal::new(Code::SourceShapeMismatch, stuck.to_string()))
}
