//! The log on standard error: lines for people, or one JSON object a line.
//!
//! Invariant: names, codes, ids and durations; never a value of a row or an argument, a URL or a token.

use std::io::IsTerminal as _;

use synapsor_protocol::Environment;
use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;
use crate::env;

/// A client's wrong request is answered and recorded, and a server's notice is no news: neither is warned about as well.
/// That all handlers are ready is said once, at the start of a server.
const LOG_DEFAULT: &str = "warn,synapsor::ready=info,rmcp=error,sqlx::postgres::notice=error";

/// Starts it. Standard output belongs to MCP frames and documents.
pub(crate) fn start(format: LogFormat, environment: &Environment) {
    let filter = environment.get(env::LOG_LEVEL).unwrap_or(LOG_DEFAULT);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new(LOG_DEFAULT));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Pretty => log.with_ansi(std::io::stderr().is_terminal()).with_target(false).init(),
        LogFormat::Json => {
            log.json().flatten_event(true).with_current_span(true).with_span_list(false).init()
        }
    }
}
