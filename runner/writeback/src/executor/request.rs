//! The request for one approved change, and the bytes that carry it. Pure.

use synapsor_protocol::executor::{
    EXECUTOR_CHECK_SCHEMA, EXECUTOR_REQUEST_SCHEMA, ExecutorCheck, ExecutorRequest, Purpose, RequestApproval,
    RequestGuard, RequestTarget,
};
use synapsor_protocol::{
    ChangeSet, Columns, Decision, Guard, Moment, Proposal, Target, Verdict, WritebackJob,
};

/// A body, and what its headers repeat of it.
#[derive(Debug)]
pub(super) struct Envelope {
    /// The exact bytes that are signed and sent.
    pub(super) body: Vec<u8>,
    /// When it was made.
    pub(super) issued_at: String,
    /// What it is about; a check is about nothing.
    pub(super) ids: Option<Ids>,
}

/// What a request is about.
#[derive(Debug)]
pub(super) struct Ids {
    pub(super) idempotency_key: String,
    pub(super) proposal_id: String,
}

/// A proposal, and what people decided about it.
#[derive(Debug)]
pub(super) struct Approved {
    pub(super) proposal: Proposal,
    pub(super) decisions: Vec<Decision>,
}

/// What is the same in every request about one proposal.
#[derive(Debug)]
pub(super) struct Brief<'a> {
    pub(super) job: &'a WritebackJob,
    pub(super) approved: &'a Approved,
    pub(super) runner_id: &'a str,
    pub(super) timeout_ms: u64,
}

impl Brief<'_> {
    /// The request as of now; `None` where nobody has approved.
    pub(super) fn request(&self, purpose: Purpose, now: Moment) -> Option<ExecutorRequest> {
        let (job, proposal) = (self.job, &self.approved.proposal);
        let change = &proposal.change_set;
        Some(ExecutorRequest {
            schema_version: EXECUTOR_REQUEST_SCHEMA.into(),
            purpose,
            issued_at: now,
            not_after: later(now, self.timeout_ms),
            executor: change.executor.clone(),
            runner_id: self.runner_id.to_owned(),
            job_id: job.job_id.clone(),
            attempt: job.attempt,
            idempotency_key: job.idempotency_key.clone(),
            proposal_id: job.proposal_id.clone(),
            proposal_digest: job.proposal_digest.clone(),
            evidence_id: proposal.evidence_id.clone(),
            action: change.capability.clone(),
            tenant: change.tenant.clone(),
            principal: change.principal.clone(),
            approval: approval(&self.approved.decisions)?,
            target: target(&change.target),
            before: plain(&change.before),
            redacted_columns: change.redacted.keys().cloned().collect(),
            patch: plain(&change.patch),
            after: plain(&change.after),
            guard: guard(change),
            allowed_columns: change.allowed_columns.clone(),
        })
    }
}

/// A request as it is sent. `None` is our own bug: every request has a JSON form.
pub(super) fn envelope(request: &ExecutorRequest) -> Option<Envelope> {
    let ids = Ids {
        idempotency_key: request.idempotency_key.clone(),
        proposal_id: request.proposal_id.to_string(),
    };
    Some(Envelope {
        body: serde_json::to_vec(request).ok()?,
        issued_at: request.issued_at.to_string(),
        ids: Some(ids),
    })
}

/// A check as it is sent, with what an answer must say.
pub(super) fn check(nonce: String, now: Moment) -> Option<(Envelope, ExecutorCheck)> {
    let question =
        ExecutorCheck { schema_version: EXECUTOR_CHECK_SCHEMA.into(), issued_at: now, nonce, ready: false };
    let envelope =
        Envelope { body: serde_json::to_vec(&question).ok()?, issued_at: now.to_string(), ids: None };
    Some((envelope, ExecutorCheck { ready: true, ..question }))
}

fn approval(decisions: &[Decision]) -> Option<RequestApproval> {
    let approved = decisions.iter().find(|decision| decision.verdict == Verdict::Approved)?;
    Some(RequestApproval {
        approved_by: approved.actor.clone(),
        approved_at: approved.at,
        reason: approved.reason.clone(),
    })
}

fn target(target: &Target) -> RequestTarget {
    RequestTarget {
        source: target.source.clone(),
        engine: target.engine,
        schema: target.schema.clone(),
        table: target.table.clone(),
        key_column: target.key_column.clone(),
        key: target.key.to_plain(),
        tenant_column: target.tenant_column.clone(),
    }
}

fn guard(change: &ChangeSet) -> RequestGuard {
    match &change.guard {
        Guard::Version { column, expected, advance } => {
            RequestGuard::Version { column: column.clone(), expected: expected.to_plain(), advance: *advance }
        }
        Guard::Row => RequestGuard::Row,
    }
}

fn plain(columns: &Columns) -> serde_json::Map<String, serde_json::Value> {
    columns.iter().map(|(name, value)| (name.clone(), value.to_plain())).collect()
}

fn later(now: Moment, by_ms: u64) -> Moment {
    let micros = i64::try_from(by_ms).unwrap_or(i64::MAX).saturating_mul(1_000);
    Moment::from_micros(now.micros().saturating_add(micros)).unwrap_or(now)
}
