//! What the model's side writes: the record of a read, of a refused call, of one that was handed on, and of a proposal.
//!
//! Invariant: a read, a refusal or a proposal is one transaction with its event; there is never one without the other.

use serde::Serialize;
use serde_json::json;
use synapsor_protocol::{
    Digest, EventKind, EvidenceBundle, Proposal, ProposalId, ProposalState, QueryAudit, Target,
};

use crate::chain::{self, Appended};
use crate::documents::{self, Written};
use crate::error::Error;
use crate::parts::Parts;
use crate::proposals::{self, StoredProposal};
use crate::secrets;
use crate::statements::Statements;
use crate::writer::Write;

const UNRELATED: Error = Error::Invariant { what: "a proposal and its evidence do not belong together" };

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

/// A read that is about to be recorded, with its audit: searched for secrets, written out and sealed by whoever asks, so
/// that the one thread that writes for everybody only inserts.
pub(crate) struct Reading {
    evidence: EvidenceBundle,
    written: Written,
    call: Call,
}

/// A call that is about to be recorded, made ready likewise.
pub(crate) struct Call {
    audit: QueryAudit,
    written: Written,
}

/// A refused call, with what had been read by then.
pub(crate) enum Refused {
    AfterReading(Box<Reading>),
    Before(Box<Call>),
}

/// A proposal that is about to be recorded, with the read behind it, made ready likewise.
pub(crate) struct Draft {
    proposal: Proposal,
    text: String,
    content: Digest,
    reading: Reading,
}

impl Reading {
    /// A read that holds no secret, and its audit.
    pub(crate) fn of(evidence: EvidenceBundle, audit: QueryAudit) -> Result<Self, Error> {
        secrets::refuse_in_evidence(&evidence)?;
        Self::searched(evidence, audit)
    }

    /// The payload of its event, as it is stored.
    pub(crate) fn payload_text(&self) -> Result<String, Error> {
        chain::canonical_text(&self.payload())
    }

    fn searched(evidence: EvidenceBundle, audit: QueryAudit) -> Result<Self, Error> {
        Ok(Self { written: Written::of(&evidence)?, evidence, call: Call::of(audit)? })
    }

    /// Stores both documents of the call under its event.
    fn insert(&self, conn: &dyn Statements, event: Appended) -> Result<(), Error> {
        documents::insert_evidence(conn, event.seq, &self.written)?;
        self.call.insert(conn, event)
    }

    /// What every event about a read carries.
    fn payload(&self) -> Payload {
        let mut payload = self.call.payload();
        payload.insert("evidence_id".into(), json!(self.evidence.evidence_id));
        payload.insert("evidence_digest".into(), json!(self.written.seal));
        payload
    }
}

impl Call {
    pub(crate) fn of(audit: QueryAudit) -> Result<Self, Error> {
        Ok(Self { written: Written::of(&audit)?, audit })
    }

    fn insert(&self, conn: &dyn Statements, event: Appended) -> Result<(), Error> {
        documents::insert_audit(conn, event.seq, &self.written)
    }

    /// What every event about a call carries.
    fn payload(&self) -> Payload {
        let mut payload = Payload::new();
        payload.insert("capability".into(), json!(self.audit.capability));
        payload.insert("audit_id".into(), json!(self.audit.audit_id));
        payload.insert("audit_digest".into(), json!(self.written.seal));
        payload
    }
}

impl Refused {
    /// Evidence that looks like a secret stays out, which may be the very reason for the refusal; the audit is kept all the
    /// same.
    pub(crate) fn of(mut audit: QueryAudit, evidence: Option<EvidenceBundle>) -> Result<Self, Error> {
        match evidence.filter(|evidence| secrets::refuse_in_evidence(evidence).is_ok()) {
            Some(evidence) => Reading::searched(evidence, audit).map(Box::new).map(Self::AfterReading),
            None => {
                audit.evidence_id = None;
                Call::of(audit).map(Box::new).map(Self::Before)
            }
        }
    }
}

impl Draft {
    /// A proposal that holds no secret and belongs to its evidence.
    pub(crate) fn of(proposal: Proposal, evidence: EvidenceBundle, audit: QueryAudit) -> Result<Self, Error> {
        secrets::refuse_in_change_set(&proposal.change_set)?;
        let reading = Reading::of(evidence, audit)?;
        let text = chain::canonical_text(&proposal)?;
        let parts = Parts::of(&text).ok_or(UNRELATED)?;
        belong_together(&proposal, &parts, &reading)?;
        let content = parts.content();
        Ok(Self { text, proposal, content, reading })
    }
}

/// Records a read and what was read.
pub(crate) fn read(write: &Write<'_>, reading: &Reading, payload: &str) -> Result<(), Error> {
    let principal = &reading.evidence.principal;
    let event = chain::append_written(write, EventKind::EvidenceRecorded, None, principal, payload)?;
    reading.insert(write.conn, event)
}

/// Records that a call was refused.
pub(crate) fn refusal(write: &Write<'_>, refused: &Refused) -> Result<(), Error> {
    let (call, mut payload) = match refused {
        Refused::AfterReading(reading) => (&reading.call, reading.payload()),
        Refused::Before(call) => (call.as_ref(), call.payload()),
    };
    payload.insert("code".into(), json!(call.audit.refused));
    // A call refused before its context was known has no principal.
    let actor = call.audit.principal.as_deref().unwrap_or("unknown");
    let event = chain::append(write, EventKind::CallRefused, None, actor, payload.into())?;
    match refused {
        Refused::AfterReading(reading) => reading.insert(write.conn, event),
        Refused::Before(call) => call.insert(write.conn, event),
    }
}

/// Records that a call was handed on to a hosted service, and how that ended.
pub(crate) fn delegated(write: &Write<'_>, call: &Call) -> Result<(), Error> {
    let mut payload = call.payload();
    if let Some(code) = call.audit.refused {
        payload.insert("code".into(), json!(code));
    }
    let actor = call.audit.principal.as_deref().unwrap_or("unknown");
    let event = chain::append(write, EventKind::CallDelegated, None, actor, payload.into())?;
    call.insert(write.conn, event)
}

/// Records a proposal, or finds the open one with the same content. The read behind it is recorded either way.
pub(crate) fn proposal(write: &Write<'_>, draft: &Draft) -> Result<Recorded, Error> {
    let Draft { proposal, text, content, reading } = draft;
    if let Some(open) = proposals::open_with_content(write.conn, proposal, content)? {
        return repeat(write, open, reading);
    }
    let id = &proposal.proposal_id;
    let mut payload = reading.payload();
    payload.insert("mode".into(), json!(proposal.mode));
    payload.insert("proposal_digest".into(), json!(proposal.digest));
    payload.insert("content_digest".into(), json!(content));
    let actor = &proposal.change_set.principal;
    let event = chain::append(write, EventKind::ProposalCreated, Some(id), actor, payload.into())?;
    proposals::insert(write, id, text, content, event)?;
    reading.insert(write.conn, event)?;
    // As it was checked and sealed a moment ago; what came of it since is nothing.
    let proposal = StoredProposal {
        proposal: proposal.clone(),
        state: ProposalState::PendingReview,
        updated_at: event.at,
        intact: true,
    };
    Ok(Recorded { proposal, repeated: false })
}

fn repeat(write: &Write<'_>, open: StoredProposal, reading: &Reading) -> Result<Recorded, Error> {
    let id: &ProposalId = &open.proposal.proposal_id;
    // An edited record must not pass for the one that was asked for.
    if !open.intact || open.proposal.change_set.tenant != reading.evidence.tenant {
        return Err(proposals::mismatch(id, "sealed"));
    }
    let mut payload = reading.payload();
    payload.insert("repeated".into(), json!(true));
    let principal = &reading.evidence.principal;
    let event = chain::append(write, EventKind::EvidenceRecorded, Some(id), principal, payload.into())?;
    reading.insert(write.conn, event)?;
    Ok(Recorded { proposal: open, repeated: true })
}

/// A proposal names its evidence by id and digest; a caller that mixes two calls up is stopped here. It is found by what the
/// call is found by, which therefore says the same.
fn belong_together(proposal: &Proposal, parts: &Parts<'_>, reading: &Reading) -> Result<(), Error> {
    let (change, evidence, audit) = (&proposal.change_set, &reading.evidence, &reading.call.audit);
    let Target { source, schema, table, .. } = &change.target;
    let fits = parts.is_sealed()
        && proposal.evidence_digest == reading.written.seal
        && proposal.evidence_id == evidence.evidence_id
        && proposal.created_at == audit.at
        && audit.tenant.as_ref() == Some(&change.tenant)
        && audit.principal.as_ref() == Some(&change.principal)
        && audit.capability == change.capability
        && (&evidence.tenant, &evidence.principal) == (&change.tenant, &change.principal)
        && (&evidence.source, &evidence.schema, &evidence.table) == (source, schema, table);
    if fits { Ok(()) } else { Err(UNRELATED) }
}
