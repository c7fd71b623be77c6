//! A server that is started here and spoken with over its pipes.

use std::ffi::{OsStr, OsString};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout, Command};

use super::{
    BYTES_MAX, Budget, ForeignError, PAGES_MAX, answer, initialize, initialized, listed, page, within,
};

/// Starts a command, asks for its tools, and ends it. What it says on its standard error is not shown: a stranger's text
/// could steer a terminal.
///
/// # Errors
/// See [`ForeignError`].
pub async fn tools_of_command(
    program: &OsStr,
    args: &[OsString],
    environment: &[(String, String)],
    version: &str,
    timeout: Duration,
) -> Result<Vec<Json>, ForeignError> {
    let mut command = Command::new(program);
    command.args(args).envs(environment.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().map_err(ForeignError::Start)?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(ForeignError::Left);
    };
    let mut session = Session { input, output: BufReader::new(output), budget: Budget(BYTES_MAX) };
    // The child is killed when this function ends, in whichever way.
    within(timeout, session.tools(version)).await
}

struct Session {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    budget: Budget,
}

impl Session {
    async fn tools(&mut self, version: &str) -> Result<Vec<Json>, ForeignError> {
        self.ask(&initialize(version), "initialize").await?;
        self.send(&initialized()).await;
        let (mut tools, mut cursor) = (Vec::new(), None::<String>);
        for id in 1..=PAGES_MAX {
            let (more, next) = listed(self.ask(&page(id, cursor.as_deref()), "tools/list").await?)?;
            tools.extend(more);
            match next {
                Some(next) => cursor = Some(next),
                None => return Ok(tools),
            }
        }
        Err(ForeignError::TooManyPages { pages_max: PAGES_MAX })
    }

    async fn ask(&mut self, request: &Json, method: &'static str) -> Result<Json, ForeignError> {
        self.send(request).await;
        let id = request.get("id").unwrap_or(&Json::Null);
        loop {
            let line = self.line().await?;
            if line.trim_ascii().is_empty() {
                continue;
            }
            let message: Json = serde_json::from_slice(&line).map_err(|_| ForeignError::Rubbish)?;
            if let Some(result) = answer(&message, id, method)? {
                return Ok(result);
            }
            self.decline(&message).await;
        }
    }

    /// A server that asks something of its client is told that it can do nothing, so that it does not wait.
    async fn decline(&mut self, message: &Json) {
        let (Some(id), Some(method)) = (message.get("id"), message.get("method")) else { return };
        let answer = if method == "ping" {
            json!({ "jsonrpc": "2.0", "id": id, "result": {} })
        } else {
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32601, "message": "not supported" } })
        };
        self.send(&answer).await;
    }

    /// A server that is gone and reads no more may still have said why: what is read next decides, or that nothing is.
    async fn send(&mut self, message: &Json) {
        let line = format!("{message}\n");
        let sent = async {
            self.input.write_all(line.as_bytes()).await?;
            self.input.flush().await
        };
        if let Err(error) = sent.await {
            tracing::debug!(%error, "a server that is audited reads no more");
        }
    }

    /// One line, of which no more is held than the budget allows.
    async fn line(&mut self) -> Result<Vec<u8>, ForeignError> {
        let mut line = Vec::new();
        loop {
            let read = self.output.fill_buf().await.map_err(|_| ForeignError::Left)?;
            if read.is_empty() {
                return Err(ForeignError::Left);
            }
            let end = read.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(read.len(), |at| at + 1);
            self.budget.take(taken)?;
            line.extend(read.iter().take(taken));
            self.output.consume(taken);
            if end.is_some() {
                return Ok(line);
            }
        }
    }
}
