//! What a proposal may change, and what still has to be true when it is applied.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use synapsor_protocol::{Advance, Digest, Value};

use super::HandlerGrant;

/// What a proposal capability may do.
#[derive(Debug, Clone, Serialize)]
pub struct ProposalRules {
    /// What computes the patch.
    pub logic: Logic,
    /// The columns it may change.
    pub allowed_columns: BTreeSet<String>,
    /// Bounds by patch column.
    pub numeric_bounds: BTreeMap<String, Bounds>,
    /// Allowed state changes by patch column.
    pub transition_guards: BTreeMap<String, Transition>,
    /// What guards the change.
    pub guard: ConflictGuard,
    /// What else happens in the source when this change is made, as somebody has read and accepted it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub target_acknowledgements: Vec<Acknowledgement>,
    /// `sql_update` or a name in [`Config::executors`](super::Config::executors).
    pub executor: String,
    /// Shown to the reviewer.
    pub required_role: Option<String>,
}

/// Something of the source that acts when a row of the target changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// A trigger.
    Trigger,
    /// A rewrite rule (Postgres).
    Rule,
    /// Row-level security of the table (Postgres).
    RowSecurity,
    /// A foreign key of another table that follows a changed column.
    Cascade,
}

impl EffectKind {
    /// Its name in a config.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Rule => "rule",
            Self::RowSecurity => "row_security",
            Self::Cascade => "cascade",
        }
    }
}

/// One such thing, acknowledged by name and definition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Acknowledgement {
    /// What it is.
    pub kind: EffectKind,
    /// Its name, as a refusal and `synapsor writeback doctor` print it.
    pub name: String,
    /// Digest of its definition.
    pub digest: Digest,
}

impl ProposalRules {
    /// Every column an apply may write: the allowed ones, and the version where the apply is who moves it.
    pub fn written_columns(&self) -> BTreeSet<&str> {
        let mut columns: BTreeSet<&str> = self.allowed_columns.iter().map(String::as_str).collect();
        if let ConflictGuard::Column { column, advance: Advance::Increment | Advance::Now } = &self.guard {
            columns.insert(column);
        }
        columns
    }

    /// The columns a declarative patch sets; for a handler every allowed column, since it may set any of them.
    pub fn patched_columns(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match &self.logic {
            Logic::Patch(bindings) => Box::new(bindings.keys().map(String::as_str)),
            Logic::Handler(_) => Box::new(self.allowed_columns.iter().map(String::as_str)),
        }
    }
}

/// What turns a row and arguments into a patch.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Logic {
    /// Columns bound to fixed values or arguments.
    Patch(BTreeMap<String, Binding>),
    /// A handler.
    Handler(HandlerGrant),
}

/// Where one patch column's value comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// Always this scalar.
    Fixed(Value),
    /// The argument of that name; absent optional arguments give null.
    FromArg(String),
}

/// Bounds of a number; exact decimal text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bounds {
    /// Smallest.
    pub minimum: Option<String>,
    /// Largest.
    pub maximum: Option<String>,
}

/// Allowed state changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transition {
    /// The column that holds the present state; the patched column itself unless named.
    pub from_column: String,
    /// Present state to allowed next states.
    pub allowed: BTreeMap<String, BTreeSet<String>>,
}

/// What guards a change against a row that moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictGuard {
    /// A version column, and every captured column.
    Column {
        /// The column.
        column: String,
        /// Whether apply moves it.
        advance: Advance,
    },
    /// Every captured column alone.
    WeakAck,
}
