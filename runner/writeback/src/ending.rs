//! How an apply ends, and what may be said of it. Pure.
//!
//! Invariant: what is read from the source's receipt outweighs what this run meant to write.

use synapsor_protocol::{Code, Outcome, SourceChanged, Value};

use crate::error::{Fault, Obstacle};
use crate::receipts::Settlement;
use crate::report::Check;

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Ending {
    /// The row changed, and the receipt was read back.
    Applied {
        /// The version afterwards, where there is a version column.
        new_version: Option<Value>,
    },
    /// An earlier run had changed it.
    AlreadyApplied,
    /// A guard did not hold; the source holds a receipt that says so.
    Conflict {
        /// Which guard.
        code: Code,
        /// Which captured columns differ.
        changed_columns: Vec<String>,
    },
    /// The database refused for good; nothing is left in the source.
    Failed {
        /// Why.
        code: Code,
        /// Which columns would have held something else than approved.
        changed_columns: Vec<String>,
    },
    /// The answer to COMMIT is lost and the source stays away.
    Unknown,
}

impl Ending {
    /// The outcome, and whether the source changed in this run.
    pub(crate) fn outcome(&self) -> (Outcome, SourceChanged) {
        match self {
            Self::Applied { .. } => (Outcome::Applied, SourceChanged::Yes),
            Self::AlreadyApplied => (Outcome::AlreadyApplied, SourceChanged::No),
            Self::Conflict { .. } => (Outcome::Conflict, SourceChanged::No),
            Self::Failed { .. } => (Outcome::Failed, SourceChanged::No),
            Self::Unknown => (Outcome::Unknown, SourceChanged::Unknown),
        }
    }

    /// New version, code and columns, for the receipt.
    pub(crate) fn into_details(self) -> (Option<Value>, Option<Code>, Vec<String>) {
        match self {
            Self::Applied { new_version } => (new_version, None, Vec::new()),
            Self::AlreadyApplied => (None, None, Vec::new()),
            Self::Conflict { code, changed_columns } | Self::Failed { code, changed_columns } => {
                (None, Some(code), changed_columns)
            }
            Self::Unknown => (None, Some(Code::OutcomeUnknown), Vec::new()),
        }
    }

    /// A transaction that could still have become the change was refused; nothing of it is left in the source.
    ///
    /// # Errors
    /// When the refusal may pass, so that nothing is decided.
    pub(crate) fn refused(fault: Fault) -> Result<Self, Obstacle> {
        if fault.class.is_final() {
            Ok(Self::Failed { code: fault.class.code(), changed_columns: Vec::new() })
        } else {
            Err(fault.into())
        }
    }

    /// The source has a receipt for this job already.
    ///
    /// # Errors
    /// When it is about other content.
    pub(crate) fn settled(settlement: Settlement, checks: &mut Vec<Check>) -> Result<Self, Obstacle> {
        checks.push(Check::new(Check::IDEMPOTENCY_KEY, settlement != Settlement::Foreign));
        match settlement {
            Settlement::Applied => Ok(Self::AlreadyApplied),
            // A recorded conflict stays one, also where the row has since been changed back.
            Settlement::Conflict => {
                Ok(Self::Conflict { code: Code::RowChangedAfterProposal, changed_columns: Vec::new() })
            }
            Settlement::Foreign => Err(Obstacle::KeyReused),
        }
    }
}

/// What the transaction will have done if its COMMIT holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Written {
    /// The row changed.
    Applied {
        /// The version afterwards, where there is a version column.
        new_version: Option<Value>,
    },
    /// A guard did not hold, and the receipt says so.
    Conflict {
        /// Which guard.
        code: Code,
        /// Which captured columns differ.
        changed_columns: Vec<String>,
    },
}

impl Written {
    /// The ending, now that the source's receipt was read.
    ///
    /// The receipt decides, not what we meant to write: where our COMMIT came to nothing, another run of the same job
    /// may have found the row otherwise.
    ///
    /// # Errors
    /// When the receipt is about other content.
    pub(crate) fn confirmed_by(&self, settlement: Settlement) -> Result<Ending, Obstacle> {
        match (self.clone(), settlement) {
            (Self::Applied { new_version }, Settlement::Applied) => Ok(Ending::Applied { new_version }),
            (Self::Conflict { code, changed_columns }, Settlement::Conflict) => {
                Ok(Ending::Conflict { code, changed_columns })
            }
            (_, settlement) => Ending::settled(settlement, &mut Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::FaultClass;

    #[test]
    fn the_receipt_decides_and_not_what_was_meant() {
        let applied = Written::Applied { new_version: Some(Value::Integer(8)) };
        let conflict =
            Written::Conflict { code: Code::VersionConflict, changed_columns: vec!["version".into()] };
        assert!(matches!(
            applied.confirmed_by(Settlement::Applied),
            Ok(Ending::Applied { new_version: Some(_) })
        ));
        assert!(matches!(applied.confirmed_by(Settlement::Conflict), Ok(Ending::Conflict { .. })));
        assert!(matches!(conflict.confirmed_by(Settlement::Applied), Ok(Ending::AlreadyApplied)));
        assert!(matches!(
            conflict.confirmed_by(Settlement::Conflict),
            Ok(Ending::Conflict { code: Code::VersionConflict, .. })
        ));
        for written in [applied, conflict] {
            assert!(matches!(written.confirmed_by(Settlement::Foreign), Err(Obstacle::KeyReused)));
        }
    }

    #[test]
    fn only_a_final_fault_ends_the_proposal() {
        let refused = |class| Ending::refused(Fault { class });
        assert!(matches!(refused(FaultClass::Constraint), Ok(Ending::Failed { .. })));
        assert!(matches!(refused(FaultClass::Transient), Err(Obstacle::Fault(_))));
    }
}
