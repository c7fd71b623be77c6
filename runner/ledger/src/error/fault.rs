//! What broke underneath, as far as somebody has to act differently: the same for a file and a server.

use synapsor_protocol::Code;

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
    pub(super) fn code(self) -> Code {
        match self {
            Self::Full => Code::LedgerFull,
            Self::ReadOnly => Code::LedgerReadOnly,
            Self::Busy | Self::Contended => Code::LedgerBusy,
            Self::Corrupt => Code::LedgerCorrupt,
            Self::Constraint => Code::Internal,
            Self::Lost | Self::Unavailable => Code::LedgerUnavailable,
        }
    }

    pub(super) fn text(self) -> &'static str {
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
