//! What the rest of the runner works with: a config that has been checked, in which every name resolves.
//!
//! Invariant: only [`crate::check`] builds these, so later rooms do not check again.

mod keeping;
mod prompt;
mod serving;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use synapsor_protocol::{Advance, Digest, Engine, Value};

pub use keeping::*;
pub(crate) use prompt::{NoTemplate, parts};
pub use prompt::{OVERVIEW_PROMPT, Prompt, PromptArgument, PromptPart};
pub use serving::*;

/// What the runner may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Only read capabilities are served.
    ReadOnly,
    /// Proposals are recorded and never applied.
    Shadow,
    /// The full loop.
    Review,
    /// Tools come from a hosted service.
    Cloud,
}

/// Which envelope a tool result has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultFormat {
    /// The published first form.
    V1,
    /// The published second form.
    V2,
}

/// Where the ledger is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// In this file, as written in the config (relative to it).
    File(PathBuf),
    /// In the PostgreSQL database whose URL this environment variable holds.
    Server {
        /// The variable.
        postgres_url_env: String,
    },
}

/// A checked `synapsor.runner.json`.
#[derive(Debug, Clone)]
pub struct Config {
    /// What the runner may do.
    pub mode: Mode,
    /// Which envelope a tool result has.
    pub result_format: ResultFormat,
    /// Where the ledger is kept, where the config says so.
    pub storage: Option<Storage>,
    /// How the ledger is kept while a server serves.
    pub keeping: Keeping,
    /// Sources by name.
    pub sources: BTreeMap<String, Arc<Source>>,
    /// Contexts by name; the top-level `trusted_context` is in here as [`DEFAULT_CONTEXT`].
    pub contexts: BTreeMap<String, Arc<Context>>,
    /// Whose signature on a handler counts.
    pub handler_trust: HandlerTrust,
    /// Where handlers run.
    pub handler_isolation: HandlerIsolation,
    /// Whether compiled handlers are kept for the next start.
    pub handler_cache: bool,
    /// Executors by name, without the built-in `sql_update`.
    pub executors: BTreeMap<String, Executor>,
    /// Capabilities in config order.
    pub capabilities: Vec<Arc<Capability>>,
    /// What people pick in their clients, besides what is built in.
    pub prompts: Vec<Prompt>,
    /// Whose signed tokens open the door over HTTP, where any do.
    pub authentication: Option<Authentication>,
    /// How often may be called.
    pub rate_limits: RateLimits,
    /// The hosted service, with [`Mode::Cloud`].
    pub cloud: Option<Cloud>,
}

impl Config {
    /// The capability of that name.
    pub fn capability(&self, name: &str) -> Option<&Arc<Capability>> {
        self.capabilities.iter().find(|capability| capability.name == name)
    }
}

/// Whose signature on a handler counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct HandlerTrust {
    /// The keys.
    pub keys: Vec<TrustedKey>,
    /// A bundle that none of them has signed is not loaded.
    pub require_signature: bool,
}

/// Where handlers run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandlerIsolation {
    /// In a process of their own, which has no credential, file or network to reach.
    Process,
    /// On threads of the runner.
    #[default]
    InProcess,
}

/// A key whose signatures count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrustedKey {
    /// Whose it is.
    pub name: String,
    /// `ed25519:` and the public key in base64.
    pub public_key: String,
}

/// The hosted service a runner belongs to. Holds names of environment variables, never URLs or tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cloud {
    /// Holds the service's URL.
    pub base_url_env: String,
    /// Holds the runner's token.
    pub runner_token_env: String,
    /// Which adapter this runner is.
    pub adapter_id: String,
    /// Which runner this is.
    pub runner_id: Option<String>,
    /// Which project.
    pub project_id: Option<String>,
    /// Which source of the project.
    pub source_id: Option<String>,
    /// What the service is told this runner's version is.
    pub runner_version: Option<String>,
    /// Engines the service is told of.
    pub engines: Vec<String>,
    /// Capabilities the service is told of.
    pub capabilities: Vec<String>,
    /// For whom: sent with every list and every call, and never taken from a model.
    pub session: serde_json::Map<String, serde_json::Value>,
    /// Time limit of one request, in milliseconds.
    pub timeout_ms: u64,
    /// Whether the URL may lead into a private network.
    pub private_addresses: bool,
}

/// The name under which the top-level `trusted_context` is found in [`Config::contexts`].
pub const DEFAULT_CONTEXT: &str = "trusted_context";

/// A database of record. Holds names of environment variables, never URLs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Its engine.
    pub engine: Engine,
    /// Where it is.
    pub location: Location,
    /// Time limit of one statement, in milliseconds.
    pub statement_timeout_ms: u64,
    /// The runner never writes here.
    pub read_only: bool,
    /// Who makes the receipts table.
    pub receipts: ReceiptsMode,
}

/// Who makes the table `synapsor_writeback_receipts` in a source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptsMode {
    /// The first apply, where the table is not there and the writing credential may make it.
    #[default]
    Auto,
    /// An administrator, before the first apply; the runner never makes it.
    Precreated,
}

/// Where a source is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Location {
    /// A server, by environment variable names.
    Server {
        /// Holds the URL of the reading credential.
        read_url_env: String,
        /// Holds the URL of the writing credential; without it nothing is applied here.
        write_url_env: Option<String>,
    },
    /// A SQLite file; relative paths are relative to the config file.
    File {
        /// The path.
        path: PathBuf,
    },
}

/// Where tenant and principal come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "provider")]
pub enum Context {
    /// Two environment variables.
    Environment {
        /// Holds the tenant.
        tenant_id_env: String,
        /// Holds the principal.
        principal_env: String,
    },
    /// Literals for development; the environment wins where it is named and set.
    StaticDev {
        /// The tenant.
        tenant_id: Option<String>,
        /// The principal.
        principal: Option<String>,
        /// Holds the tenant, when set.
        tenant_id_env: Option<String>,
        /// Holds the principal, when set.
        principal_env: Option<String>,
    },
    /// Verified claims of the request's token.
    HttpClaims {
        /// Claim that is the tenant.
        tenant_id_key: String,
        /// Claim that is the principal.
        principal_key: String,
    },
    /// A hosted session.
    CloudSession,
}

/// An app-owned executor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Executor {
    /// An HTTP endpoint of the application.
    HttpHandler {
        /// Holds the URL.
        url_env: String,
        /// POST, PUT or PATCH.
        method: String,
        /// Holds the bearer token.
        token_env: Option<String>,
        /// With what requests are signed: the present secret, and the one that will replace it.
        signing: Vec<SigningSecret>,
        /// Whether the URL may lead into a private network, and then be `http://`.
        private_addresses: bool,
        /// Time limit in milliseconds.
        timeout_ms: u64,
    },
    /// A command of the application.
    CommandHandler {
        /// Holds the command line.
        command_env: String,
        /// Variables the command is given, besides `PATH`.
        environment: Vec<String>,
        /// Time limit in milliseconds.
        timeout_ms: u64,
    },
}

/// A secret that requests to an executor are signed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SigningSecret {
    /// What the application knows it as.
    pub key_id: String,
    /// Holds it.
    pub secret_env: String,
}

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
    /// Name of the context in [`Config::contexts`].
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
    /// `sql_update` or a name in [`Config::executors`].
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

/// A handler and what it is granted.
#[derive(Debug, Clone, Serialize)]
pub struct HandlerGrant {
    /// Bundle folder, relative to the config file.
    pub bundle: PathBuf,
    /// Digest of the component file.
    pub digest: Digest,
    /// Non-secret settings handed to every call.
    pub settings: BTreeMap<String, Value>,
    /// Whether it may link WASI, and with what behind it. Not in the digest of a capability that does not grant it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wasi: Option<WasiGrant>,
    /// Limits the config sets; absent ones are the host's defaults.
    pub limits: HandlerLimits,
    /// Declared reads by name.
    pub reads: BTreeMap<String, DeclaredRead>,
}

/// A WASI a handler may link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WasiGrant {
    /// WASI 0.2 that gives nothing: no folder, environment, argument, socket or input; the clock stands still at the
    /// call's `now`, and randomness is a function of the call.
    DenyAll,
}

/// Limits of one handler call. All optional: the host's defaults fill in and its maxima cap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct HandlerLimits {
    /// Fuel.
    pub fuel: Option<u64>,
    /// Linear memory in bytes, summed.
    pub memory_bytes: Option<u64>,
    /// Wall clock in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Declared reads per call.
    pub reads_max: Option<u32>,
    /// Bytes of the answer.
    pub output_bytes: Option<u64>,
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
