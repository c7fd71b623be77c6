//! What is looked for. Every part that is given has to hold.

use synapsor_protocol::proposal::ProposalMode;
use synapsor_protocol::{Code, EvidenceId, JobId, Moment, Outcome, ProposalId, ProposalState};

use super::object::{ObjectFilter, TableFilter};
use super::table::Field;

/// Which records. The default is all of them.
///
/// A part that a kind of record does not have finds none of that kind: evidence has no status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Whose data.
    pub tenant: Option<String>,
    /// Who asked.
    pub principal: Option<String>,
    /// Through which capability.
    pub capability: Option<String>,
    /// About which object.
    pub object: ObjectFilter,
    /// Of which source.
    pub source: Option<String>,
    /// In which table.
    pub table: Option<TableFilter>,
    /// A proposal that stands there, or a receipt that says so.
    pub status: Option<Status>,
    /// Proposals for review, or for comparison only.
    pub mode: Option<ProposalMode>,
    /// That proposal, and what belongs to it.
    pub proposal: Option<ProposalId>,
    /// That evidence, and what belongs to it.
    pub evidence: Option<EvidenceId>,
    /// The same kind of query: evidence and audits with this fingerprint.
    pub fingerprint: Option<String>,
    /// Refused with this code.
    pub refused: Option<Code>,
    /// Receipts of this job.
    pub job: Option<JobId>,
    /// Receipts under this key.
    pub idempotency_key: Option<String>,
    /// Then or later.
    pub from: Option<Moment>,
    /// Before then.
    pub to: Option<Moment>,
}

/// Where a proposal stands, or how an apply ended: some words are both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(&'static str);

impl Status {
    /// Every word, states first.
    pub fn all() -> impl Iterator<Item = Self> {
        let states = ProposalState::ALL.iter().map(|state| state.as_str());
        let outcomes = [Outcome::AlreadyApplied, Outcome::Unknown].map(Outcome::as_str);
        states.chain(outcomes).map(Self)
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|status| status.as_str() == name)
    }

    /// The word in documents and on the command line.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl From<ProposalState> for Status {
    fn from(state: ProposalState) -> Self {
        Self(state.as_str())
    }
}

impl From<Outcome> for Status {
    fn from(outcome: Outcome) -> Self {
        Self(outcome.as_str())
    }
}

impl Filter {
    /// What has to be equal, by field. Time is a range and not among it.
    pub(super) fn terms(&self) -> Vec<(Field, String)> {
        let text = |field, value: &Option<String>| value.clone().map(|value| (field, value));
        let id = |field, value: Option<&str>| value.map(|value| (field, value.to_owned()));
        let mut terms = vec![
            text(Field::Tenant, &self.tenant),
            text(Field::Principal, &self.principal),
            text(Field::Capability, &self.capability),
            text(Field::Source, &self.source),
            id(Field::Status, self.status.map(Status::as_str)),
            id(Field::Mode, self.mode.map(ProposalMode::as_str)),
            id(Field::Proposal, self.proposal.as_ref().map(ProposalId::as_str)),
            id(Field::Evidence, self.evidence.as_ref().map(EvidenceId::as_str)),
            text(Field::Fingerprint, &self.fingerprint),
            id(Field::Refused, self.refused.map(Code::as_str)),
            id(Field::Job, self.job.as_ref().map(JobId::as_str)),
            text(Field::IdempotencyKey, &self.idempotency_key),
        ];
        terms.extend(self.object.terms().map(Some));
        terms.extend(self.table.iter().flat_map(TableFilter::terms).map(Some));
        terms.into_iter().flatten().collect()
    }
}
