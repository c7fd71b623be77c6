//! The tools of a server nobody vouches for: asked for over stdio or HTTP, by hand and within limits, and never called.
//!
//! Invariant: one deadline and one number of bytes bound the whole conversation, whatever the server sends or does not.
//! Absent on purpose: the SDK's client. It reads a line or a body to its end before it looks at its size.

mod http;
mod pipe;

use std::time::Duration;

use serde_json::{Value as Json, json};

pub use http::tools_at_url;
pub use pipe::tools_of_command;

/// Most bytes a server may send in all.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// Most pages of one list.
const PAGES_MAX: usize = 100;

/// The revision that is offered; a server answers with the one it prefers.
const REVISION: &str = "2025-11-25";

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum ForeignError {
    /// The command did not start.
    #[error("the server's command does not start")]
    Start(#[source] std::io::Error),
    /// Nobody answers at the address.
    #[error("nobody answers at the server's address")]
    Unreachable,
    /// The address is not one.
    #[error("the server's address is not an `http://` or `https://` URL")]
    Url,
    /// It did not answer in time.
    #[error("the server did not list its tools within {timeout_ms} ms")]
    Late {
        /// The limit, in milliseconds.
        timeout_ms: u64,
    },
    /// It went away before it had answered.
    #[error("the server left before it had listed its tools")]
    Left,
    /// It sent more than anybody reads.
    #[error("the server sent more than {bytes_max} bytes")]
    TooLarge {
        /// The limit, in bytes.
        bytes_max: usize,
    },
    /// Its list has no end.
    #[error("the server's list of tools has more than {pages_max} pages")]
    TooManyPages {
        /// The limit.
        pages_max: usize,
    },
    /// What it sent is no message of the protocol.
    #[error("the server sent something that is no JSON-RPC message")]
    Rubbish,
    /// It answered with an error.
    #[error("the server answered `{method}` with error {code}")]
    Refused {
        /// What was asked.
        method: &'static str,
        /// JSON-RPC's code.
        code: i64,
    },
    /// HTTP said no.
    #[error("the server answered with HTTP status {0}")]
    Status(u16),
}

impl ForeignError {
    /// Whether the same attempt may go better later: the server was not there, or not in time.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Start(_) | Self::Unreachable | Self::Late { .. } | Self::Left | Self::Status(500..)
        )
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Start(_) => "check the command after `--`; it is run without a shell",
            Self::Unreachable => "check the URL, and that the server is running",
            Self::Url => "name it as `--url https://host/mcp`",
            Self::Late { .. } => {
                "give it more time with --timeout-ms, or run its command by itself to see what it waits for"
            }
            Self::Left | Self::Refused { .. } => {
                "run the server by itself to see what it says on its standard error"
            }
            Self::TooLarge { .. } | Self::TooManyPages { .. } => {
                "no model could use such a list; save the part in question to a file and audit that"
            }
            Self::Rubbish => {
                "a server's standard output carries the protocol alone; its log belongs on standard error"
            }
            Self::Status(401 | 403) => "name the variable that holds the token with --bearer-env",
            Self::Status(_) => "check that the URL is the server's MCP endpoint",
        }
    }
}

/// Within a deadline.
async fn within<T>(
    timeout: Duration,
    work: impl Future<Output = Result<T, ForeignError>>,
) -> Result<T, ForeignError> {
    let timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
    tokio::time::timeout(timeout, work).await.unwrap_or(Err(ForeignError::Late { timeout_ms }))
}

/// What is left of the bytes a server may send.
#[derive(Debug)]
struct Budget(usize);

impl Budget {
    fn take(&mut self, bytes: usize) -> Result<(), ForeignError> {
        self.0 = self.0.checked_sub(bytes).ok_or(ForeignError::TooLarge { bytes_max: BYTES_MAX })?;
        Ok(())
    }
}

fn initialize(version: &str) -> Json {
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": REVISION,
        "capabilities": {},
        "clientInfo": { "name": "synapsor-audit", "version": version },
    } })
}

fn initialized() -> Json {
    json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })
}

/// A page of the list, after a cursor.
fn page(id: usize, cursor: Option<&str>) -> Json {
    let params = cursor.map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list", "params": params })
}

/// The result in a message, where it is the answer to that request.
fn answer(message: &Json, id: &Json, method: &'static str) -> Result<Option<Json>, ForeignError> {
    if !message.is_object() {
        return Err(ForeignError::Rubbish);
    }
    if message.get("id") != Some(id) || message.get("method").is_some() {
        return Ok(None);
    }
    match (message.get("result"), message.get("error")) {
        (Some(result), None) => Ok(Some(result.clone())),
        (_, Some(error)) => {
            let code = error.get("code").and_then(Json::as_i64).unwrap_or_default();
            Err(ForeignError::Refused { method, code })
        }
        (None, None) => Err(ForeignError::Rubbish),
    }
}

/// The tools of one page, and where the next one starts.
fn listed(mut result: Json) -> Result<(Vec<Json>, Option<String>), ForeignError> {
    let next = result.get("nextCursor").and_then(Json::as_str).map(str::to_owned);
    match result.get_mut("tools").map(Json::take) {
        Some(Json::Array(tools)) => Ok((tools, next)),
        _ => Err(ForeignError::Rubbish),
    }
}
