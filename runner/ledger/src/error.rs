//! What the ledger can answer instead of doing what was asked, and the one place that turns it into a refusal.
//!
//! Invariant: no message holds a value of a record, SQL or a database's own text; that detail goes to the log.

use std::path::PathBuf;
use std::sync::Arc;

use synapsor_protocol::{Code, Refusal};

use crate::report::Misfit;
use crate::rule::Rule;

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
    /// The server does not answer, or ended the connection.
    Lost,
    /// The server gave our transaction up in favour of another one; made again, it may go through.
    Contended,
    /// Anything else: permission to read, an I/O error.
    Unavailable,
}

/// A driver's error, as far as somebody has to act differently.
pub(crate) trait Faulty: std::error::Error + Send + Sync + 'static {
    /// What broke.
    fn fault(&self) -> Fault;
}

impl Fault {
    fn code(self) -> Code {
        match self {
            Self::Full => Code::LedgerFull,
            Self::ReadOnly => Code::LedgerReadOnly,
            Self::Busy | Self::Contended => Code::LedgerBusy,
            Self::Corrupt => Code::LedgerCorrupt,
            Self::Constraint => Code::Internal,
            Self::Lost | Self::Unavailable => Code::LedgerUnavailable,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Full => "no space is left for the ledger",
            Self::ReadOnly => "the ledger is read-only",
            Self::Busy => "another process holds the ledger's write lock",
            Self::Corrupt => "the ledger file is damaged or is not a database",
            Self::Constraint => "the record breaks a rule of the ledger's tables",
            Self::Lost => "the ledger's server does not answer",
            Self::Contended => "other writers of the ledger kept coming first",
            Self::Unavailable => "the ledger cannot be read or written",
        }
    }
}

/// Why the ledger did not do what was asked. Whatever the variant but [`Error::Unsettled`], nothing was recorded.
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
    /// The server holds no ledger and none was to be made.
    #[error("there is no ledger in the database `{database}`")]
    Absent {
        /// The database it was looked for in.
        database: String,
    },
    /// The server is none a ledger can be kept on.
    #[error("the ledger's server cannot be used: {why}")]
    Server {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The server was lost while it committed, and could not be asked since whether it did.
    #[error("the ledger's server was lost while it recorded, and cannot be asked whether it did")]
    Unsettled,
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
    /// Another process has the ledger open.
    #[error("the ledger is open in another process")]
    InUse,
    /// What was to be made is there already.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// A ledger, or a copy of one, that nothing may be made of.
    #[error("the {what} does not verify: {misfit}")]
    NotIntact {
        /// Which of them.
        what: &'static str,
        /// The first thing in it that does not fit.
        misfit: Misfit,
    },
    /// A migration into it has not come to its end.
    #[error("the ledger is a copy of another one that is not finished")]
    Unfinished,
    /// A place a ledger cannot be migrated to.
    #[error("the place to migrate to holds {why}")]
    Occupied {
        /// What is there.
        why: &'static str,
    },
    /// What was asked for only a file has.
    #[error("the ledger is on a server, not in a file")]
    NoFile {
        /// What does it there, as a hint.
        instead: &'static str,
    },
    /// A document that says nothing a check could be held against.
    #[error("the document cannot be verified: {why}")]
    NotAnExport {
        /// What is wrong with it.
        why: &'static str,
    },
    /// A rule answered no.
    #[error(transparent)]
    Rule(#[from] Rule),
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
            Self::Absent { .. } | Self::Server { .. } | Self::Unsettled | Self::Unfinished => {
                Code::LedgerUnavailable
            }
            Self::TooNew { .. } => Code::LedgerTooNew,
            Self::Storage { fault, .. } => fault.code(),
            Self::Unreadable { .. } | Self::NotIntact { .. } => Code::LedgerCorrupt,
            Self::InUse => Code::LedgerBusy,
            Self::NoFile { .. } => Code::LedgerNotAFile,
            Self::Exists { .. } | Self::Occupied { .. } | Self::NotAnExport { .. } => Code::InvalidInput,
            Self::Rule(rule) => rule.code(),
            Self::Invariant { .. } => Code::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Missing { .. } | Self::Absent { .. } => {
                "`synapsor mcp serve` and `synapsor propose` make one; name another with --store"
            }
            Self::Unsafe { .. } => "move the file away, or name another path",
            Self::Server { .. } => "see the part \"Sharing\" of docs/guides/ledger.md",
            Self::Unsettled => "repeat when the server is back: what was recorded is not recorded twice",
            Self::TooNew { .. } => {
                "use the release that wrote this ledger, or a later one; nothing was changed"
            }
            Self::Storage { fault: Fault::Full, .. } => "make room and repeat; nothing was recorded",
            Self::Storage { fault: Fault::Busy | Fault::Contended | Fault::Lost, .. } => {
                "repeat; nothing was recorded"
            }
            Self::Storage { fault: Fault::ReadOnly, .. } => {
                "make the file and its folder writable for this user, or grant this role the rights of docs/guides/ledger.md"
            }
            Self::Unreadable { .. } => {
                "the ledger file was edited or damaged; verify it before trusting anything in it"
            }
            Self::InUse => "stop the servers and commands that use it, and repeat; nothing was changed",
            Self::Exists { .. } => "name another file, or replace this one with --force",
            Self::NotIntact { .. } => {
                "`synapsor store verify` says what is wrong with which; nothing was changed"
            }
            Self::Unfinished => {
                "repeat the `synapsor store migrate` that makes it; it goes on where it ended"
            }
            Self::Occupied { .. } => "name another file or database; nothing was changed",
            Self::NoFile { instead } => instead,
            Self::NotAnExport { .. } => "`synapsor replay show --json` prints one that can be",
            Self::Rule(rule) => return rule.hint(),
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// What broke underneath, where something did.
    pub(crate) fn fault(&self) -> Option<Fault> {
        match self {
            Self::Storage { fault, .. } => Some(*fault),
            _ => None,
        }
    }

    /// For `map_err`: the database failed while we were `doing` something.
    pub(crate) fn storage<E: Faulty>(doing: &'static str) -> impl FnOnce(E) -> Self {
        move |error| {
            let fault = error.fault();
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

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use synapsor_protocol::ProposalState;

    use super::*;
    use crate::search::RecordKind;

    fn storage(fault: Fault) -> Error {
        let cause = Arc::new(std::io::Error::other("what SQLite said about `SELECT 'hunter2'`"));
        Error::Storage { doing: "write to the ledger", fault, cause }
    }

    /// One of each, as an outsider reads it.
    fn every_answer() -> Vec<Error> {
        let proposal = || "wrp_1".to_owned();
        let path = || PathBuf::from("/data/ledger.db");
        let state = ProposalState::Applied;
        let faults = [
            Fault::Full,
            Fault::ReadOnly,
            Fault::Busy,
            Fault::Corrupt,
            Fault::Constraint,
            Fault::Lost,
            Fault::Contended,
            Fault::Unavailable,
        ];
        let rules = [
            Rule::RecordNotFound { kind: RecordKind::Proposal, reference: "1".into() },
            Rule::Ambiguous {
                kind: RecordKind::Proposal,
                reference: "1".into(),
                candidates: vec!["wrp_1a".into(), "wrp_1b".into()],
            },
            Rule::HashMismatch { proposal: proposal(), was: "shown" },
            Rule::HashMismatch { proposal: proposal(), was: "approved" },
            Rule::NotPendingReview { proposal: proposal(), state },
            Rule::NotRejectable { proposal: proposal(), state },
            Rule::ApplyUnsettled { proposal: proposal() },
            Rule::HandedOver {
                proposal: proposal(),
                until: synapsor_protocol::Moment::from_micros(0).expect("in range"),
            },
            Rule::NotApproved { proposal: proposal(), state },
            Rule::ApprovalMissing { proposal: proposal() },
            Rule::ReasonRequired { proposal: proposal() },
            Rule::Shadow { proposal: proposal() },
            Rule::NotShadow { proposal: proposal() },
            Rule::Secret { place: "api_key".into() },
        ];
        let mut answers = vec![
            Error::Missing { path: path() },
            Error::Unsafe { path: path(), why: "it is a symbolic link" },
            Error::Absent { database: "books".into() },
            Error::Server { why: "its database has another encoding than UTF8" },
            Error::Unsettled,
            Error::TooNew { found: 9, supported: 1 },
            Error::Unreadable { record: "proposal `wrp_1`".into() },
            Error::InUse,
            Error::Exists { path: path() },
            Error::NotIntact {
                what: "copy",
                misfit: Misfit { kind: crate::MisfitKind::EventMissing, seq: Some(4), record: None },
            },
            Error::Unfinished,
            Error::Occupied { why: "another ledger" },
            Error::NoFile { instead: "`pg_dump` copies it" },
            Error::NotAnExport { why: "it is not JSON" },
            Error::Invariant { what: "the ledger's writer has stopped" },
        ];
        answers.extend(faults.map(storage));
        answers.extend(rules.map(Error::from));
        answers
    }

    #[test]
    fn every_answer_has_a_code_a_plain_sentence_and_where_it_helps_a_hint() {
        let mut text = String::new();
        for error in every_answer() {
            let refusal = error.refusal();
            text += &format!("{}: {}\n", refusal.code, refusal.message);
            text += &refusal.hint.map(|hint| format!("    hint: {hint}\n")).unwrap_or_default();
        }
        expect![[r#"
            LEDGER_UNAVAILABLE: the ledger `/data/ledger.db` does not exist
                hint: `synapsor mcp serve` and `synapsor propose` make one; name another with --store
            LEDGER_UNAVAILABLE: the ledger `/data/ledger.db` cannot be used: it is a symbolic link
                hint: move the file away, or name another path
            LEDGER_UNAVAILABLE: there is no ledger in the database `books`
                hint: `synapsor mcp serve` and `synapsor propose` make one; name another with --store
            LEDGER_UNAVAILABLE: the ledger's server cannot be used: its database has another encoding than UTF8
                hint: see the part "Sharing" of docs/guides/ledger.md
            LEDGER_UNAVAILABLE: the ledger's server was lost while it recorded, and cannot be asked whether it did
                hint: repeat when the server is back: what was recorded is not recorded twice
            LEDGER_TOO_NEW: the ledger has schema version `9`, this release knows up to `1`
                hint: use the release that wrote this ledger, or a later one; nothing was changed
            LEDGER_CORRUPT: proposal `wrp_1` in the ledger cannot be read back
                hint: the ledger file was edited or damaged; verify it before trusting anything in it
            LEDGER_BUSY: the ledger is open in another process
                hint: stop the servers and commands that use it, and repeat; nothing was changed
            INVALID_INPUT: `/data/ledger.db` exists already
                hint: name another file, or replace this one with --force
            LEDGER_CORRUPT: the copy does not verify: event `4`: the event is missing
                hint: `synapsor store verify` says what is wrong with which; nothing was changed
            LEDGER_UNAVAILABLE: the ledger is a copy of another one that is not finished
                hint: repeat the `synapsor store migrate` that makes it; it goes on where it ended
            INVALID_INPUT: the place to migrate to holds another ledger
                hint: name another file or database; nothing was changed
            LEDGER_NOT_A_FILE: the ledger is on a server, not in a file
                hint: `pg_dump` copies it
            INVALID_INPUT: the document cannot be verified: it is not JSON
                hint: `synapsor replay show --json` prints one that can be
            INTERNAL: internal error: the ledger's writer has stopped
            LEDGER_FULL: failed to write to the ledger: no space is left for the ledger
                hint: make room and repeat; nothing was recorded
            LEDGER_READ_ONLY: failed to write to the ledger: the ledger is read-only
                hint: make the file and its folder writable for this user, or grant this role the rights of docs/guides/ledger.md
            LEDGER_BUSY: failed to write to the ledger: another process holds the ledger's write lock
                hint: repeat; nothing was recorded
            LEDGER_CORRUPT: failed to write to the ledger: the ledger file is damaged or is not a database
            INTERNAL: failed to write to the ledger: the record breaks a rule of the ledger's tables
            LEDGER_UNAVAILABLE: failed to write to the ledger: the ledger's server does not answer
                hint: repeat; nothing was recorded
            LEDGER_BUSY: failed to write to the ledger: other writers of the ledger kept coming first
                hint: repeat; nothing was recorded
            LEDGER_UNAVAILABLE: failed to write to the ledger: the ledger cannot be read or written
            PROPOSAL_NOT_FOUND: no proposal matches `1`
                hint: `synapsor proposals list` shows which there are
            PROPOSAL_ID_AMBIGUOUS: more than one proposal starts with `1`
                hint: one of: wrp_1a, wrp_1b
            PROPOSAL_HASH_MISMATCH: the stored content of proposal `wrp_1` is not the one that was shown
                hint: look at the proposal as it is now, then decide
            PROPOSAL_HASH_MISMATCH: the stored content of proposal `wrp_1` is not the one that was approved
                hint: the ledger file was edited or damaged; verify it before trusting anything in it
            PROPOSAL_NOT_PENDING_REVIEW: proposal `wrp_1` is `applied`, expected `pending_review`
                hint: `synapsor replay show` tells what became of it
            PROPOSAL_NOT_REJECTABLE: proposal `wrp_1` is `applied` and can no longer be rejected
                hint: `synapsor replay show` tells what became of it
            PROPOSAL_NOT_REJECTABLE: an apply of proposal `wrp_1` is not settled, so it cannot be rejected
                hint: apply the proposal again: that settles whether the earlier try changed the source
            PROPOSAL_NOT_REJECTABLE: the job of proposal `wrp_1` is handed over until 1970-01-01T00:00:00.000000Z, so it cannot be rejected before
                hint: repeat once the lease is over; what its runner does until then is recorded
            PROPOSAL_NOT_APPROVED: proposal `wrp_1` is `applied`, expected `approved`
                hint: `synapsor replay show` tells what became of it
            PROPOSAL_NOT_APPROVED: proposal `wrp_1` has no approval in the ledger's chain
                hint: the ledger file was edited or damaged; verify it before trusting anything in it
            REASON_REQUIRED: this decision about proposal `wrp_1` needs a reason
                hint: say why; the reason is kept with the decision
            SHADOW_WRITEBACK_DISABLED: proposal `wrp_1` is a shadow proposal and is never applied
                hint: it is kept for comparison only; propose again with `mode` set to `review`
            NOT_SHADOW_PROPOSAL: proposal `wrp_1` is not a shadow proposal
                hint: `synapsor shadow list` shows which there are
            SECRET_MATERIAL_REJECTED: `api_key` holds what looks like a secret and is not recorded
                hint: take the column or argument out of the capability
        "#]]
        .assert_eq(&text);
        assert!(!text.contains("hunter2"));
    }
}
