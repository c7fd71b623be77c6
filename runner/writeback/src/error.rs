//! Why a decision or an apply was not carried out.

use synapsor_protocol::{Code, Refusal, SourceChanged};

use crate::admit::NotAdmitted;
use crate::authority::Denied;
use crate::classify::FaultClass;
use crate::executor::NotDone;

/// Why not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The config or the proposal itself says no; the source was not touched.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The job document is not what was approved, is for somebody else, or is too late; the source was not touched.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// The ledger says no, or cannot be used.
    #[error(transparent)]
    Ledger(#[from] synapsor_ledger::Error),
    /// The source cannot take this change now; nothing happened and the proposal stays where it is.
    #[error("the source `{source_name}` is not ready for this change")]
    Obstacle {
        /// The source's name in the config.
        source_name: String,
        /// What stands in the way.
        #[source]
        obstacle: Obstacle,
    },
    /// The source cannot be asked now, and an earlier attempt has no recorded end: it may have changed the row.
    #[error(
        "an earlier attempt may have changed the row, and the source `{source_name}` cannot be asked now"
    )]
    Unsettled {
        /// The source's name in the config.
        source_name: String,
        /// What stands in the way.
        #[source]
        obstacle: Obstacle,
    },
    /// The application did not carry the change out; nothing happened and the proposal stays where it is.
    #[error("executor `{executor}`: {not_done}")]
    Executor {
        /// Its name in the config.
        executor: String,
        /// Why not.
        not_done: NotDone,
    },
    /// The application did not carry the change out now, and an earlier attempt has no recorded end.
    #[error(
        "an earlier attempt may have carried the change out, and executor `{executor}` cannot be asked now"
    )]
    ExecutorUnsettled {
        /// Its name in the config.
        executor: String,
        /// Why not.
        not_done: NotDone,
    },
    /// The ledger says applied and the source does not know of it.
    #[error(
        "the ledger says `{proposal}` was applied, but the source `{source_name}` holds no receipt for it"
    )]
    Regressed {
        /// The proposal.
        proposal: String,
        /// The source's name in the config.
        source_name: String,
    },
    /// The apply ended and the ledger could not record how.
    #[error("the apply ended, but the ledger could not record it")]
    Unrecorded {
        /// What is known of the source.
        changed: SourceChanged,
        /// What the ledger said.
        #[source]
        source: synapsor_ledger::Error,
    },
}

impl Error {
    /// The one conversion at the room's door.
    pub(crate) fn refusal(&self) -> Refusal {
        match self {
            Self::Denied(denied) => denied.refusal(),
            Self::NotAdmitted(refused) => refused.refusal(),
            Self::Ledger(error) => error.refusal(),
            Self::Obstacle { source_name, obstacle } => obstacle.refusal(source_name),
            Self::Unsettled { source_name, obstacle } => {
                let refusal = obstacle.refusal(source_name);
                Refusal::new(refusal.code, format!("{self}: {}", refusal.message))
                    .hint("repeat the apply once the source answers: it finds the source's own receipt")
                    .source_changed(SourceChanged::Unknown)
            }
            Self::Executor { not_done, .. } => {
                Refusal::new(not_done.code(), self.to_string()).hint(not_done.hint())
            }
            Self::ExecutorUnsettled { not_done, .. } => {
                Refusal::new(not_done.code(), format!("{self}: {not_done}"))
                    .hint("repeat the apply once it answers: the application knows the idempotency key")
                    .source_changed(SourceChanged::Unknown)
            }
            Self::Regressed { .. } => Refusal::new(Code::SourceRegressed, self.to_string()).hint(
                "the source was restored or lost a commit; nothing is applied again by itself: \
                 compare the row with the receipt and make a new proposal",
            ),
            Self::Unrecorded { changed, source } => {
                let refusal = source.refusal();
                Refusal::new(refusal.code, format!("{self}: {}", refusal.message))
                    .hint("repeat the apply: it finds the source's own receipt and changes nothing twice")
                    .source_changed(*changed)
            }
        }
    }
}

/// What was found before the transaction began, or what ended it without deciding anything. Nothing changed, and the
/// same apply may succeed once the obstacle is gone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub(crate) enum Obstacle {
    /// A step met an error.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// There is no receipts table and the write credential may not create one.
    #[error("there is no table `synapsor_writeback_receipts` and the write credential may not create it")]
    NoReceiptsTable,
    /// There is no receipts table and the config says that the runner makes none.
    #[error(
        "there is no table `synapsor_writeback_receipts`, and `receipts: precreated` leaves it to an administrator"
    )]
    NotPrecreated,
    /// There is one, but not ours.
    #[error("the table `synapsor_writeback_receipts` has another shape than expected: {what}")]
    ReceiptsTableShape {
        /// The first difference.
        what: &'static str,
    },
    /// The target or the receipts table cannot take part in a transaction.
    #[error("table `{table}` is stored by `{engine}`, expected `InnoDB`")]
    NotTransactional {
        /// Which table.
        table: String,
        /// What stores it.
        engine: String,
    },
    /// The target is a view, a foreign table, has rewrite rules, or the like.
    #[error("`{table}` is {found}, expected a plain table")]
    NotWritable {
        /// Which table.
        table: String,
        /// What it is instead.
        found: String,
    },
    /// Something acts on the change that nobody has said to have read.
    #[error("{what} acts on this change and is not acknowledged")]
    NotAcknowledged {
        /// Which, by name.
        what: String,
        /// Where it would have to be acknowledged.
        capability: String,
        /// What to add there.
        entries: String,
    },
    /// What acts on the change is not what was read.
    #[error("the table is not as it was reviewed: {what}")]
    Drifted {
        /// What differs; names and digests only.
        what: String,
    },
    /// Something acts on the change and the credential cannot look at it.
    #[error("the write credential may not see the definition of {what}")]
    Unseen {
        /// Which, by name.
        what: String,
    },
    /// The target, or one of the columns the job names, is not there.
    #[error("{what} is not in the source")]
    Missing {
        /// Names only.
        what: String,
    },
    /// A column cannot be written or compared exactly.
    #[error("column `{column}` has a type that cannot be kept exact")]
    UnsupportedColumn {
        /// Which column.
        column: String,
    },
    /// The version column cannot be advanced as the config says.
    #[error("column `{column}` cannot be advanced by `{advance}`: {why}")]
    NotAdvanceable {
        /// Which column.
        column: String,
        /// `increment` or `now`.
        advance: &'static str,
        /// What its type lacks.
        why: &'static str,
    },
    /// A value of the job is of another type than its column.
    #[error("the change no longer fits the table: {what}")]
    Unfit {
        /// Names and types only.
        what: String,
    },
    /// The runner was told to stop before the COMMIT; what was begun is rolled back.
    #[error("the apply was told to stop before its COMMIT, and was rolled back")]
    Stopped,
    /// A receipt with this job's key belongs to other content.
    #[error("the source holds a receipt with this key for another proposal content")]
    KeyReused,
}

impl Obstacle {
    /// The stable code.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Fault(fault) => fault.class.code(),
            Self::NoReceiptsTable | Self::NotPrecreated | Self::ReceiptsTableShape { .. } => {
                Code::ReceiptsTableMissing
            }
            Self::NotTransactional { .. } => Code::TargetNotTransactional,
            Self::NotWritable { .. } => Code::TargetNotWritable,
            Self::NotAcknowledged { .. } => Code::TargetNotAcknowledged,
            Self::Drifted { .. } => Code::SchemaDrift,
            Self::Unseen { .. } => Code::PermissionDenied,
            Self::Missing { .. } | Self::NotAdvanceable { .. } | Self::Unfit { .. } => {
                Code::SourceShapeMismatch
            }
            Self::UnsupportedColumn { .. } => Code::ColumnTypeUnsupported,
            Self::Stopped => Code::Interrupted,
            Self::KeyReused => Code::IdempotencyKeyReused,
        }
    }

    /// What an outsider may be told.
    pub(crate) fn refusal(&self, source_name: &str) -> Refusal {
        let refusal = Refusal::new(self.code(), format!("source `{source_name}`: {self}"));
        match self {
            Self::NoReceiptsTable => refusal.hint(
                "`synapsor writeback migration` prints what an administrator runs once; then SELECT and INSERT on it are enough",
            ),
            Self::NotAcknowledged { capability, entries, .. } => refusal.hint(format!(
                "read what it does; to accept it, add {entries} to `target_acknowledgements` of capability \
                 `{capability}` and propose again: this approval was given without it"
            )),
            Self::Drifted { .. } => refusal.hint(
                "read what is there now, bring `target_acknowledgements` up to date (`synapsor writeback doctor` \
                 prints the entries) and propose again",
            ),
            Self::Unseen { .. } => refusal.hint("grant it the right `TRIGGER` on the table"),
            Self::NotPrecreated => refusal.hint(
                "`synapsor writeback migration` prints the statement that makes it, `synapsor writeback grants` the rights on it",
            ),
            Self::ReceiptsTableShape { .. } => {
                refusal.hint("rename the old table; `synapsor writeback migration` prints the statement for the new one")
            }
            Self::Fault(fault) if fault.class.code().retryable() => refusal.hint("repeat the apply; it is safe"),
            _ => refusal,
        }
    }
}

/// A step that ended in an error. The driver's text went to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("the database {class}")]
pub(crate) struct Fault {
    /// What kind of failure.
    pub(crate) class: FaultClass,
}

impl Fault {
    /// A fault of this class; what the driver said is for the log only.
    pub(crate) fn new(class: FaultClass, detail: &dyn std::fmt::Display) -> Self {
        tracing::warn!(?class, detail = %detail, "a step of the writeback failed");
        Self { class }
    }
}
