//! The config as it is written: every key, its type, and nothing yet about how keys fit together.
//!
//! The JSON Schema and the list of known keys are generated from these types, so a key exists exactly when it has a
//! field here. Reading never fails after [`crate::check`] found no error, whatever `strict` says.

mod capability;
mod exact;
mod keeping;
mod prompt;
mod serving;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use synapsor_protocol::Engine;

use crate::compiled::{HandlerIsolation, Mode, ReceiptsMode};
use crate::form::{IDENTIFIER_BYTES_MAX, IDENTIFIER_PATTERN, LABEL_PATTERN, PUBLIC_KEY_PATTERN};

pub(crate) use capability::*;
pub(crate) use exact::{EnvName, ExactNumber, Identifier};
pub(crate) use keeping::*;
pub(crate) use prompt::*;
pub(crate) use serving::*;

/// What a model may ask this runner for, and how it is kept safe. Names of environment variables only; never a URL,
/// a password or SQL.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, title = "synapsor.runner.json")]
pub(crate) struct RawConfig {
    /// Where this schema is, for editors.
    #[serde(rename = "$schema")]
    #[expect(dead_code, reason = "for editors only")]
    schema: Option<String>,
    /// Version of the format.
    #[schemars(extend("const" = 1))]
    #[expect(dead_code, reason = "there is one version")]
    version: u64,
    /// What the runner may do.
    pub(crate) mode: Mode,
    /// Whether unknown keys are refused. Default: true.
    #[expect(dead_code, reason = "only the check for unknown keys asks")]
    strict: Option<bool>,
    /// Which envelope a tool result has. Default: 1.
    #[schemars(extend("enum" = [1, 2]))]
    pub(crate) result_format: Option<u64>,
    /// Where the ledger is.
    pub(crate) storage: Option<RawStorage>,
    /// How the ledger is kept: what goes by itself, and what is signed.
    pub(crate) ledger: Option<RawLedger>,
    /// Databases of record, by name.
    #[serde(default)]
    #[schemars(extend("propertyNames" = {"pattern": IDENTIFIER_PATTERN, "maxLength": IDENTIFIER_BYTES_MAX}))]
    pub(crate) sources: BTreeMap<String, RawSource>,
    /// The context of capabilities that name none.
    pub(crate) trusted_context: Option<RawContext>,
    /// Contexts, by name.
    #[serde(default)]
    #[schemars(extend("propertyNames" = {"pattern": LABEL_PATTERN}))]
    pub(crate) contexts: BTreeMap<String, RawContext>,
    /// What holds for every handler.
    pub(crate) handlers: Option<RawHandlers>,
    /// Executors of the application, by name. `sql_update` is built in.
    #[serde(default)]
    #[schemars(extend("propertyNames" = {"pattern": LABEL_PATTERN}))]
    pub(crate) executors: BTreeMap<String, RawExecutor>,
    /// What a model may ask for, in the order tools are listed.
    #[serde(default)]
    pub(crate) capabilities: Vec<RawCapability>,
    /// What a person picks in their client to have something asked for, besides what is built in.
    #[serde(default)]
    pub(crate) prompts: Vec<RawPrompt>,
    /// Whose signed tokens open the door over HTTP.
    pub(crate) authentication: Option<RawAuthentication>,
    /// How often may be called.
    pub(crate) rate_limits: Option<RawRateLimits>,
    /// The hosted service; only with `mode: cloud`.
    pub(crate) cloud: Option<RawCloud>,
}

/// Where the ledger is.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Storage")]
pub(crate) struct RawStorage {
    /// The ledger file, relative to the config.
    #[schemars(length(min = 1))]
    pub(crate) sqlite_path: Option<String>,
    /// Instead of a file, the variable that holds the URL of a PostgreSQL database.
    pub(crate) postgres_url_env: Option<EnvName>,
}

/// A database of record.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Source")]
pub(crate) struct RawSource {
    /// Which database it is.
    #[schemars(with = "String", extend("enum" = ["sqlite", "postgres", "mysql"]))]
    pub(crate) engine: Engine,
    /// Variable that holds the URL of the reading credential; not for `sqlite`.
    pub(crate) read_url_env: Option<EnvName>,
    /// Variable that holds the URL of the writing credential; without it nothing is applied here.
    pub(crate) write_url_env: Option<EnvName>,
    /// The file, relative to the config; only for `sqlite`.
    #[schemars(length(min = 1))]
    pub(crate) path: Option<String>,
    /// Time limit of one statement, in milliseconds. Default: 5000.
    #[schemars(range(min = 1))]
    pub(crate) statement_timeout_ms: Option<u64>,
    /// Accepted for older configs; TLS is what the URL says.
    #[schemars(with = "serde_json::Value")]
    #[expect(dead_code, reason = "accepted, without effect")]
    #[serde(default)]
    ssl: serde::de::IgnoredAny,
    /// The runner never writes here.
    pub(crate) read_only: Option<bool>,
    /// Who makes the receipts table: the first apply, or an administrator beforehand. Default: auto.
    pub(crate) receipts: Option<ReceiptsMode>,
}

/// Where tenant and principal come from; never from a model's arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Context")]
pub(crate) struct RawContext {
    /// How they are found.
    pub(crate) provider: Provider,
    /// Where exactly.
    #[serde(default)]
    pub(crate) values: RawContextValues,
}

/// How tenant and principal are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Provider {
    /// Two environment variables.
    Environment,
    /// Literals, for development.
    StaticDev,
    /// Verified claims of the request's token.
    HttpClaims,
    /// A hosted session.
    CloudSession,
}

/// Where tenant and principal are, by provider.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "ContextValues")]
pub(crate) struct RawContextValues {
    /// Variable that holds the tenant (`environment`, `static_dev`).
    pub(crate) tenant_id_env: Option<EnvName>,
    /// Variable that holds the principal (`environment`, `static_dev`).
    pub(crate) principal_env: Option<EnvName>,
    /// The tenant itself (`static_dev`).
    #[schemars(length(min = 1))]
    pub(crate) tenant_id: Option<String>,
    /// The principal itself (`static_dev`).
    #[schemars(length(min = 1))]
    pub(crate) principal: Option<String>,
    /// Claim that is the tenant, by name or as a path like `/org/id` (`http_claims`). Default: tenant_id.
    #[schemars(length(min = 1))]
    pub(crate) tenant_id_key: Option<String>,
    /// Claim that is the principal, by name or as a path (`http_claims`). Default: sub.
    #[schemars(length(min = 1))]
    pub(crate) principal_key: Option<String>,
}

/// What holds for every handler.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Handlers")]
pub(crate) struct RawHandlers {
    /// Whose signatures on handler bundles count.
    #[serde(default)]
    pub(crate) trust: Vec<RawTrustedKey>,
    /// A bundle that no trusted key has signed is not loaded. Default: false.
    pub(crate) require_signature: Option<bool>,
    /// Where handlers run. Default: in_process.
    pub(crate) isolation: Option<HandlerIsolation>,
    /// Whether compiled handlers are kept beside the ledger for the next start. Default: true.
    pub(crate) cache: Option<bool>,
}

/// A key whose signatures count.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "TrustedKey")]
pub(crate) struct RawTrustedKey {
    /// Whose it is, for messages.
    #[schemars(regex(pattern = LABEL_PATTERN))]
    pub(crate) name: String,
    /// The Ed25519 public key: `ed25519:` and 32 bytes in base64, as `synapsor handler keygen` prints it.
    #[schemars(regex(pattern = PUBLIC_KEY_PATTERN))]
    pub(crate) public_key: String,
}

/// An executor: who performs the write of an approved proposal.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Executor")]
pub(crate) struct RawExecutor {
    /// Its kind; `sql_update` is built in and needs no entry.
    #[serde(rename = "type")]
    pub(crate) kind: ExecutorType,
    /// Variable that holds the URL (`http_handler`).
    pub(crate) url_env: Option<EnvName>,
    /// HTTP method (`http_handler`). Default: POST.
    #[schemars(extend("enum" = ["POST", "PUT", "PATCH"]))]
    pub(crate) method: Option<String>,
    /// How the request is authorised (`http_handler`).
    pub(crate) auth: Option<RawExecutorAuth>,
    /// Variable that holds the signing secret, 32 bytes or more (`http_handler`).
    pub(crate) signing_secret_env: Option<EnvName>,
    /// What the application knows that secret as (`http_handler`). Default: current.
    #[schemars(regex(pattern = LABEL_PATTERN))]
    pub(crate) signing_key_id: Option<String>,
    /// Variable that holds the secret that will replace it; requests are signed with both (`http_handler`).
    pub(crate) next_signing_secret_env: Option<EnvName>,
    /// What the application knows that one as (`http_handler`). Default: next.
    #[schemars(regex(pattern = LABEL_PATTERN))]
    pub(crate) next_signing_key_id: Option<String>,
    /// Whether the URL may lead into a private network, and then be `http://` (`http_handler`). Default: false.
    pub(crate) private_addresses: Option<bool>,
    /// Variable that holds the command (`command_handler`).
    pub(crate) command_env: Option<EnvName>,
    /// Variables the command is given, besides `PATH` (`command_handler`).
    #[serde(default)]
    pub(crate) environment: Vec<EnvName>,
    /// Time limit in milliseconds. Default: 5000.
    #[schemars(range(min = 1))]
    pub(crate) timeout_ms: Option<u64>,
}

/// The kind of an executor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExecutorType {
    /// One guarded statement by the runner itself.
    SqlUpdate,
    /// An HTTP endpoint of the application.
    HttpHandler,
    /// A command of the application.
    CommandHandler,
}

/// A bearer token.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "ExecutorAuth")]
pub(crate) struct RawExecutorAuth {
    /// Always `bearer_env`.
    #[serde(rename = "type")]
    #[schemars(extend("const" = "bearer_env"))]
    #[expect(dead_code, reason = "there is one kind")]
    kind: String,
    /// Variable that holds the token.
    pub(crate) token_env: EnvName,
}

/// The hosted service.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Cloud")]
pub(crate) struct RawCloud {
    /// Variable that holds the service's URL.
    pub(crate) base_url_env: EnvName,
    /// Variable that holds the runner's token.
    pub(crate) runner_token_env: EnvName,
    /// Which adapter this runner is.
    #[schemars(length(min = 1))]
    pub(crate) adapter_id: String,
    /// Which runner this is.
    #[schemars(length(min = 1))]
    pub(crate) runner_id: Option<String>,
    /// What the service is told this runner's version is. Default: the version of the program.
    #[schemars(length(min = 1))]
    pub(crate) runner_version: Option<String>,
    /// Which project.
    #[schemars(length(min = 1))]
    pub(crate) project_id: Option<String>,
    /// Which source of the project.
    #[schemars(length(min = 1))]
    pub(crate) source_id: Option<String>,
    /// Engines the service is told of.
    #[serde(default)]
    pub(crate) engines: Vec<String>,
    /// Capabilities the service is told of.
    #[serde(default)]
    pub(crate) capabilities: Vec<String>,
    /// For whom: sent with every list and every call, and never taken from a model.
    #[serde(default)]
    pub(crate) session: serde_json::Map<String, serde_json::Value>,
    /// Time limit of one request, in milliseconds. Default: 10000.
    #[schemars(range(min = 1, max = 120_000))]
    pub(crate) timeout_ms: Option<u64>,
    /// Whether the URL may lead into a private network, and then be `http://`. Default: false.
    pub(crate) private_addresses: Option<bool>,
}
