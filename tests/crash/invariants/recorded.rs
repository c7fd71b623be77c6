//! What the ledger has on record: I2, I5, I6, I8, I9, and its part of I11.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;
use synapsor_ledger::{Ledger, Opening};
use synapsor_protocol::{Clock, Ids, Moment};

use super::Source;

/// What the ledger has on record of one proposal.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) state: String,
    pub(super) replay: Json,
    /// Proposals of this ledger with an apply of which nobody knows how it ended.
    pub(super) unsettled: usize,
}

impl Recorded {
    /// Reads the ledger; I8 and I9 on the way: the chain is walked, and every move of a state is in the table of moves.
    ///
    /// # Errors
    /// When the chain or a state does not fit.
    pub(crate) async fn of(path: &Path, proposal: &str) -> Result<Self, String> {
        let opening = Opening { create: false, clock: Arc::new(Still), ids: Arc::new(Still) };
        let ledger = Ledger::open(path, opening).await.map_err(|error| format!("I9: the ledger: {error}"))?;
        let report = ledger.verify().await.map_err(|error| format!("I9: the chain: {error}"))?;
        if let Some(misfit) = report.misfit {
            return Err(format!("I9: the chain: {misfit}"));
        }
        let id = ledger.resolve(proposal).await.map_err(|error| format!("the proposal: {error}"))?;
        let replay = ledger.replay(&id).await.map_err(|error| format!("the record: {error}"))?;
        let state = replay.proposal.state.to_string();
        let unsettled = ledger.unsettled().await.map_err(|error| format!("the record: {error}"))?.len();
        Ok(Self { state, replay: serde_json::to_value(replay).expect("a document"), unsettled })
    }

    fn kinds(&self) -> Vec<&str> {
        let events = self.replay["events"].as_array().expect("events");
        events.iter().filter_map(|event| event["kind"].as_str()).collect()
    }

    /// How many events of that kind there are.
    pub(crate) fn times(&self, kind: &str) -> usize {
        self.kinds().into_iter().filter(|known| *known == kind).count()
    }

    fn digest(&self) -> &Json {
        &self.replay["proposal"]["proposal"]["digest"]
    }

    pub(super) fn i2_approved_before_it_began(&self) -> Result<(), String> {
        let kinds = self.kinds();
        let at = |wanted: &str| kinds.iter().position(|kind| *kind == wanted);
        let in_order = match (at("proposal_approved"), at("writeback_started")) {
            (Some(approved), Some(started)) => approved < started,
            (_, None) => true,
            (None, Some(_)) => false,
        };
        let approval = self.replay["decisions"].get(0);
        let same_content = approval.is_none_or(|approval| approval["proposal_digest"] == *self.digest());
        if in_order && same_content {
            Ok(())
        } else {
            Err(format!("I2: it began without an approval of this content: {kinds:?}"))
        }
    }

    pub(super) fn i5_applied_has_its_receipt(&self, source: &Source) -> Result<(), String> {
        if self.state != "applied" {
            return Err(format!("I5: the source is changed, and the ledger says {}", self.state));
        }
        let expected = [
            self.replay["jobs"][0]["idempotency_key"].as_str(),
            self.replay["proposal"]["proposal"]["proposal_id"].as_str(),
            self.digest().as_str(),
            Some("applied"),
        ];
        let held = |receipt: &super::Row| (1..5).map(|at| receipt[at].as_deref()).eq(expected);
        if source.receipts.iter().any(held) {
            Ok(())
        } else {
            Err(format!("I5: the ledger says applied, and the source holds no such receipt: {source:?}"))
        }
    }

    pub(super) fn i6_a_receipt_has_its_approval(&self, source: &Source) -> Result<(), String> {
        let approvals: Vec<_> = self.replay["decisions"].as_array().into_iter().flatten().collect();
        let known = |receipt: &super::Row| {
            approvals.iter().any(|approval| approval["proposal_digest"].as_str() == receipt[3].as_deref())
        };
        let ends = self.replay["receipts"].as_array().map_or(0, Vec::len);
        if source.receipts.iter().all(known) && ends >= source.receipts.len() {
            Ok(())
        } else {
            Err(format!(
                "I6: the source holds a receipt the ledger knows no approval or no end of: {source:?}"
            ))
        }
    }

    pub(super) fn i8_ended_once(&self) -> Result<(), String> {
        let ends = self.times("writeback_applied") + self.times("writeback_already_applied");
        let refused = ["writeback_conflict", "writeback_failed", "proposal_rejected"];
        if ends == 1 && refused.iter().all(|kind| self.times(kind) == 0) {
            Ok(())
        } else {
            Err(format!("I8: the story is not one end, for good: {:?}", self.kinds()))
        }
    }

    pub(super) fn i11_no_attempt_is_open(&self) -> Result<(), String> {
        match self.unsettled {
            0 => Ok(()),
            open => Err(format!("I11: {open} applies have no end in the ledger")),
        }
    }
}

/// Neither is needed to read a ledger.
struct Still;

impl Clock for Still {
    fn now(&self) -> Moment {
        Moment::from_micros(0).expect("in range")
    }
}

impl Ids for Still {
    fn token(&self) -> String {
        "0".repeat(32)
    }
}
