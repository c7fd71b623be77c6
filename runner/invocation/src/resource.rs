//! Records a model may look at: its own proposals, evidence and replays, and of them only what it could see.
//!
//! Invariant: the record of another tenant, or of another principal, is answered exactly as one that does not exist.
//! Invariant: columns a capability does not show are not shown here either, though the ledger holds them.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};
use synapsor_ledger::{Replay, StoredProposal};
use synapsor_protocol::value::plain_object;
use synapsor_protocol::{Code, EvidenceBundle, Refusal, TrustedContext};

use crate::answer::{Difference, differences};
use crate::context;
use crate::reads::only;
use crate::runtime::Runtime;

/// What every address starts with.
const SCHEME: &str = "synapsor://";
/// Longest id looked up, in bytes; ours are shorter.
const ID_BYTES_MAX: usize = 128;

impl Runtime {
    /// The record behind `synapsor://proposals|evidence|replay/{id}`.
    ///
    /// # Errors
    /// [`Code::ResourceIdMissing`] for an address without an id, [`Code::ResourceNotFound`] for anything that is not
    /// of a tenant and principal this runner speaks for, or what the ledger cannot do.
    pub async fn resource(&self, address: &str) -> Result<Json, Refusal> {
        let (kind, id) = parse(address)?;
        for owner in self.owners() {
            let found = match kind {
                "proposals" => self.proposal_record(id, &owner).await?,
                "evidence" => self.evidence_record(id, &owner).await?,
                "replay" => self.replay_record(id.strip_prefix("replay_").unwrap_or(id), &owner).await?,
                _ => None,
            };
            if let Some(record) = found {
                return Ok(record);
            }
        }
        Err(not_found())
    }

    /// How far the ledger is: it grows with every event. Cheap enough to ask twice a second.
    ///
    /// # Errors
    /// What the ledger cannot do.
    pub async fn ledger_position(&self) -> Result<i64, Refusal> {
        self.shared.notebook.position().await.map_err(|error| error.refusal())
    }

    /// How many changes wait for the ledger's writer.
    pub fn ledger_waiting(&self) -> usize {
        self.shared.notebook.waiting()
    }

    /// Whom this runner speaks for: one for every context that can be established.
    fn owners(&self) -> BTreeSet<Owner> {
        let grounds = self.grounds();
        let resolve = |capability| context::resolve(capability, &grounds).ok();
        let contexts = self.shared.catalog.capabilities().filter_map(|capability| resolve(capability));
        contexts.map(|context| Owner::of(&context)).collect()
    }

    async fn proposal_record(&self, id: &str, owner: &Owner) -> Result<Option<Json>, Refusal> {
        let found =
            self.shared.notebook.proposal(id, &owner.tenant).await.map_err(|error| error.refusal())?;
        let own = found.filter(|stored| stored.proposal.change_set.principal == owner.principal);
        Ok(own.map(|stored| self.proposal(&stored)))
    }

    async fn evidence_record(&self, id: &str, owner: &Owner) -> Result<Option<Json>, Refusal> {
        let found =
            self.shared.notebook.evidence(id, &owner.tenant).await.map_err(|error| error.refusal())?;
        let own = found.filter(|bundle| bundle.principal == owner.principal);
        Ok(own.map(|bundle| self.evidence(&bundle)))
    }

    async fn replay_record(&self, id: &str, owner: &Owner) -> Result<Option<Json>, Refusal> {
        let found = self.shared.notebook.replay(id, &owner.tenant).await.map_err(|error| error.refusal())?;
        let own = found.filter(|story| {
            story.proposal.proposal.change_set.principal == owner.principal
                && story.evidence.principal == owner.principal
        });
        Ok(own.map(|story| self.replay(&story)))
    }

    fn evidence(&self, bundle: &EvidenceBundle) -> Json {
        json!({
            "evidence_id": bundle.evidence_id,
            "capability": bundle.capability,
            "source": bundle.source,
            "table": bundle.table,
            "key": bundle.key.to_plain(),
            "row": plain_object(&only(bundle.row.clone(), self.visible_columns(&bundle.capability))),
            "redacted": bundle.redacted.keys().collect::<Vec<_>>(),
            "received_at": bundle.received_at,
        })
    }

    fn replay(&self, story: &Replay) -> Json {
        let decisions = story.decisions.iter().map(|decision| {
            json!({ "verdict": decision.verdict, "actor": decision.actor, "reason": decision.reason, "at": decision.at })
        });
        let receipts = story.receipts.iter().map(|receipt| {
            json!({
                "outcome": receipt.outcome,
                "code": receipt.code,
                "source_changed": receipt.source_changed,
                "at": receipt.executed_at,
            })
        });
        let events = story
            .events
            .iter()
            .map(|event| json!({ "kind": event.kind, "actor": event.actor, "at": event.at }));
        json!({
            "replay_id": format!("replay_{}", story.proposal.proposal.proposal_id),
            "proposal": self.proposal(&story.proposal),
            "evidence": self.evidence(&story.evidence),
            "decisions": decisions.collect::<Vec<_>>(),
            "receipts": receipts.collect::<Vec<_>>(),
            "events": events.collect::<Vec<_>>(),
        })
    }

    /// A proposal as the model that asked for it may see it: the change, and where it stands.
    fn proposal(&self, stored: &StoredProposal) -> Json {
        let proposal = &stored.proposal;
        let change = &proposal.change_set;
        let diff = differences(change, self.visible_columns(&change.capability));
        json!({
            "proposal_id": proposal.proposal_id,
            "state": stored.state,
            "capability": change.capability,
            "target": { "table": change.target.table, "key": change.target.key.to_plain() },
            "diff": diff.iter().map(|(column, shown)| (column.clone(), plain(shown))).collect::<Map<_, _>>(),
            "summary": change.summary,
            "evidence_id": proposal.evidence_id,
            "digest": proposal.digest,
            "created_at": proposal.created_at,
        })
    }
}

/// Whose records.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Owner {
    tenant: String,
    principal: String,
}

impl Owner {
    fn of(context: &TrustedContext) -> Self {
        Self { tenant: context.tenant().to_owned(), principal: context.principal().to_owned() }
    }
}

fn plain(difference: &Difference) -> Json {
    let mut shown = Map::from_iter([("proposed".to_owned(), difference.proposed.to_plain())]);
    shown.extend(difference.before.as_ref().map(|before| ("before".to_owned(), before.to_plain())));
    Json::Object(shown)
}

fn parse(address: &str) -> Result<(&str, &str), Refusal> {
    let (kind, id) =
        address.strip_prefix(SCHEME).and_then(|rest| rest.split_once('/')).ok_or_else(not_found)?;
    match id {
        "" => Err(Refusal::new(Code::ResourceIdMissing, "the resource address names no record")),
        _ if id.len() > ID_BYTES_MAX => Err(not_found()),
        _ => Ok((kind, id)),
    }
}

fn not_found() -> Refusal {
    Refusal::new(Code::ResourceNotFound, "there is no such record")
}
