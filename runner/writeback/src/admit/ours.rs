//! Our own form: everything in it is typed, so everything is compared as it is, the lease with the chain's.

use synapsor_protocol::{Proposal, WritebackJob};

use super::{
    KnownJob, NotAdmitted, Place, check_columns, check_digest, check_lease, check_scope, check_source, same,
};

pub(super) fn check(
    job: &WritebackJob,
    proposal: &Proposal,
    known: &KnownJob,
    place: &Place<'_>,
) -> Result<(), NotAdmitted> {
    let change = &proposal.change_set;
    let handover = job.handover.as_ref().ok_or(NotAdmitted::NoLease)?;
    check_digest(job.proposal_digest.as_str(), &proposal.digest)?;
    check_scope(Some(&handover.project_id), Some(&handover.runner_id), place)?;
    check_source(&job.target.source, job.target.engine, &change.target)?;
    if job.tenant != change.tenant || job.target.tenant_column != change.target.tenant_column {
        return Err(NotAdmitted::Tenant);
    }
    same("target", job.target == change.target)?;
    check_columns(&handover.allowed_columns, job.patch.keys(), change)?;
    for (column, value) in &change.patch {
        same(&format!("value of column `{column}`"), job.patch.get(column) == Some(value))?;
    }
    same("reviewed row", job.before == change.before && job.redacted == change.redacted)?;
    same("conflict guard", job.guard == change.guard)?;
    same("id", known.job_id.as_ref() == Some(&job.job_id))?;
    same("idempotency key", known.idempotency_key == job.idempotency_key)?;
    match &known.handover {
        Some(latest) if latest.lease.lease_id == handover.lease.lease_id => {
            same("lease", latest == handover)?
        }
        _ => return Err(NotAdmitted::Replaced),
    }
    check_lease(handover.lease.expires_at, place.now)
}
