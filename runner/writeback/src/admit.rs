//! Admission: may this job document be carried out here and now? Pure; asked before the ledger records any intent.
//!
//! Invariant: a document is compared with the approved proposal in the ledger and is then put aside: what is applied is
//! what the ledger says. So one changed byte in it can stop an apply and never change one.

mod ours;
mod published;

use std::collections::BTreeSet;

use synapsor_ledger::StoredProposal;
use synapsor_protocol::{
    ChangeSet, Code, Digest, Engine, Handover, JobDocument, JobId, Moment, Refusal, Target,
};

/// Where and when the document is to be carried out.
#[derive(Debug, Clone)]
pub(crate) struct Place<'a> {
    /// The project this runner works for.
    pub(crate) project_id: &'a str,
    /// This runner.
    pub(crate) runner_id: &'a str,
    /// The ledger's clock.
    pub(crate) now: Moment,
}

/// What the ledger knows of the proposal's job, apart from the proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownJob {
    /// Its id; none before it was first handed over or started.
    pub(crate) job_id: Option<JobId>,
    /// Its key in the source.
    pub(crate) idempotency_key: String,
    /// The latest lease; none where it was never handed over.
    pub(crate) handover: Option<Handover>,
}

/// Why the document is not carried out. Names only: a document's values are a stranger's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAdmitted {
    /// Another content.
    #[error("the job names another content than the one that was approved")]
    Digest,
    /// Somebody else's job.
    #[error("the job is for another {what} than this one")]
    Scope {
        /// Project, runner, source or engine.
        what: &'static str,
    },
    /// Another tenant's row.
    #[error("the job names another tenant, or another tenant column, than the proposal")]
    Tenant,
    /// Wider than what was reviewed.
    #[error("the job names column `{column}`, which the proposal may not change")]
    Column {
        /// Which; a name of the proposal's, or one the document claims.
        column: String,
    },
    /// Otherwise than what was approved.
    #[error("the job's {what} is not the proposal's")]
    Differs {
        /// Which part.
        what: String,
    },
    /// A job that never left its ledger.
    #[error("the job has no lease: only a job that was handed over can be carried out")]
    NoLease,
    /// Too late.
    #[error("the job's lease is over")]
    Expired,
    /// Somebody else has it now.
    #[error("the job's lease is not the latest one of its proposal")]
    Replaced,
}

impl NotAdmitted {
    /// What an outsider may be told.
    pub(crate) fn refusal(&self) -> Refusal {
        let code = match self {
            Self::Digest => Code::ProposalHashMismatch,
            Self::Scope { .. } => Code::RunnerScopeMismatch,
            Self::Tenant => Code::TenantGuardMismatch,
            Self::Column { .. } => Code::PatchColumnNotAllowed,
            Self::Differs { .. } => Code::WritebackJobMismatch,
            Self::NoLease => Code::WritebackJobInvalid,
            Self::Expired | Self::Replaced => Code::WritebackLeaseExpired,
        };
        Refusal::new(code, self.to_string())
            .hint("`synapsor proposals writeback-job` makes a fresh document of what was approved")
    }
}

/// Whether the document says what was approved, is for this runner, and is not too late.
pub(crate) fn check(
    document: &JobDocument,
    stored: &StoredProposal,
    known: &KnownJob,
    place: &Place<'_>,
) -> Result<(), NotAdmitted> {
    match document {
        JobDocument::Ours(job) => ours::check(job, &stored.proposal, known, place),
        JobDocument::Published(job) => published::check(job, &stored.proposal, place),
    }
}

fn check_digest(said: &str, approved: &Digest) -> Result<(), NotAdmitted> {
    if said == approved.as_str() { Ok(()) } else { Err(NotAdmitted::Digest) }
}

/// The older published form names no project and neither published form a runner: `None` is not asked about.
fn check_scope(
    project_id: Option<&str>,
    runner_id: Option<&str>,
    place: &Place<'_>,
) -> Result<(), NotAdmitted> {
    let parts = [("project", project_id, place.project_id), ("runner", runner_id, place.runner_id)];
    match parts.iter().find(|(_, said, here)| said.is_some_and(|said| said != *here)) {
        Some((what, ..)) => Err(NotAdmitted::Scope { what }),
        None => Ok(()),
    }
}

fn check_source(source: &str, engine: Engine, approved: &Target) -> Result<(), NotAdmitted> {
    if source != approved.source {
        return Err(NotAdmitted::Scope { what: "source" });
    }
    if engine != approved.engine {
        return Err(NotAdmitted::Scope { what: "engine" });
    }
    Ok(())
}

/// No column outside what was reviewed, neither in the document's own list nor in its patch; and every approved one.
fn check_columns<'a>(
    allowed: &[String],
    patch: impl Iterator<Item = &'a String>,
    change: &ChangeSet,
) -> Result<(), NotAdmitted> {
    let wide = |column: &&String| !change.allowed_columns.contains(column);
    let patch: BTreeSet<&String> = patch.collect();
    let outside = patch.iter().copied().find(|column| wide(column) || !allowed.contains(column));
    if let Some(column) = allowed.iter().find(wide).or(outside) {
        return Err(NotAdmitted::Column { column: column.clone() });
    }
    same("patch columns", patch.into_iter().eq(change.patch.keys()))
}

fn same(what: &str, same: bool) -> Result<(), NotAdmitted> {
    if same { Ok(()) } else { Err(NotAdmitted::Differs { what: what.to_owned() }) }
}

fn check_lease(expires_at: Moment, now: Moment) -> Result<(), NotAdmitted> {
    if expires_at <= now { Err(NotAdmitted::Expired) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
