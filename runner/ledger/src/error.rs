//! What the ledger can answer instead of doing what was asked, and the one place that turns it into a refusal.
//!
//! Invariant: no message holds a value of a record, SQL or a database's own text; that detail goes to the log.

mod fault;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use synapsor_protocol::{Code, Refusal};

use crate::report::Misfit;
use crate::rule::Rule;

pub use fault::Fault;
pub(crate) use fault::Faulty;

/// The error underneath, shared because one failed commit answers many callers.
type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// Why the ledger did not do what was asked. Whatever the variant but [`Error::Unsettled`], nothing was recorded.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// There is no file and none was to be made.
    #[error("there is no ledger at `{}`", path.display())]
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
