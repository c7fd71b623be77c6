//! What an apply answers: the outcome, the sealed receipt, and the list of conditions that were looked at.

use serde::Serialize;
use synapsor_protocol::{Code, Outcome, ProposalId, Receipt, SourceChanged};

/// What an apply, or a dry run of one, came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApplyReport {
    /// The proposal.
    pub proposal_id: ProposalId,
    /// How it ended; `None` for a dry run.
    pub outcome: Option<Outcome>,
    /// Whether this was a dry run: nothing was recorded and nothing changed, here or in the source.
    pub dry_run: bool,
    /// What an apply at that moment would have done; `None` for a real one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub would: Option<DryRun>,
    /// The sealed record; `None` for a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// The conditions in the order they were looked at. One that was not reached is not listed.
    pub checks: Vec<Check>,
    /// Whether the source changed in this run.
    pub source_changed: SourceChanged,
}

/// What an apply would do now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DryRun {
    /// Change the row as approved.
    Apply,
    /// Nothing: the source already holds the receipt.
    AlreadyApplied,
    /// Nothing: a guard does not hold.
    Conflict {
        /// Why not.
        code: Code,
        /// Which captured columns differ; names only.
        changed_columns: Vec<String>,
    },
}

/// One condition of the apply and whether it held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Check {
    /// Its name; one of the constants below.
    pub name: &'static str,
    /// Whether it held.
    pub held: bool,
}

impl Check {
    /// The present config still allows every patched column.
    pub const ALLOWED: &'static str = "allowed columns";
    /// Nothing acts on the change but what the config acknowledges.
    pub const EFFECTS: &'static str = "acknowledged effects";
    /// No other content used this receipt key.
    pub const IDEMPOTENCY_KEY: &'static str = "idempotency key";
    /// The row has the reviewed key, byte for byte.
    pub const KEY: &'static str = "primary key";
    /// The row belongs to the proposal's tenant, byte for byte.
    pub const TENANT: &'static str = "tenant";
    /// The version column holds the reviewed value.
    pub const VERSION: &'static str = "version";
    /// Every other captured column holds the reviewed value.
    pub const CAPTURED: &'static str = "captured columns";
    /// The statement changed exactly one row.
    pub const ONE_ROW: &'static str = "one row";
    /// The row holds the approved values afterwards.
    pub const AFTER_IMAGE: &'static str = "after image";
    /// The executor answered this request, and its answer fits.
    pub const ANSWER: &'static str = "executor's answer";

    pub(crate) fn new(name: &'static str, held: bool) -> Self {
        Self { name, held }
    }

    pub(crate) fn held(name: &'static str) -> Self {
        Self::new(name, true)
    }

    pub(crate) fn failed(name: &'static str) -> Self {
        Self::new(name, false)
    }
}
