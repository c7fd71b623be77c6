//! One capability: its table, its arguments, what it reads.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use synapsor_protocol::Digest;

use super::{ConflictGuard, Context, Logic, ProposalRules, ShadowGrant, Source};

/// One reviewed, named thing a model may ask for.
#[derive(Debug, Clone)]
pub struct Capability {
    /// `domain.verb_object`.
    pub name: String,
    /// For the model; generated where the config has none.
    pub description: String,
    /// What the result is good for, for the model.
    pub returns_hint: Option<String>,
    /// Where the row is.
    pub source: Arc<Source>,
    /// Name of the context in [`Config::contexts`](super::Config::contexts).
    pub context_name: String,
    /// Where tenant and principal come from.
    pub context: Arc<Context>,
    /// Which table.
    pub target: TableTarget,
    /// Arguments in config order.
    pub args: Vec<Argument>,
    /// The argument that carries the primary key.
    pub lookup_arg: String,
    /// Columns a read returns and a proposal captures.
    pub visible_columns: Vec<String>,
    /// Those of them whose values the ledger does not keep, and no handler is given.
    pub redact: Vec<String>,
    /// Scopes that a signed token needs for it, besides those of every capability.
    pub scopes: Vec<String>,
    /// What a proposal may do; `None` for a read.
    pub proposal: Option<ProposalRules>,
    /// Digest of what was reviewed: everything above as written, with a handler's pinned component, grants and settings,
    /// without what is tuned in operation (the source's time limit) and without generated descriptions.
    pub digest: Digest,
}

impl Capability {
    /// `read` or `proposal`.
    pub fn kind(&self) -> &'static str {
        if self.proposal.is_some() { "proposal" } else { "read" }
    }

    /// The capability with the candidate of its handler in the handler's place, where the config names one.
    pub fn with_candidate(&self) -> Option<Self> {
        let mut tried = self.clone();
        let Logic::Handler(grant) = &mut tried.proposal.as_mut()?.logic else { return None };
        let ShadowGrant { bundle, digest } = grant.shadow.take()?;
        (grant.bundle, grant.digest) = (bundle, digest);
        Some(tried)
    }

    /// The columns a handler is given: what it computes is on record, and must be computable from the record.
    pub fn handler_columns(&self) -> Vec<String> {
        let mut columns = self.visible_columns.clone();
        columns.retain(|column| !self.redact.contains(column));
        columns.push(self.target.primary_key.clone());
        columns
    }

    /// Every column the runner reads for a call: visible, key, tenant and guard, each once, in name order.
    pub fn captured_columns(&self) -> BTreeSet<&str> {
        let mut columns: BTreeSet<&str> = self.visible_columns.iter().map(String::as_str).collect();
        columns.insert(&self.target.primary_key);
        columns.extend(self.target.tenant_key.as_deref());
        if let Some(rules) = &self.proposal {
            columns.extend(rules.patched_columns());
            if let ConflictGuard::Column { column, .. } = &rules.guard {
                columns.insert(column);
            }
        }
        columns
    }
}

/// A table and the columns that scope it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableTarget {
    /// Schema (Postgres), database (MySQL), or `main` (SQLite).
    pub schema: String,
    /// Table.
    pub table: String,
    /// Primary key column.
    pub primary_key: String,
    /// Tenant column; `None` only for `single_tenant_dev`.
    pub tenant_key: Option<String>,
}

/// One argument of a capability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: ArgumentType,
    /// For the model.
    pub description: Option<String>,
    /// Whether it must be given.
    pub required: bool,
    /// Longest text, in Unicode scalar values.
    pub max_length: Option<u64>,
    /// Smallest number, exact decimal text.
    pub minimum: Option<String>,
    /// Largest number, exact decimal text.
    pub maximum: Option<String>,
    /// The only values allowed, in the plain form of [`Value::to_plain`]: an integer as a number, a decimal as a
    /// string, never a float.
    pub allowed: Option<Vec<serde_json::Value>>,
}

/// JSON type of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArgumentType {
    /// Text.
    String,
    /// An integer or a decimal; a string of plain decimal digits is accepted too, so that big numbers stay exact.
    Number,
    /// True or false.
    Boolean,
}

/// A named, scoped read a handler may ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeclaredRead {
    /// Which table, in the capability's own source.
    pub target: TableTarget,
    /// Columns handed over.
    pub columns: Vec<String>,
    /// Columns that may be filtered by equality in `find`; empty means `get` only.
    pub filters: BTreeSet<String>,
    /// Most rows of one `find`.
    pub rows_max: u32,
}
