//! Serving MCP as it was typed: over stdio or HTTP, and for HTTP where and for whom.

use clap::{Args, ValueEnum};

use super::Serve;
use super::inbound::Inbound;

#[derive(Debug, Args)]
pub(crate) struct ServeMcp {
    #[command(flatten)]
    pub(crate) serve: Serve,
    /// How clients reach the server
    #[arg(long, value_enum, default_value_t = Transport::Stdio, value_name = "HOW")]
    pub(crate) transport: Transport,
    #[command(flatten)]
    pub(crate) http: Http,
}

#[derive(Debug, Args)]
pub(crate) struct ServeHttp {
    #[command(flatten)]
    pub(crate) serve: Serve,
    #[command(flatten)]
    pub(crate) http: Http,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Transport {
    // One client, which starts the server and speaks over its pipes.
    Stdio,
    // Any number of clients at `/mcp`.
    StreamableHttp,
}

/// Where a server over HTTP is open, and for whom. Every field is optional, so that one typed in vain is noticed.
#[derive(Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "HTTP")]
pub(crate) struct Http {
    /// The address to listen on [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) host: Option<String>,
    /// The port; 0 takes a free one [default: 8766; of serve-http 8765]
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// The environment variable with the clients' bearer token; twice while a token is being changed [default: SYNAPSOR_RUNNER_HTTP_TOKEN]
    #[arg(long, value_name = "NAME")]
    pub(crate) auth_token_env: Vec<String>,
    /// Let everybody in; on a loopback address only
    #[arg(long, conflicts_with = "auth_token_env")]
    pub(crate) dev_no_auth: bool,
    /// The environment variable with the token of /metrics [default: SYNAPSOR_METRICS_TOKEN; no page where it is not set]
    #[arg(long, value_name = "VAR")]
    pub(crate) metrics_token_env: Option<String>,
    /// Let web pages of this origin use the server; repeatable
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) allow_origin: Vec<String>,
    /// Let web pages of this one origin also read the answers in a browser
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) cors_origin: Option<String>,
    #[command(flatten)]
    pub(crate) inbound: Inbound,
    /// Largest body of a request [default: 1048576]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) body_bytes_max: Option<u32>,
    /// Most requests being answered at once [default: 128]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) requests_max: Option<u32>,
    /// Most sessions at once [default: 256; of one caller 64]
    #[arg(long, value_name = "COUNT")]
    pub(crate) sessions_max: Option<u32>,
    /// How long a session lives in which nothing is asked [default: 1800000]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) session_idle_ms: Option<u64>,
    /// How long a stopping server waits for answers being worked out [default: 5000]
    #[arg(long, value_name = "MS")]
    pub(crate) drain_timeout_ms: Option<u64>,
}
