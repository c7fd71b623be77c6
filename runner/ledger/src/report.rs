//! What a walk over the chain answers: how far it holds, and the first thing that does not fit.
//!
//! What it proves: the file is consistent with itself. A cut tail, an older copy or a chain rebuilt from the start is
//! consistent too; a [`synapsor_protocol::Checkpoint`] kept elsewhere shows those.

use std::fmt;

use serde::Serialize;
use synapsor_protocol::Digest;

/// What a walk over the chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainReport {
    /// Which ledger.
    pub ledger_id: String,
    /// Events that fit, from the first on.
    pub events: u64,
    /// Documents those events vouch for, all of them unchanged.
    pub records: u64,
    /// Signed checkpoints those events agree with.
    pub checkpoints: u64,
    /// The digest of the last event that fits. Keep it elsewhere to find a cut tail later.
    pub head: Digest,
    /// The first thing that does not fit; none in an untouched ledger.
    pub misfit: Option<Misfit>,
}

impl ChainReport {
    /// Whether everything fits.
    pub fn holds(&self) -> bool {
        self.misfit.is_none()
    }
}

/// The first thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Misfit {
    /// What is wrong.
    pub kind: MisfitKind,
    /// The event at which it shows; none for a record no event vouches for.
    pub seq: Option<i64>,
    /// Which record, where it is about one.
    pub record: Option<String>,
}

/// How something can fail to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MisfitKind {
    /// The chain does not begin with this ledger's creation.
    BeginningReplaced,
    /// An event is not there.
    EventMissing,
    /// An event is not what its digest says.
    EventEdited,
    /// An event names another predecessor than the one before it.
    EventOutOfPlace,
    /// An event that cannot follow on the ones before it.
    MoveIllegal,
    /// A document an event vouches for is not there.
    RecordMissing,
    /// A document is not what its event says.
    RecordEdited,
    /// A document no event vouches for.
    RecordUnwitnessed,
    /// A proposal stands elsewhere than its events say.
    StateEdited,
    /// The chain ends before a checkpoint that was made of it.
    TailCut,
    /// At a checkpoint the chain has another event than when it was made.
    CheckpointDiffers,
    /// A signature was not made over this content with a key that counts.
    SignatureInvalid,
}

impl MisfitKind {
    fn text(self) -> &'static str {
        match self {
            Self::BeginningReplaced => "the chain does not begin with this ledger's creation",
            Self::EventMissing => "the event is missing",
            Self::EventEdited => "the event was edited",
            Self::EventOutOfPlace => "the event does not follow on the one before it",
            Self::MoveIllegal => "the event cannot follow on what happened before",
            Self::RecordMissing => "the record is missing",
            Self::RecordEdited => "the record was edited",
            Self::RecordUnwitnessed => "no event vouches for the record",
            Self::TailCut => "the event was there when the checkpoint was made, and is cut off",
            Self::CheckpointDiffers => "the event is not the one the checkpoint was made of",
            Self::SignatureInvalid => "the signature was not made over this content with a key that counts",
            Self::StateEdited => "the state is not the one the events lead to",
        }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seq {
            Some(seq) => write!(f, "event `{seq}`: ")?,
            None if self.kind == MisfitKind::SignatureInvalid => {}
            None => f.write_str("after the last event: ")?,
        }
        f.write_str(self.kind.text())?;
        self.record.iter().try_for_each(|record| write!(f, " ({record})"))
    }
}
