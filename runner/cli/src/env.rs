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
/// Where a worker gets its jobs.
pub(crate) const CONTROL_PLANE_URL: &str = "SYNAPSOR_CONTROL_PLANE_URL";
/// The token it shows there.
pub(crate) const RUNNER_TOKEN: &str = "SYNAPSOR_RUNNER_TOKEN";
/// The source it drains, as the config names it.
pub(crate) const SOURCE_ID: &str = "SYNAPSOR_SOURCE_ID";
/// How long it waits where nothing is to be done.
pub(crate) const POLL_INTERVAL_MS: &str = "SYNAPSOR_POLL_INTERVAL_MS";
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
/// Who decides, when `--actor` is not given.
pub(crate) const USER: &str = "USER";
/// Where programs are found; an executor's command has it too.
pub(crate) const PATH: &str = "PATH";

/// Variables about one thing, each with what it is for.
type Section = (&'static str, &'static [(&'static str, &'static str)]);

/// Every variable. What other rooms read is named here too: the words are the same string, and a test looks for strays.
const SECTIONS: &[Section] = &[
    (
        "Where things are",
        &[
            (CONFIG, "the config, when --config is not given"),
            (STORE, "the ledger, when --store is not given"),
            (RUNNER_ID, "this runner's name in receipts"),
            (CONTROL_PLANE_URL, "where `runner start` gets its jobs"),
            (
                SOURCE_ID,
                "the source it drains, as the config names it; in cloud mode the service's id of it, when the config gives none",
            ),
            (POLL_INTERVAL_MS, "how long it waits where nothing is to be done"),
        ],
    ),
    (
        "Who is asking",
        &[
            ("SYNAPSOR_TENANT_ID", "the tenant, where an `environment` context names no variable of its own"),
            ("SYNAPSOR_PRINCIPAL", "the principal, likewise"),
            (USER, "who decides, when --actor is not given"),
        ],
    ),
    (
        "Credentials",
        &[
            (DATABASE_READ_URL, "what `inspect` and `init` look at, when they are told of no other"),
            (DATABASE_URL, "where `apply --job` writes, when the source's own variable is not set"),
            (ENGINE, "the engine of SYNAPSOR_DATABASE_URL: postgres (as when it is not set) or mysql"),
            (RUNNER_TOKEN, "the token a worker shows its control plane"),
            (HTTP_TOKEN, "the bearer token of clients over HTTP, when --auth-token-env is not given"),
            (METRICS_TOKEN, "the bearer token of /metrics, when --metrics-token-env is not given"),
            (AUDIT_BEARER, "the bearer token for `audit --url`, when --bearer-env is not given"),
        ],
    ),
    (
        "What is said",
        &[
            (LOG_LEVEL, "what is logged on standard error: error, warn, info, debug or trace"),
            ("NO_COLOR", "set to anything: no colour"),
            ("OTEL_EXPORTER_OTLP_*", "where servers send traces and metrics; nowhere, when none is set"),
            ("OTEL_SERVICE_NAME", "what they are called there"),
            ("OTEL_RESOURCE_ATTRIBUTES", "what else is said of them there"),
            (OTEL_DISABLED, "`true`: nothing is sent, whatever else is set"),
        ],
    ),
    (
        "Building handlers",
        &[
            (
                "SYNAPSOR_WASM_CARGO",
                "the cargo command that builds Rust handlers, where it is not plain `cargo`",
            ),
            ("SYNAPSOR_PYTHON", "the Python command that builds Python handlers, where it is not `python3`"),
            ("SYNAPSOR_CLANG", "the clang command that builds C handlers, where it is not `clang-19`"),
            ("SYNAPSOR_GO", "the Go command that builds Go handlers, where it is not `go`"),
            ("RUSTC", "the Rust compiler that is asked for its targets, where it is not plain `rustc`"),
            (
                "RUSTFLAGS",
                "flags of Rust handlers, in place of those that keep this machine's paths out of them",
            ),
            ("CARGO_HOME", "the folder whose path is kept out, where it is not `~/.cargo`"),
        ],
    ),
    (
        "What other programs know too",
        &[
            (PATH, "where toolchains, an executor's command and an audited server are found"),
            ("HOME", "where clients keep their settings"),
            ("XDG_CONFIG_HOME", "where Claude Desktop keeps them, in place of `~/.config`"),
            ("CODEX_HOME", "where Codex keeps them, in place of `~/.codex`"),
            ("TERM", "what the terminal can do; `dumb`: no colour"),
            ("TMPDIR", "where a demo without `--folder` is played, in place of `/tmp`"),
            ("PG*", "what the URL of a PostgreSQL database leaves out, as for `psql`"),
            (
                "SSL_CERT_FILE",
                "certificates that are trusted over HTTPS, in place of the system's; SSL_CERT_DIR likewise",
            ),
            (
                "HTTPS_PROXY",
                "the proxy to issuers of tokens and collectors of traces; HTTP_PROXY and NO_PROXY likewise",
            ),
        ],
    ),
];

/// The variables and what they are for, for the help.
pub(crate) fn table() -> String {
    let all = SECTIONS.iter().flat_map(|(_, variables)| *variables);
    all.map(|(name, purpose)| format!("  {name:<26}  {purpose}")).collect::<Vec<_>>().join("\n")
}

/// The environment the process started with. Variables that are not valid Unicode are left out.
#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
pub(crate) fn read() -> Environment {
    Environment::new(
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    )
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::path::Path;

    use expect_test::expect_file;

    use super::*;

    const OPENING: &str = "\
# Environment variables

Every variable the binary knows by name. Which ones hold the URLs of sources, the tenant and the principal, a config says itself
(`read_url_env`, `write_url_env`, `tenant_id_env`, `principal_env` and the like; `synapsor init` writes `SYNAPSOR_DATABASE_WRITE_URL` where
it is told no other name); those are the only others that are read, but for the standard ones of OpenTelemetry
([telemetry](../guides/telemetry.md)). A flag wins over a variable. This page is generated from `runner/cli/src/env.rs`.
";

    #[test]
    fn the_committed_page_of_variables_is_the_generated_one() {
        let mut page = OPENING.to_owned();
        for (section, variables) in SECTIONS {
            let _ = write!(page, "\n## {section}\n\n| Variable | For |\n| --- | --- |\n");
            for (name, purpose) in *variables {
                let _ = writeln!(page, "| `{name}` | {purpose} |");
            }
        }
        expect_file!["../../../docs/reference/environment.md"].assert_eq(&page);
    }

    /// What `init` writes into a config, where nothing else is said: known by that config and by nothing else.
    const WRITTEN_INTO_CONFIGS: [&str; 2] = ["SYNAPSOR_DATABASE_WRITE_URL", "SYNAPSOR_CLOUD_BASE_URL"];

    /// Names of ours in the text of a program.
    fn named(text: &str) -> impl Iterator<Item = &str> {
        let quoted = text.split('"').skip(1).step_by(2);
        quoted.filter(|word| {
            word.starts_with("SYNAPSOR_") && word.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        })
    }

    fn look_for_strays(folder: &Path, strays: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            // Of what simulates worlds nothing ships.
            if path.is_dir() && !path.ends_with("simulation") && !path.ends_with("tests") {
                look_for_strays(&path, strays);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file is text");
                let text = text.split("\n#[cfg(test)]").next().unwrap_or_default();
                let known = |name: &str| {
                    let listed = |(_, all): &Section| all.iter().any(|(known, _)| *known == name);
                    WRITTEN_INTO_CONFIGS.contains(&name) || SECTIONS.iter().any(listed)
                };
                strays.extend(
                    named(text)
                        .chain(asked_for(text))
                        .filter(|name| !known(name))
                        .map(|name| format!("{}: {name}", path.display())),
                );
            }
        }
    }

    /// Names that a room asks its environment for.
    fn asked_for(text: &str) -> impl Iterator<Item = &str> {
        let asked = text.split("environment").skip(1).filter_map(|rest| {
            let rest = rest.trim_start_matches("()").strip_prefix(".get(\"")?;
            rest.split('"').next()
        });
        asked.filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    }

    #[test]
    fn no_room_knows_a_variable_that_is_not_in_the_table() {
        let mut strays = Vec::new();
        for room in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).expect("the rooms") {
            let source = room.expect("a room").path().join("src");
            if source.is_dir() {
                look_for_strays(&source, &mut strays);
            }
        }
        assert_eq!(strays, Vec::<String>::new());
    }
}
