//! What every test starts from: the documents of one small refund, and what is done with them in a ledger.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use synapsor_ledger::{Error, Opening, Recipient, Recorded, Start, StoredProposal};
use synapsor_protocol::change_set::CHANGE_SET_SCHEMA;
use synapsor_protocol::evidence::EVIDENCE_SCHEMA;
use synapsor_protocol::proposal::ProposalMode;
use synapsor_protocol::receipt::RECEIPT_SCHEMA;
use synapsor_protocol::{
    Advance, AuditId, ChangeSet, Clock, Columns, Decision, Digest, Engine, EvidenceBundle, EvidenceId, Guard,
    Ids, Logic, Moment, Outcome, Proposal, ProposalId, QueryAudit, Receipt, ReceiptId, RedactedColumns,
    SourceChanged, Target, Value, Verdict, WritebackJob,
};

pub(crate) use crate::ground::Fixture;

/// A clock that moves one microsecond whenever somebody looks.
pub(crate) struct Ticks(AtomicI64);

impl Clock for Ticks {
    fn now(&self) -> Moment {
        at(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Ids that count, with a start that differs between processes.
pub(crate) struct Counting(AtomicU64);

impl Ids for Counting {
    fn token(&self) -> String {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        format!("{:08x}{count:024x}", std::process::id())
    }
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// An id no other call in any process of this test run gets.
fn token() -> String {
    Counting(AtomicU64::new(NEXT_ID.fetch_add(1, Ordering::Relaxed) | 1 << 40)).token()
}

pub(crate) fn at(micros: i64) -> Moment {
    Moment::from_micros(1_790_000_000_000_000 + micros).expect("in range")
}

pub(crate) fn opening(create: bool) -> Opening {
    Opening {
        create,
        clock: Arc::new(Ticks(AtomicI64::new(0))),
        ids: Arc::new(Counting(AtomicU64::new(NEXT_ID.fetch_add(1 << 20, Ordering::Relaxed)))),
    }
}

impl Fixture {
    pub(crate) async fn propose(&self, call: &Call) -> StoredProposal {
        self.record(call).await.expect("recorded").proposal
    }

    pub(crate) async fn record(&self, call: &Call) -> Result<Recorded, Error> {
        let Documents { proposal, evidence, audit } = call.documents();
        self.ledger.notebook().record_proposal(proposal, evidence, audit).await
    }

    /// A proposal that `ada` approved.
    pub(crate) async fn approved(&self, call: &Call) -> StoredProposal {
        let stored = self.propose(call).await;
        self.ledger.decide(&approval(&stored, "ada")).await.expect("approved")
    }

    /// An approved proposal with an apply under way.
    pub(crate) async fn started(&self, call: &Call) -> WritebackJob {
        let stored = self.approved(call).await;
        self.start(&stored.proposal.proposal_id).await
    }

    pub(crate) async fn start(&self, id: &ProposalId) -> WritebackJob {
        match self.ledger.start_writeback(id, "runner-1").await.expect("started") {
            Start::Run(job) => job,
            Start::Settled { .. } => panic!("settled already"),
        }
    }

    pub(crate) async fn events(&self) -> u64 {
        let report = self.ledger.verify().await.expect("readable");
        assert!(report.holds(), "{report:?}");
        report.events
    }
}

/// One call of `billing.refund`; two equal ones propose equal content.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) tenant: &'static str,
    pub(crate) order: i64,
    pub(crate) note: Value,
    pub(crate) mode: ProposalMode,
    pub(crate) executor: &'static str,
}

impl Default for Call {
    fn default() -> Self {
        let note = Value::Text("late".into());
        Self { tenant: "acme", order: 42, note, mode: ProposalMode::Review, executor: "sql_update" }
    }
}

pub(crate) struct Documents {
    pub(crate) proposal: Proposal,
    pub(crate) evidence: EvidenceBundle,
    pub(crate) audit: QueryAudit,
}

impl Call {
    pub(crate) fn order(order: i64) -> Self {
        Self { order, ..Self::default() }
    }

    pub(crate) fn documents(&self) -> Documents {
        let evidence = self.evidence();
        let audit = self.audit(Some(&evidence));
        let digest = evidence.digest().expect("canonical");
        let id = ProposalId::from_stored(format!("wrp_{}", token()));
        let evidence_id = evidence.evidence_id.clone();
        let proposal = Proposal::seal(id, self.mode, self.change_set(), evidence_id, digest, at(self.order));
        Documents { proposal: proposal.expect("canonical"), evidence, audit }
    }

    /// The documents of a proposal that has that id.
    pub(crate) fn documents_as(&self, id: &ProposalId) -> Documents {
        let documents = self.documents();
        let Proposal { mode, change_set, evidence_id, evidence_digest, created_at, .. } = documents.proposal;
        let proposal = Proposal::seal(id.clone(), mode, change_set, evidence_id, evidence_digest, created_at);
        Documents { proposal: proposal.expect("canonical"), ..documents }
    }

    pub(crate) fn evidence(&self) -> EvidenceBundle {
        EvidenceBundle {
            schema_version: EVIDENCE_SCHEMA.into(),
            evidence_id: EvidenceId::from_stored(format!("ev_{}", token())),
            capability: "billing.refund".into(),
            tenant: self.tenant.into(),
            principal: "bot-7".into(),
            source: "shop".into(),
            schema: "main".into(),
            table: "orders".into(),
            key: Value::Integer(self.order),
            row: self.row(),
            redacted: RedactedColumns::new(),
            arguments: Columns::from([("order_id".into(), Value::Integer(self.order))]),
            received_at: at(self.order),
            handler: None,
            reads: vec![],
            log: vec![],
            usage: None,
            budget: None,
        }
    }

    pub(crate) fn audit(&self, evidence: Option<&EvidenceBundle>) -> QueryAudit {
        QueryAudit {
            audit_id: AuditId::from_stored(format!("qa_{}", token())),
            capability: "billing.refund".into(),
            tenant: Some(self.tenant.into()),
            principal: Some("bot-7".into()),
            source: Some("shop".into()),
            table: Some("main.orders".into()),
            fingerprint: None,
            row_count: 1,
            refused: None,
            evidence_id: evidence.map(|evidence| evidence.evidence_id.clone()),
            trace: None,
            delegated: None,
            at: at(self.order),
        }
    }

    fn row(&self) -> Columns {
        Columns::from([
            ("id".into(), Value::Integer(self.order)),
            ("note".into(), self.note.clone()),
            ("status".into(), Value::Text("open".into())),
            ("version".into(), Value::Integer(3)),
        ])
    }

    fn change_set(&self) -> ChangeSet {
        let patch = Columns::from([("status".into(), Value::Text("refunded".into()))]);
        let mut after = self.row();
        after.extend(patch.clone());
        ChangeSet {
            schema_version: CHANGE_SET_SCHEMA.into(),
            capability: "billing.refund".into(),
            capability_digest: Digest::of_bytes(b"capability"),
            tenant: self.tenant.into(),
            principal: "bot-7".into(),
            target: Target {
                source: "shop".into(),
                engine: Engine::Sqlite,
                schema: "main".into(),
                table: "orders".into(),
                key_column: "id".into(),
                key: Value::Integer(self.order),
                tenant_column: Some("tenant".into()),
            },
            before: self.row(),
            redacted: RedactedColumns::new(),
            patch,
            after,
            guard: Guard::Version {
                column: "version".into(),
                expected: Value::Integer(3),
                advance: Advance::Increment,
            },
            allowed_columns: vec!["status".into()],
            executor: self.executor.into(),
            logic: Logic::Declarative,
            summary: None,
        }
    }
}

pub(crate) fn approval(stored: &StoredProposal, actor: &str) -> Decision {
    Decision {
        proposal_id: stored.proposal.proposal_id.clone(),
        proposal_digest: stored.proposal.digest.clone(),
        verdict: Verdict::Approved,
        actor: actor.into(),
        reason: None,
        at: at(1),
    }
}

pub(crate) fn rejection(stored: &StoredProposal, actor: &str, reason: &str) -> Decision {
    Decision { verdict: Verdict::Rejected, reason: Some(reason.into()), ..approval(stored, actor) }
}

/// The runner of these tests, for five minutes.
pub(crate) fn recipient() -> Recipient {
    Recipient { project_id: "local".into(), runner_id: "runner-1".into(), lease_seconds: 300 }
}

pub(crate) fn receipt(job: &WritebackJob, outcome: Outcome) -> Receipt {
    let applied = outcome == Outcome::Applied;
    Receipt {
        schema_version: RECEIPT_SCHEMA.into(),
        receipt_id: ReceiptId::from_stored(format!("rcp_{}", token())),
        job_id: job.job_id.clone(),
        proposal_id: job.proposal_id.clone(),
        proposal_digest: job.proposal_digest.clone(),
        idempotency_key: job.idempotency_key.clone(),
        runner_id: "runner-1".into(),
        outcome,
        rows_affected: u32::from(applied),
        previous_version: Some(Value::Integer(3)),
        new_version: applied.then_some(Value::Integer(4)),
        source_changed: if applied { SourceChanged::Yes } else { SourceChanged::No },
        code: None,
        executor_code: None,
        changed_columns: vec![],
        executed_at: at(2),
    }
}

/// The stable code an error is answered with.
pub(crate) fn code(error: &Error) -> &'static str {
    error.refusal().code.as_str()
}
