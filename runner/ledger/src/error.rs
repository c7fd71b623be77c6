//! What the ledger can answer instead of doing what was asked, and the one place that turns it into a refusal.
//!
//! Invariant: no message holds a value of a record, SQL or SQLite's own text; that detail goes to the log.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::ErrorCode;
use synapsor_protocol::{Code, ProposalState, Refusal};

/// The error underneath, shared because one failed commit answers many callers.
type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// What broke underneath, as far as somebody has to act differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The disk, or the size limit, has no room left.
    Full,
    /// The file, its folder or the file system accepts no writes.
    ReadOnly,
    /// Another process held the write lock for longer than we wait.
    Busy,
    /// The file is damaged or is no database.
    Corrupt,
    /// The database refused a write that breaks its own rules, as an id used twice would.
    Constraint,
    /// Anything else: permission to read, an I/O error.
    Unavailable,
}

impl Fault {
    fn code(self) -> Code {
        match self {
            Self::Full => Code::LedgerFull,
            Self::ReadOnly => Code::LedgerReadOnly,
            Self::Busy => Code::LedgerBusy,
            Self::Corrupt => Code::LedgerCorrupt,
            Self::Constraint => Code::Internal,
            Self::Unavailable => Code::LedgerUnavailable,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Full => "no space is left for the ledger",
            Self::ReadOnly => "the ledger is read-only",
            Self::Busy => "another process holds the ledger's write lock",
            Self::Corrupt => "the ledger file is damaged or is not a database",
            Self::Constraint => "the record breaks a rule of the ledger's tables",
            Self::Unavailable => "the ledger cannot be read or written",
        }
    }
}

/// Why the ledger did not do what was asked. Whatever the variant, nothing was recorded.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// There is no file and none was to be made.
    #[error("the ledger `{}` does not exist", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The path leads to something a ledger must not be kept in.
    #[error("the ledger `{}` cannot be used: {why}", path.display())]
    Unsafe {
        /// The offending path.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A later release wrote the file.
    #[error("the ledger has schema version `{found}`, this release knows up to `{supported}`")]
    TooNew {
        /// The file's version.
        found: i64,
        /// The newest this release knows.
        supported: i64,
    },
    /// The file system or SQLite failed.
    #[error("failed to {doing}: {}", fault.text())]
    Storage {
        /// What we were doing, as an infinitive.
        doing: &'static str,
        /// What kind of failure it is.
        fault: Fault,
        /// The failure itself; for the log.
        #[source]
        cause: Cause,
    },
    /// A stored record no longer reads back as what it was.
    #[error("{record} in the ledger cannot be read back")]
    Unreadable {
        /// Which record, by kind and id.
        record: String,
    },
    /// No proposal has that id, prefix or position.
    #[error("no proposal matches `{reference}`")]
    ProposalNotFound {
        /// What was asked for.
        reference: String,
    },
    /// Several proposals start with that prefix.
    #[error("more than one proposal starts with `{reference}`")]
    Ambiguous {
        /// What was asked for.
        reference: String,
        /// Some of the proposals it could be.
        candidates: Vec<String>,
    },
    /// The stored proposal is not the content that was sealed, shown or approved.
    #[error("the stored content of proposal `{proposal}` is not the one that was {was}")]
    HashMismatch {
        /// The proposal.
        proposal: String,
        /// Which earlier digest it no longer matches: `sealed`, `shown` or `approved`.
        was: &'static str,
    },
    /// Only a proposal that waits for review can be approved.
    #[error("proposal `{proposal}` is `{state}`, expected `pending_review`")]
    NotPendingReview {
        /// The proposal.
        proposal: String,
        /// Where it stands.
        state: ProposalState,
    },
    /// Only a proposal that waits for review, or an approved one with no apply under way, can be rejected.
    #[error("proposal `{proposal}` is `{state}`{} and can no longer be rejected", if *apply_open { " with an unsettled apply" } else { "" })]
    NotRejectable {
        /// The proposal.
        proposal: String,
        /// Where it stands.
        state: ProposalState,
        /// Whether an apply has started whose outcome the ledger does not know.
        apply_open: bool,
    },
    /// Only an approved proposal can be applied or given a receipt.
    #[error("proposal `{proposal}` is `{state}`, expected `approved`")]
    NotApproved {
        /// The proposal.
        proposal: String,
        /// Where it stands.
        state: ProposalState,
    },
    /// The state says approved, but no decision in the chain does.
    #[error("proposal `{proposal}` has no approval in the ledger's chain")]
    ApprovalMissing {
        /// The proposal.
        proposal: String,
    },
    /// A rejection says why.
    #[error("rejecting proposal `{proposal}` needs a reason")]
    ReasonRequired {
        /// The proposal.
        proposal: String,
    },
    /// Shadow proposals are for comparison only.
    #[error("proposal `{proposal}` is a shadow proposal and is never applied")]
    Shadow {
        /// The proposal.
        proposal: String,
    },
    /// The record would keep something that looks like a secret.
    #[error("{place} looks like a secret and is not recorded")]
    Secret {
        /// Which field: a name, never the value.
        place: String,
    },
    /// Our own invariant broke.
    #[error("{what}")]
    Invariant {
        /// Which one.
        what: &'static str,
    },
}

impl Error {
    /// The refusal an outsider sees. The source is untouched by anything in this room.
    pub fn refusal(&self) -> Refusal {
        if let Self::Invariant { what } = self {
            return Refusal::bug(what);
        }
        let refusal = Refusal::new(self.code(), self.to_string());
        match self.hint() {
            Some(hint) => refusal.hint(hint),
            None => refusal,
        }
    }

    fn code(&self) -> Code {
        match self {
            Self::Missing { .. } | Self::Unsafe { .. } => Code::LedgerUnavailable,
            Self::TooNew { .. } => Code::LedgerTooNew,
            Self::Storage { fault, .. } => fault.code(),
            Self::Unreadable { .. } => Code::LedgerCorrupt,
            Self::ProposalNotFound { .. } => Code::ProposalNotFound,
            Self::Ambiguous { .. } => Code::ProposalIdAmbiguous,
            Self::HashMismatch { .. } => Code::ProposalHashMismatch,
            Self::NotPendingReview { .. } => Code::ProposalNotPendingReview,
            Self::NotRejectable { .. } => Code::ProposalNotRejectable,
            Self::NotApproved { .. } | Self::ApprovalMissing { .. } => Code::ProposalNotApproved,
            Self::ReasonRequired { .. } => Code::ReasonRequired,
            Self::Shadow { .. } => Code::ShadowWritebackDisabled,
            Self::Secret { .. } => Code::SecretMaterialRejected,
            Self::Invariant { .. } => Code::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Missing { .. } => "serving the runner once creates the ledger; or check the path",
            Self::Unsafe { .. } => "move the file away, or name another path",
            Self::TooNew { .. } => {
                "use the release that wrote this ledger, or a later one; nothing was changed"
            }
            Self::Storage { fault: Fault::Full, .. } => "make room and repeat; nothing was recorded",
            Self::Storage { fault: Fault::Busy, .. } => "repeat; nothing was recorded",
            Self::Storage { fault: Fault::ReadOnly, .. } => {
                "make the file and its folder writable for this user"
            }
            Self::Unreadable { .. } | Self::HashMismatch { .. } | Self::ApprovalMissing { .. } => {
                "the ledger file was edited or damaged; verify it before trusting anything in it"
            }
            Self::Ambiguous { candidates, .. } => return Some(format!("one of: {}", candidates.join(", "))),
            Self::NotRejectable { apply_open: true, .. } => {
                "apply the proposal again: that settles whether the earlier try changed the source"
            }
            Self::Secret { .. } => "take the column or argument out of the capability",
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// For `map_err`: SQLite failed while we were `doing` something.
    pub(crate) fn storage(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |error| {
            let fault = fault_of(&error);
            tracing::debug!(doing, ?fault, %error, "ledger storage failed");
            Self::Storage { doing, fault, cause: Arc::new(error) }
        }
    }

    /// For `map_err`: the file system failed while we were `doing` something.
    pub(crate) fn file(doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |error| {
            let fault = match error.kind() {
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Fault::Full,
                std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                    Fault::ReadOnly
                }
                _ => Fault::Unavailable,
            };
            tracing::debug!(doing, ?fault, %error, "ledger file failed");
            Self::Storage { doing, fault, cause: Arc::new(error) }
        }
    }

    /// For `map_err`: a stored document does not parse.
    pub(crate) fn unreadable<E: std::fmt::Display>(
        record: impl FnOnce() -> String,
    ) -> impl FnOnce(E) -> Self {
        move |error| {
            let record = record();
            tracing::debug!(record, %error, "ledger record does not parse");
            Self::Unreadable { record }
        }
    }
}

fn fault_of(error: &rusqlite::Error) -> Fault {
    use rusqlite::Error as E;
    match error {
        E::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DiskFull => Fault::Full,
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Fault::ReadOnly,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Fault::Busy,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Fault::Corrupt,
            ErrorCode::ConstraintViolation => Fault::Constraint,
            // "no such table" in a file that carries our mark: somebody changed the schema.
            ErrorCode::Unknown | ErrorCode::SchemaChanged => Fault::Corrupt,
            _ => Fault::Unavailable,
        },
        E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::InvalidColumnType(..)
        | E::QueryReturnedNoRows
        | E::QueryReturnedMoreThanOneRow => Fault::Corrupt,
        _ => Fault::Unavailable,
    }
}
