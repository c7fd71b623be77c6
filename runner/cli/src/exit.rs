//! Exit codes: what a script may rely on.

use std::process::ExitCode;

use synapsor_protocol::{Code, Kind, Outcome, Refusal};

/// Why the process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// A rule answered no, or a guard did not hold.
    Refused,
    /// Wrong usage, or the config is not valid. Also clap's own code.
    Usage,
    /// Source, ledger or handler unavailable; safe to repeat.
    Unavailable,
    /// The outcome of an apply, or of a call sent elsewhere, is not known; reconcile.
    Unknown,
    /// A bug.
    Bug,
}

impl Exit {
    /// Every exit code.
    const ALL: [Self; 6] =
        [Self::Done, Self::Refused, Self::Usage, Self::Unavailable, Self::Unknown, Self::Bug];

    /// The codes and what they mean, for the help.
    pub(crate) fn table() -> String {
        let line = |exit: &Self| format!("  {:<2}  {}", exit.number(), exit.meaning());
        Self::ALL.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "a rule answered no, or a guard did not hold",
            Self::Usage => "wrong usage, or the config is not valid",
            Self::Unavailable => "source, ledger or handler unavailable; safe to repeat",
            Self::Unknown => "the outcome is not known; of an apply, apply again to settle it",
            Self::Bug => "a bug",
        }
    }

    pub(crate) fn of_refusal(refusal: &Refusal) -> Self {
        match (refusal.code, refusal.code.kind()) {
            (Code::OutcomeUnknown | Code::CloudOutcomeUnknown, _) => Self::Unknown,
            (Code::ConfigInvalid | Code::NotFound, _) => Self::Usage,
            (_, Kind::Refusal) => Self::Refused,
            (_, Kind::Failure) => Self::Unavailable,
            (_, Kind::Bug) => Self::Bug,
        }
    }

    pub(crate) fn of_outcome(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Applied | Outcome::AlreadyApplied => Self::Done,
            Outcome::Conflict | Outcome::Failed => Self::Refused,
            Outcome::Unknown => Self::Unknown,
        }
    }

    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::Unavailable => 3,
            Self::Unknown => 4,
            Self::Bug => 70,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}
