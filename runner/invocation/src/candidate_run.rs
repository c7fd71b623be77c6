//! The record of what became of a call as far as a candidate is concerned: compared with what the live handler did.

use synapsor_config::{Capability, Logic};
use synapsor_ledger::PastCall;
use synapsor_protocol::candidate::CANDIDATE_RUN_SCHEMA;
use synapsor_protocol::{
    CandidateEnding, CandidateRun, Code, Digest, EvidenceBundle, HandlerInputs, Likeness, Refusal, Used,
};

use crate::compare::Comparison;
use crate::rerun::{Ending, Rerun};

/// The record of a run, or of a call that was not shown; none of a call without a handler.
pub(crate) fn of(
    past: &PastCall,
    capability: &Capability,
    ran: Option<Result<Rerun, Refusal>>,
) -> Option<CandidateRun> {
    let EvidenceBundle { handler, usage, .. } = &past.evidence;
    let HandlerInputs { component: live, .. } = handler.as_ref()?;
    let Compared { ending, likeness, differing_columns, used } = Compared::of(past, ran);
    let evidence = &past.evidence;
    Some(CandidateRun {
        schema_version: CANDIDATE_RUN_SCHEMA.into(),
        evidence_id: evidence.evidence_id.clone(),
        proposal_id: past.proposal.as_ref().map(|proposal| proposal.proposal_id.clone()),
        capability: evidence.capability.clone(),
        tenant: evidence.tenant.clone(),
        principal: evidence.principal.clone(),
        source: evidence.source.clone(),
        schema: evidence.schema.clone(),
        table: evidence.table.clone(),
        key: evidence.key.clone(),
        live: live.clone(),
        candidate: pinned(capability)?,
        ending,
        likeness,
        differing_columns,
        live_used: usage.map(|usage| Used { fuel: usage.fuel, wall_us: usage.wall_us }),
        candidate_used: used,
        dropped_before: 0,
        at: evidence.received_at,
    })
}

/// What a run came to.
struct Compared {
    ending: CandidateEnding,
    likeness: Option<Likeness>,
    differing_columns: Vec<String>,
    used: Option<Used>,
}

impl Compared {
    fn of(past: &PastCall, ran: Option<Result<Rerun, Refusal>>) -> Self {
        let without_answer =
            |ending, used| Self { ending, likeness: None, differing_columns: Vec::new(), used };
        let ran = match ran {
            None => return without_answer(CandidateEnding::NotShown, None),
            Some(Err(refusal)) => {
                return without_answer(CandidateEnding::Failed { code: refusal.code }, None);
            }
            Some(Ok(ran)) => ran,
        };
        let used = ran.fuel.zip(ran.wall_us).map(|(fuel, wall_us)| Used { fuel, wall_us });
        if let Some(code) = ran.stopped {
            return without_answer(CandidateEnding::Failed { code }, used);
        }
        let compared = match Comparison::new(past, ran) {
            Ok(compared) => compared,
            // Nothing that a rule let through has no canonical form.
            Err(_) => return without_answer(CandidateEnding::Failed { code: Code::Internal }, used),
        };
        Self {
            likeness: Some(compared.likeness),
            differing_columns: compared.columns.into_iter().map(|found| found.column).collect(),
            ending: ended(compared.now),
            used,
        }
    }
}

fn ended(ending: Ending) -> CandidateEnding {
    match ending {
        Ending::Proposed { patch, summary } => CandidateEnding::Proposed { patch, summary },
        Ending::Refused { code, .. } => CandidateEnding::Refused { code },
        Ending::OtherReads { reads } => {
            CandidateEnding::OtherReads { reads: u32::try_from(reads.len()).unwrap_or(u32::MAX) }
        }
    }
}

/// The component that the config pins for a candidate.
fn pinned(capability: &Capability) -> Option<Digest> {
    match &capability.proposal.as_ref()?.logic {
        Logic::Handler(grant) => Some(grant.digest.clone()),
        Logic::Patch(_) => None,
    }
}
