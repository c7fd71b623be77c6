//! Where each kind of record lies, and by which of its columns a field finds it.

/// What can be asked of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Tenant,
    Principal,
    Capability,
    Source,
    Schema,
    Table,
    ObjectType,
    ObjectKey,
    Status,
    Mode,
    Proposal,
    Evidence,
    Fingerprint,
    Refused,
    Job,
    IdempotencyKey,
}

/// The kinds of record that have an id and can be shown by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// A proposal.
    Proposal,
    /// Evidence.
    Evidence,
    /// A query-audit entry.
    QueryAudit,
    /// A receipt.
    Receipt,
}

impl RecordKind {
    /// What it is called in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proposal => "proposal",
            Self::Evidence => "evidence",
            Self::QueryAudit => "query audit",
            Self::Receipt => "receipt",
        }
    }

    /// The command that lists them.
    pub(crate) fn list_command(self) -> &'static str {
        match self {
            Self::Proposal => "proposals list",
            Self::Evidence => "evidence list",
            Self::QueryAudit => "query-audit list",
            Self::Receipt => "receipts list",
        }
    }

    pub(super) fn table(self) -> &'static Table {
        match self {
            Self::Proposal => &PROPOSALS,
            Self::Evidence => &EVIDENCE,
            Self::QueryAudit => &QUERY_AUDIT,
            Self::Receipt => &RECEIPTS,
        }
    }
}

/// One table of records.
pub(crate) struct Table {
    pub(super) name: &'static str,
    /// How a list's statement calls it.
    pub(super) alias: &'static str,
    /// The column of the id, which breaks ties of time.
    pub(super) id: &'static str,
    /// What every id of the kind starts with.
    pub(super) id_prefix: &'static str,
    /// The column of the time it is listed by.
    pub(super) at: &'static str,
    /// How that time is stored.
    pub(super) clock: Clock,
    /// The order in which the newest comes first, where only that one is asked for.
    pub(super) newest: &'static str,
    /// What holds for every row that is such a record.
    pub(super) present: &'static str,
    /// How it is found by what every kind has.
    scope: &'static [(Field, Condition)],
    /// How it is found by a field that not every kind has.
    own_fields: &'static [(Field, Condition)],
}

/// How an instant is stored.
#[derive(Debug, Clone, Copy)]
pub(super) enum Clock {
    /// As documents spell it.
    Text,
    /// In microseconds.
    Micros,
}

/// How a field is compared.
#[derive(Debug, Clone, Copy)]
pub(super) enum Condition {
    /// The column equals it.
    Column(&'static str),
    /// The column is the number of that name.
    Name(&'static str),
    /// The first column is among what the subquery finds for it.
    Among(&'static str, &'static str),
    /// This column of a table that is read beside equals it.
    Beside(&'static str),
}

impl Table {
    /// Whether its records are found by rows that are written later than they are.
    pub(super) fn is_found_later(&self) -> bool {
        self.name == "found_by"
    }

    /// How the kind is found by a field; none where it does not have it.
    pub(super) fn condition(&self, field: Field) -> Option<Condition> {
        let fields = self.scope.iter().chain(self.own_fields);
        fields.copied().find(|(known, _)| *known == field).map(|(_, condition)| condition)
    }
}

use Condition::{Among, Beside, Column, Name};

/// What every kind of record has, who asked for what and about which row: beside the document of a receipt, and of a proposal
/// that is found by its state,
const SCOPE: &[(Field, Condition)] = &[
    (Field::Tenant, Column("tenant")),
    (Field::Principal, Column("principal")),
    (Field::Capability, Column("capability")),
    (Field::Source, Column("source")),
    (Field::Schema, Column("schema_name")),
    (Field::Table, Column("table_name")),
    (Field::ObjectType, Column("object_type")),
    (Field::ObjectKey, Column("object_key_text")),
];

/// and in `found_by` of evidence, an audit and the proposal that came of them.
const FOUND_BY: &[(Field, Condition)] = &[
    (Field::Tenant, Name("tenant")),
    (Field::Principal, Name("principal")),
    (Field::Capability, Name("capability")),
    (Field::Source, Name("source")),
    (Field::Schema, Name("schema_name")),
    (Field::Table, Name("table_name")),
    (Field::ObjectType, Name("object_type")),
    (Field::ObjectKey, Column("object_key")),
];

/// The events about a proposal.
const OF_PROPOSAL: Condition = Among("seq", "SELECT seq FROM events WHERE proposal_id =");

/// The proposal an event about that evidence names.
const OF_EVIDENCE: Condition = Among(
    "proposal_id",
    "SELECT e.proposal_id FROM events e JOIN found_by f ON f.seq = e.seq WHERE f.evidence_id =",
);

/// Proposals by their state or their id, which nobody has to wait for.
pub(crate) const PROPOSALS: Table = Table {
    name: "proposals",
    alias: "p",
    id: "proposal_id",
    id_prefix: "wrp_",
    at: "created_at",
    clock: Clock::Text,
    // The one recorded last: the chain's order, which is asked while a proposal is made.
    newest: "created_seq DESC",
    present: "TRUE",
    scope: SCOPE,
    own_fields: &[
        (Field::Status, Column("state")),
        (Field::Mode, Column("mode")),
        (Field::Proposal, Column("proposal_id")),
        // A repeated call leaves evidence of its own, which leads to the proposal through its audit.
        (Field::Evidence, OF_EVIDENCE),
    ],
};

/// Proposals by everything else, as the call that made them is found.
pub(crate) const PROPOSALS_FOUND: Table = Table {
    name: "found_by",
    alias: "f",
    id: "proposal_id",
    id_prefix: "wrp_",
    at: "at",
    clock: Clock::Micros,
    newest: "at DESC, proposal_id DESC",
    present: "f.proposal_id IS NOT NULL",
    scope: FOUND_BY,
    own_fields: &[
        (Field::Status, Beside("p.state")),
        (Field::Mode, Beside("p.mode")),
        (Field::Proposal, Column("proposal_id")),
        (Field::Evidence, OF_EVIDENCE),
    ],
};

/// Evidence.
pub(crate) const EVIDENCE: Table = Table {
    name: "found_by",
    alias: "f",
    id: "evidence_id",
    id_prefix: "ev_",
    at: "at",
    clock: Clock::Micros,
    newest: "at DESC, evidence_id DESC",
    present: "f.evidence_id IS NOT NULL AND f.at IS NOT NULL",
    scope: FOUND_BY,
    own_fields: &[
        (Field::Proposal, OF_PROPOSAL),
        (Field::Evidence, Column("evidence_id")),
        (Field::Fingerprint, Name("fingerprint")),
    ],
};

/// Query audits.
pub(crate) const QUERY_AUDIT: Table = Table {
    name: "found_by",
    alias: "f",
    id: "audit_id",
    id_prefix: "qa_",
    at: "at",
    clock: Clock::Micros,
    newest: "at DESC, audit_id DESC",
    present: "f.audit_id IS NOT NULL AND f.at IS NOT NULL",
    scope: FOUND_BY,
    own_fields: &[
        (Field::Proposal, OF_PROPOSAL),
        (Field::Evidence, Column("evidence_id")),
        (Field::Fingerprint, Name("fingerprint")),
        (Field::Refused, Name("code")),
    ],
};

/// What candidates answered; an event of its kind is found by the call that was shown, and told by its number.
pub(crate) const CANDIDATE_RUNS: Table = Table {
    name: "found_by",
    alias: "f",
    id: "seq",
    id_prefix: "",
    at: "at",
    clock: Clock::Micros,
    newest: "seq DESC",
    present: "f.kind = (SELECT name_id FROM names WHERE name = 'shadow_candidate_ran')",
    scope: FOUND_BY,
    own_fields: &[],
};

/// Receipts.
pub(crate) const RECEIPTS: Table = Table {
    name: "receipts",
    alias: "r",
    id: "receipt_id",
    id_prefix: "rcp_",
    at: "at",
    clock: Clock::Text,
    newest: "at DESC, receipt_id DESC",
    present: "TRUE",
    scope: SCOPE,
    own_fields: &[
        (Field::Status, Column("outcome")),
        (Field::Proposal, Column("proposal_id")),
        (Field::Job, Column("job_id")),
        (Field::IdempotencyKey, Column("idempotency_key")),
    ],
};
