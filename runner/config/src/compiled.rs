//! What the rest of the runner works with: a config that has been checked, in which every name resolves.
//!
//! Invariant: only [`crate::check`] builds these, so later rooms do not check again.

mod source;
mod context;
mod capability;
mod rules;
mod handler;
mod executor;
mod keeping;
mod prompt;
mod serving;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use capability::*;
pub use context::*;
pub use executor::*;
pub use handler::*;
pub use keeping::*;
pub(crate) use prompt::{NoTemplate, parts};
pub use prompt::{OVERVIEW_PROMPT, Prompt, PromptArgument, PromptPart};
pub use rules::*;
pub use serving::*;
pub use source::*;

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
