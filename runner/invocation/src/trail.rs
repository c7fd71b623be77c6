//! What a call leaves behind, gathered as it goes, so that a refusal at any step records how far it came.

use synapsor_config::Capability;
use synapsor_protocol::evidence::EVIDENCE_SCHEMA;
use synapsor_protocol::value::Columns;
use synapsor_protocol::{
    AuditId, Budget, Code, Digest, EvidenceBundle, EvidenceId, HandlerInputs, Ids, Moment, QueryAudit,
    RecordedRead, TraceId, TrustedContext, Usage, Value,
};
use synapsor_source::TableShape;

use crate::kept::KeptRow;

/// Most characters of a tool name kept in the record; an unknown name is the caller's text.
const NAME_CHARACTERS_MAX: usize = 128;

/// The record of one call in the making.
#[derive(Clone)]
pub(crate) struct Trail {
    audit: QueryAudit,
    evidence: Option<EvidenceBundle>,
    /// What the row's table looks like, where a candidate is to be shown the call.
    shape: Option<TableShape>,
}

impl Trail {
    pub(crate) fn new(name: &str, trace: Option<TraceId>, at: Moment, ids: &dyn Ids) -> Self {
        Self {
            audit: QueryAudit {
                audit_id: AuditId::mint(ids),
                capability: name.chars().take(NAME_CHARACTERS_MAX).collect(),
                tenant: None,
                principal: None,
                source: None,
                table: None,
                fingerprint: None,
                row_count: 0,
                refused: None,
                evidence_id: None,
                trace,
                delegated: None,
                at,
            },
            evidence: None,
            shape: None,
        }
    }

    /// When the call was received: the `now` a handler sees, and a rerun sees again.
    pub(crate) fn received_at(&self) -> Moment {
        self.audit.at
    }

    /// The context is known.
    pub(crate) fn asked_by(&mut self, context: &TrustedContext) {
        self.audit.tenant = Some(context.tenant().to_owned());
        self.audit.principal = Some(context.principal().to_owned());
    }

    /// A query is about to be sent.
    pub(crate) fn queries(&mut self, capability: &Capability, fingerprint: Digest) {
        self.audit.source = Some(capability.source.name.clone());
        self.audit.table = Some(format!("{}.{}", capability.target.schema, capability.target.table));
        self.audit.fingerprint = Some(fingerprint);
    }

    /// The row was read.
    pub(crate) fn read(
        &mut self,
        ids: &dyn Ids,
        capability: &Capability,
        context: &TrustedContext,
        key: Value,
        row: KeptRow,
        arguments: &Columns,
    ) -> EvidenceId {
        let evidence_id = EvidenceId::mint(ids);
        self.audit.row_count = 1;
        self.audit.evidence_id = Some(evidence_id.clone());
        self.evidence = Some(EvidenceBundle {
            schema_version: EVIDENCE_SCHEMA.into(),
            evidence_id: evidence_id.clone(),
            capability: capability.name.clone(),
            tenant: context.tenant().to_owned(),
            principal: context.principal().to_owned(),
            source: capability.source.name.clone(),
            schema: capability.target.schema.clone(),
            table: capability.target.table.clone(),
            key,
            row: row.columns,
            redacted: row.redacted,
            arguments: arguments.clone(),
            received_at: self.audit.at,
            handler: None,
            reads: Vec::new(),
            log: Vec::new(),
            usage: None,
            budget: None,
        });
        evidence_id
    }

    /// The candidate's answer will be held against this table.
    pub(crate) fn shaped_by(&mut self, table: &TableShape) {
        self.shape = Some(table.clone());
    }

    /// What a candidate is shown: the evidence of a call that a handler was asked about, and the row's table.
    pub(crate) fn for_candidate(self) -> Option<(EvidenceBundle, TableShape)> {
        let evidence = self.evidence.filter(|evidence| evidence.handler.is_some())?;
        Some((evidence, self.shape?))
    }

    /// A handler is about to be asked.
    pub(crate) fn handler_given(&mut self, inputs: HandlerInputs, budget: Budget) {
        if let Some(evidence) = &mut self.evidence {
            evidence.handler = Some(inputs);
            evidence.budget = Some(budget);
        }
    }

    /// The handler answered no.
    pub(crate) fn handler_refused(&mut self, code: &str) {
        if let Some(handler) = self.evidence.as_mut().and_then(|evidence| evidence.handler.as_mut()) {
            handler.refused = Some(code.to_owned());
        }
    }

    /// A handler ran, well or badly.
    pub(crate) fn handler_ran(&mut self, reads: Vec<RecordedRead>, log: Vec<String>, usage: Usage) {
        if let Some(evidence) = &mut self.evidence {
            evidence.reads = reads;
            evidence.log = log;
            evidence.usage = Some(usage);
        }
    }

    /// What the handler used, where one ran.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.evidence.as_ref()?.usage
    }

    /// The finished record of a call that was carried out; the evidence is there once the row was read.
    pub(crate) fn finish(self) -> (QueryAudit, Option<EvidenceBundle>) {
        (self.audit, self.evidence)
    }

    /// The finished record of a refused call.
    pub(crate) fn refused(mut self, code: Code) -> (QueryAudit, Option<EvidenceBundle>) {
        self.audit.refused = Some(code);
        self.finish()
    }
}
