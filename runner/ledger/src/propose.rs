//! What the model's side writes: the record of a read, of a refused call, and of a proposal.
//!
//! Invariant: a read, a refusal or a proposal is one transaction with its event; there is never one without the other.

use serde::Serialize;
use serde_json::json;
use synapsor_protocol::{Digest, EventKind, EvidenceBundle, Proposal, ProposalId, QueryAudit};

use crate::chain;
use crate::documents::{self, Sealed};
use crate::error::Error;
use crate::proposals::{self, StoredProposal};
use crate::secrets;
use crate::writer::Write;

/// An event's payload while it is put together.
type Payload = serde_json::Map<String, serde_json::Value>;

/// A proposal that is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// The new proposal, or the open one with the same content.
    pub proposal: StoredProposal,
    /// Whether it was there already.
    pub repeated: bool,
}

/// Records a read and what was read.
pub(crate) fn read(write: &Write<'_>, evidence: &EvidenceBundle, audit: &QueryAudit) -> Result<(), Error> {
    record_evidence(write, evidence, audit)?;
    documents::insert_audit(write.conn, audit, None)?;
    let payload = reading(evidence, audit)?;
    chain::append(write, EventKind::EvidenceRecorded, None, &evidence.principal, payload.into())?;
    Ok(())
}

/// Records that a call was refused, and what had been read by then. Evidence that looks like a secret stays out, which
/// may be the very reason for the refusal; the audit is kept all the same.
pub(crate) fn refusal(
    write: &Write<'_>,
    mut audit: QueryAudit,
    evidence: Option<&EvidenceBundle>,
) -> Result<(), Error> {
    let evidence = evidence.filter(|evidence| secrets::refuse_in_evidence(evidence).is_ok());
    let mut payload = match evidence {
        Some(evidence) => {
            documents::insert_evidence(write.conn, evidence, audit.fingerprint.as_ref())?;
            reading(evidence, &audit)?
        }
        None => {
            audit.evidence_id = None;
            calling(&audit)?
        }
    };
    payload.insert("code".into(), json!(audit.refused));
    documents::insert_audit(write.conn, &audit, None)?;
    // A call refused before its context was known has no principal.
    let actor = audit.principal.as_deref().unwrap_or("unknown");
    chain::append(write, EventKind::CallRefused, None, actor, payload.into())?;
    Ok(())
}

/// Records a proposal, or finds the open one with the same content. The read behind it is recorded either way.
pub(crate) fn proposal(
    write: &Write<'_>,
    proposal: &Proposal,
    evidence: &EvidenceBundle,
    audit: &QueryAudit,
) -> Result<Recorded, Error> {
    belong_together(proposal, evidence)?;
    secrets::refuse_in_change_set(&proposal.change_set)?;
    let content = proposal.change_set.digest().map_err(chain::no_canonical_form)?;
    record_evidence(write, evidence, audit)?;
    if let Some(open) = proposals::open_with_content(write.conn, proposal, &content)? {
        return repeat(write, open, evidence, audit);
    }
    let id = &proposal.proposal_id;
    let mut payload = reading(evidence, audit)?;
    payload.insert("mode".into(), json!(proposal.mode));
    payload.insert("proposal_digest".into(), json!(proposal.digest));
    payload.insert("content_digest".into(), json!(content));
    let actor = &proposal.change_set.principal;
    let event = chain::append(write, EventKind::ProposalCreated, Some(id), actor, payload.into())?;
    proposals::insert(write, proposal, &content, &event)?;
    documents::insert_audit(write.conn, audit, Some(id))?;
    Ok(Recorded { proposal: proposals::get_intact(write.conn, id)?, repeated: false })
}

fn repeat(
    write: &Write<'_>,
    open: StoredProposal,
    evidence: &EvidenceBundle,
    audit: &QueryAudit,
) -> Result<Recorded, Error> {
    let id: &ProposalId = &open.proposal.proposal_id;
    // An edited record must not pass for the one that was asked for.
    if !open.intact || open.proposal.change_set.tenant != evidence.tenant {
        return Err(proposals::mismatch(id, "sealed"));
    }
    documents::insert_audit(write.conn, audit, Some(id))?;
    let mut payload = reading(evidence, audit)?;
    payload.insert("repeated".into(), json!(true));
    chain::append(write, EventKind::EvidenceRecorded, Some(id), &evidence.principal, payload.into())?;
    Ok(Recorded { proposal: open, repeated: true })
}

fn record_evidence(write: &Write<'_>, evidence: &EvidenceBundle, audit: &QueryAudit) -> Result<(), Error> {
    secrets::refuse_in_evidence(evidence)?;
    documents::insert_evidence(write.conn, evidence, audit.fingerprint.as_ref())
}

/// What every event about a read carries.
fn reading(evidence: &EvidenceBundle, audit: &QueryAudit) -> Result<Payload, Error> {
    let mut payload = calling(audit)?;
    payload.insert("evidence_id".into(), json!(evidence.evidence_id));
    payload.insert("evidence_digest".into(), json!(evidence.seal()?));
    Ok(payload)
}

/// What every event about a call carries.
fn calling(audit: &QueryAudit) -> Result<Payload, Error> {
    let mut payload = Payload::new();
    payload.insert("capability".into(), json!(audit.capability));
    payload.insert("audit_id".into(), json!(audit.audit_id));
    payload.insert("audit_digest".into(), json!(audit.seal()?));
    Ok(payload)
}

/// A proposal names its evidence by id and digest; a caller that mixes two calls up is stopped here.
fn belong_together(proposal: &Proposal, evidence: &EvidenceBundle) -> Result<(), Error> {
    let sealed = |digest: Result<Digest, _>, expected: &Digest| digest.is_ok_and(|found| found == *expected);
    let change = &proposal.change_set;
    let fits = sealed(proposal.recompute_digest(), &proposal.digest)
        && sealed(evidence.digest(), &proposal.evidence_digest)
        && proposal.evidence_id == evidence.evidence_id
        && change.tenant == evidence.tenant
        && change.principal == evidence.principal;
    if fits {
        Ok(())
    } else {
        Err(Error::Invariant { what: "a proposal and its evidence do not belong together" })
    }
}
