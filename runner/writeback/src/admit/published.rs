//! The published forms: their plain values are read as the types of the approved ones. Their job id and idempotency key
//! are their writer's own and decide nothing here; the source's receipt goes by the ledger's.

use synapsor_protocol::job_document::{PublishedGuard, PublishedJob};
use synapsor_protocol::{ChangeSet, Guard, Proposal};

use super::{NotAdmitted, Place, check_columns, check_digest, check_lease, check_scope, check_source, same};

pub(super) fn check(job: &PublishedJob, proposal: &Proposal, place: &Place<'_>) -> Result<(), NotAdmitted> {
    let change = &proposal.change_set;
    let target = &change.target;
    check_digest(&job.proposal_hash, &proposal.digest)?;
    check_scope(job.project_id.as_deref(), None, place)?;
    check_source(&job.source_id, job.engine, target)?;
    if !is_tenant(job, change) {
        return Err(NotAdmitted::Tenant);
    }
    let (key_column, key) = &job.primary_key;
    let same_target =
        job.schema == target.schema && job.table == target.table && *key_column == target.key_column;
    same("target", same_target && key.is(&target.key))?;
    check_columns(&job.allowed_columns, job.patch.keys(), change)?;
    for (column, value) in &change.patch {
        let said = job.patch.get(column);
        same(&format!("value of column `{column}`"), said.is_some_and(|said| said.is(value)))?;
    }
    same("conflict guard", is_guard(&job.guard, &change.guard))?;
    check_lease(job.expires_at, place.now)
}

/// A published job always has a tenant, so a target without one never matches.
fn is_tenant(job: &PublishedJob, change: &ChangeSet) -> bool {
    let (column, tenant) = &job.tenant_guard;
    change.target.tenant_column.as_ref() == Some(column)
        && change.before.get(column).is_some_and(|approved| tenant.is(approved))
}

/// A row hash cannot be checked, so it is no match; where nothing is named, every captured column guards all the same.
fn is_guard(said: &PublishedGuard, approved: &Guard) -> bool {
    match (said, approved) {
        (PublishedGuard::Column(column, value), Guard::Version { column: approved, expected, .. }) => {
            column == approved && value.is(expected)
        }
        (PublishedGuard::None, Guard::Row) => true,
        _ => false,
    }
}
