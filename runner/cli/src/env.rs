//! Every environment variable the binary knows by name, in one place; the only code that reads the environment.

use synapsor_protocol::Environment;

/// Path of the config file.
pub(crate) const CONFIG: &str = "SYNAPSOR_MCP_CONFIG";
/// The ledger, as `--store` takes it.
pub(crate) const STORE: &str = "SYNAPSOR_LOCAL_STORE";
/// What is logged on standard error: error, warn, info, debug or trace.
pub(crate) const LOG_LEVEL: &str = "SYNAPSOR_LOG_LEVEL";
/// Name of this runner in receipts.
pub(crate) const RUNNER_ID: &str = "SYNAPSOR_RUNNER_ID";
/// URL of the write credential of a job's source, where the config's `write_url_env` gives none.
pub(crate) const DATABASE_URL: &str = "SYNAPSOR_DATABASE_URL";
/// The engine that URL is for: postgres or mysql.
pub(crate) const ENGINE: &str = "SYNAPSOR_ENGINE";
/// URL of the database to look at, where `inspect` is told of no other.
pub(crate) const DATABASE_READ_URL: &str = "SYNAPSOR_DATABASE_READ_URL";
/// The bearer token for a server that is audited, where `--bearer-env` names no other variable.
pub(crate) const AUDIT_BEARER: &str = "SYNAPSOR_MCP_AUDIT_BEARER";
/// The bearer token of clients over HTTP, where `--auth-token-env` names no other variable.
pub(crate) const HTTP_TOKEN: &str = "SYNAPSOR_RUNNER_HTTP_TOKEN";
/// The bearer token of the page of metrics, where `--metrics-token-env` names no other variable.
pub(crate) const METRICS_TOKEN: &str = "SYNAPSOR_METRICS_TOKEN";
/// Where traces and metrics are sent, and the other standard variables of it; OpenTelemetry's library reads more of them.
pub(crate) const OTEL_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// What is spoken there.
pub(crate) const OTEL_PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
/// `true`: nothing is sent, whatever else is set.
pub(crate) const OTEL_DISABLED: &str = "OTEL_SDK_DISABLED";
/// The cargo that builds Rust handlers, as a command with its first words; `synapsor-bundle` reads it.
const WASM_CARGO: &str = "SYNAPSOR_WASM_CARGO";
/// The Python that makes the environment a Python handler is built in; `synapsor-bundle` reads it.
const PYTHON: &str = "SYNAPSOR_PYTHON";
/// The clang that builds C handlers; `synapsor-bundle` reads it.
const CLANG: &str = "SYNAPSOR_CLANG";
/// The Go that builds Go handlers; `synapsor-bundle` reads it.
const GO: &str = "SYNAPSOR_GO";
/// Who decides, when `--actor` is not given.
pub(crate) const USER: &str = "USER";
/// Where programs are found; an executor's command has it too.
pub(crate) const PATH: &str = "PATH";
/// No colour (<https://no-color.org>); `anstream` reads it.
const NO_COLOR: &str = "NO_COLOR";

/// The variables and what they are for, for the help.
pub(crate) fn table() -> String {
    let lines = [
        (CONFIG, "the config, when --config is not given"),
        (STORE, "the ledger, when --store is not given"),
        (LOG_LEVEL, "what is logged on standard error: error, warn, info, debug or trace"),
        (RUNNER_ID, "this runner's name in receipts"),
        (DATABASE_URL, "where `apply --job` writes, when the source's own variable is not set"),
        (ENGINE, "the engine of SYNAPSOR_DATABASE_URL: postgres (as when it is not set) or mysql"),
        (DATABASE_READ_URL, "what `inspect` looks at, when it is told of no other"),
        (AUDIT_BEARER, "the bearer token for `audit --url`, when --bearer-env is not given"),
        (HTTP_TOKEN, "the bearer token of clients over HTTP, when --auth-token-env is not given"),
        (METRICS_TOKEN, "the bearer token of /metrics, when --metrics-token-env is not given"),
        ("OTEL_EXPORTER_OTLP_*", "where servers send traces and metrics; nowhere, when none is set"),
        (WASM_CARGO, "the cargo command that builds Rust handlers, where it is not plain `cargo`"),
        (PYTHON, "the Python command that builds Python handlers, where it is not `python3`"),
        (CLANG, "the clang command that builds C handlers, where it is not `clang-19`"),
        (GO, "the Go command that builds Go handlers, where it is not `go`"),
        (USER, "who decides, when --actor is not given"),
        (NO_COLOR, "set to anything: no colour"),
    ];
    lines.map(|(name, purpose)| format!("  {name:<26}  {purpose}")).join("\n")
}

/// The environment the process started with. Variables that are not valid Unicode are left out.
#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
pub(crate) fn read() -> Environment {
    Environment::new(
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    )
}
