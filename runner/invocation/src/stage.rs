//! How far a call has come, for a caller that wants to watch it.

use tokio::sync::mpsc::UnboundedSender;

/// A step of a call that is behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The arguments are what the capability takes, and it is known who asks.
    Checked,
    /// The row was read.
    Read,
    /// The logic has answered, and the rules allow what it wants. Only of a proposal.
    Decided,
    /// Everything is on record.
    Recorded,
}

impl Stage {
    /// How many there are; [`Stage::step`] counts up to it.
    pub const STEPS: u32 = 4;

    /// Its number, from 1.
    pub fn step(self) -> u32 {
        match self {
            Self::Checked => 1,
            Self::Read => 2,
            Self::Decided => 3,
            Self::Recorded => Self::STEPS,
        }
    }

    /// What to tell somebody who waits.
    pub fn text(self) -> &'static str {
        match self {
            Self::Checked => "the call is checked",
            Self::Read => "the row is read",
            Self::Decided => "the change is worked out",
            Self::Recorded => "the record is written",
        }
    }
}

/// Where a call says how far it is. A call says at most [`Stage::STEPS`] things, so the channel needs no bound.
pub type Stages = UnboundedSender<Stage>;
