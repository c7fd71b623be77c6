//! Authority: does the config of today still allow what was approved? Pure; asked before the source is touched.
//!
//! An approval is for content, and the content names its table, columns and guard. If the reviewed capability has since
//! been removed, narrowed or pointed elsewhere, the approval no longer stands on anything.

use std::collections::BTreeSet;

use synapsor_config::{Capability, Config, ConflictGuard, Mode, ProposalRules};
use synapsor_ledger::StoredProposal;
use synapsor_protocol::proposal::ProposalMode;
use synapsor_protocol::{ChangeSet, Code, Guard, ProposalState, Refusal};

/// Why the config, or the proposal itself, says no.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denied {
    /// The runner's mode never applies.
    #[error("writeback is off in mode `{mode}`")]
    Mode {
        /// The mode.
        mode: &'static str,
    },
    /// The proposal was made for comparison only.
    #[error("a shadow proposal is never applied")]
    Shadow,
    /// The record was edited.
    #[error("the stored change set is not the one the proposal was sealed with")]
    Tampered,
    /// Nobody approved it, or it is over.
    #[error("expected state `approved`, found `{state}`")]
    State {
        /// The present state.
        state: ProposalState,
    },
    /// The present config differs in something the approval relied on.
    #[error("the config no longer allows this change: {what}")]
    NotReviewed {
        /// What differs; names only.
        what: String,
    },
    /// Somebody else's job.
    #[error("executor `{executor}` is not one this command can run")]
    Executor {
        /// The name.
        executor: String,
    },
    /// The config says so.
    #[error("source `{source_name}` is `read_only`")]
    SourceReadOnly {
        /// Its name.
        source_name: String,
    },
    /// There is nothing to write with.
    #[error("source `{source_name}` has no write credential: {why}")]
    NoCredential {
        /// Its name.
        source_name: String,
        /// The missing setting or variable, by name.
        why: String,
    },
}

impl Denied {
    /// What an outsider may be told.
    pub(crate) fn refusal(&self) -> Refusal {
        let code = match self {
            Self::Mode { mode: "shadow" } | Self::Shadow => Code::ShadowWritebackDisabled,
            Self::Mode { mode: "read_only" } => Code::ReadOnlyWritebackDisabled,
            Self::Mode { .. } | Self::NotReviewed { .. } => Code::WritebackNotReviewed,
            Self::Tampered => Code::ProposalHashMismatch,
            Self::State { .. } => Code::ProposalNotApproved,
            Self::Executor { .. } => Code::ExecutorUnsupported,
            Self::SourceReadOnly { .. } => Code::SourceReadOnly,
            Self::NoCredential { .. } => Code::WritebackDisabled,
        };
        let refusal = Refusal::new(code, self.to_string());
        match self.hint() {
            Some(hint) => refusal.hint(hint),
            None => refusal,
        }
    }

    fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Mode { .. } => "only `mode: review` applies",
            Self::State { state: ProposalState::PendingReview } => {
                "`synapsor proposals approve` records a person's yes"
            }
            Self::State { .. } => "`synapsor replay show` tells what became of it",
            Self::NotReviewed { .. } => "propose again under the config of today",
            Self::SourceReadOnly { .. } => "the source's `read_only` is what the config's author decided",
            Self::NoCredential { .. } => "name a variable with `write_url_env`, and set it where this runs",
            Self::Tampered => "the ledger file was edited or damaged; do not trust anything in it",
            Self::Shadow | Self::Executor { .. } => return None,
        })
    }
}

/// Whether this proposal may be applied under this config.
///
/// The ledger asks about state and digest again, in the transaction that records the intent; here they only give the
/// plainer answer first.
pub(crate) fn check(config: &Config, stored: &StoredProposal) -> Result<(), Denied> {
    check_mode(config.mode, stored.proposal.mode)?;
    if !stored.intact {
        return Err(Denied::Tampered);
    }
    match stored.state {
        // What has been applied stays applied, whatever the config says today.
        ProposalState::Applied => return Ok(()),
        ProposalState::Approved | ProposalState::PendingWorker | ProposalState::ReconciliationRequired => {}
        state => return Err(Denied::State { state }),
    }
    check_reviewed(config, &stored.proposal.change_set)
}

fn check_mode(mode: Mode, proposal: ProposalMode) -> Result<(), Denied> {
    match mode {
        Mode::ReadOnly => return Err(Denied::Mode { mode: "read_only" }),
        Mode::Shadow => return Err(Denied::Mode { mode: "shadow" }),
        Mode::Cloud => return Err(Denied::Mode { mode: "cloud" }),
        Mode::Review => {}
    }
    if proposal == ProposalMode::Shadow { Err(Denied::Shadow) } else { Ok(()) }
}

fn check_reviewed(config: &Config, change: &ChangeSet) -> Result<(), Denied> {
    let not_reviewed = |what: String| Err(Denied::NotReviewed { what });
    let Some(capability) = config.capabilities.iter().find(|found| found.name == change.capability) else {
        return not_reviewed(format!("capability `{}` is gone", change.capability));
    };
    let Some(rules) = &capability.proposal else {
        return not_reviewed(format!("capability `{}` only reads now", capability.name));
    };
    if let Some(executor) = change.app_executor().filter(|name| !config.executors.contains_key(*name)) {
        return Err(Denied::Executor { executor: executor.to_owned() });
    }
    if rules.executor != change.executor {
        return not_reviewed(format!("its executor is `{}` now", rules.executor));
    }
    if let Some(what) = target_difference(capability, change) {
        return not_reviewed(format!("{what} differs"));
    }
    if let Some(column) = column_no_longer_allowed(capability, rules, change) {
        return not_reviewed(format!("column `{column}` may not be changed"));
    }
    if !same_guard(&rules.guard, &change.guard) {
        return not_reviewed("its conflict guard differs".into());
    }
    // An executor has rights of its own, which the source's `read_only` says nothing about.
    if capability.source.read_only && change.app_executor().is_none() {
        return Err(Denied::SourceReadOnly { source_name: capability.source.name.clone() });
    }
    Ok(())
}

fn target_difference(capability: &Capability, change: &ChangeSet) -> Option<&'static str> {
    let (now, then) = (&capability.target, &change.target);
    let parts = [
        ("the source", capability.source.name == then.source && capability.source.engine == then.engine),
        ("the schema", now.schema == then.schema),
        ("the table", now.table == then.table),
        ("the primary key column", now.primary_key == then.key_column),
        ("the tenant column", now.tenant_key == then.tenant_column),
    ];
    parts.into_iter().find(|(_, same)| !same).map(|(part, _)| part)
}

/// A patched column outside the present list; and never the key, the tenant or the version, whatever a list says.
fn column_no_longer_allowed<'a>(
    capability: &Capability,
    rules: &ProposalRules,
    change: &'a ChangeSet,
) -> Option<&'a str> {
    let mut fixed = BTreeSet::from([capability.target.primary_key.as_str()]);
    fixed.extend(capability.target.tenant_key.as_deref());
    if let ConflictGuard::Column { column, .. } = &rules.guard {
        fixed.insert(column);
    }
    let then: BTreeSet<&str> = change.allowed_columns.iter().map(String::as_str).collect();
    let allowed = |column: &str| {
        rules.allowed_columns.contains(column) && then.contains(column) && !fixed.contains(column)
    };
    change.patch.keys().map(String::as_str).find(|column| !allowed(column))
}

fn same_guard(now: &ConflictGuard, then: &Guard) -> bool {
    match (now, then) {
        (ConflictGuard::WeakAck, Guard::Row) => true,
        (
            ConflictGuard::Column { column, advance },
            Guard::Version { column: then_column, advance: then_advance, .. },
        ) => column == then_column && advance == then_advance,
        _ => false,
    }
}
