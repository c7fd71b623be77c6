//! A client of our own server: starts a command, speaks the protocol with it over its pipes, calls its tools.
//!
//! For the demo and for checks that want to see what a client sees. It holds no authority that a client has not.

use std::ffi::OsStr;
use std::process::Stdio;

use rmcp::model::{CallToolRequestParams, JsonObject};
use rmcp::service::RunningService;
use rmcp::transport::TokioChildProcess;
use rmcp::{RoleClient, ServiceExt as _};
use serde_json::Value as Json;
use tokio::process::Command;

/// What went wrong below, for the log.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a client call did not come back.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The command did not start.
    #[error("the server did not start")]
    Start(#[source] std::io::Error),
    /// The two did not agree on a protocol, or the server left.
    #[error("the server did not open a session")]
    Open(#[source] Cause),
    /// A request was answered with a protocol error, or not at all.
    #[error("the server did not answer `{0}`")]
    Call(String, #[source] Cause),
}

/// A tool as the server lists it.
#[derive(Debug, Clone)]
pub struct ListedTool {
    /// Its name on the wire.
    pub name: String,
    /// Its canonical name.
    pub title: Option<String>,
    /// Whether it only reads.
    pub read_only: bool,
}

/// A result as it came over the wire.
#[derive(Debug, Clone)]
pub struct ToolResult {
    /// The server calls it an error.
    pub is_error: bool,
    /// The structured content; null when there is none.
    pub content: Json,
}

/// A session with a server this process started. The server ends with it.
pub struct Client {
    session: RunningService<RoleClient, ()>,
}

impl Client {
    /// Starts `program` with `args` and opens a session. The server's standard error is this process's.
    ///
    /// # Errors
    /// When it does not start, or does not speak the protocol.
    pub async fn start(program: &OsStr, args: &[&OsStr]) -> Result<Self, ClientError> {
        let mut command = Command::new(program);
        command.args(args);
        let (process, _) = TokioChildProcess::builder(command)
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(ClientError::Start)?;
        let session = ().serve(process).await.map_err(|error| ClientError::Open(Box::new(error)))?;
        Ok(Self { session })
    }

    /// The protocol version the two agreed on.
    pub fn protocol_version(&self) -> Option<String> {
        self.session.peer_info().map(|server| server.protocol_version.to_string())
    }

    /// Every tool.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn tools(&self) -> Result<Vec<ListedTool>, ClientError> {
        let tools = self
            .session
            .list_all_tools()
            .await
            .map_err(|error| ClientError::Call("tools/list".to_owned(), Box::new(error)))?;
        let listed = |tool: rmcp::model::Tool| ListedTool {
            read_only: tool.annotations.as_ref().and_then(|a| a.read_only_hint).unwrap_or(false),
            name: tool.name.into_owned(),
            title: tool.title,
        };
        Ok(tools.into_iter().map(listed).collect())
    }

    /// Calls one tool.
    ///
    /// # Errors
    /// When the server does not answer; a refusal is a result.
    pub async fn call(&self, tool: &str, arguments: JsonObject) -> Result<ToolResult, ClientError> {
        let request = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let result = self
            .session
            .call_tool(request)
            .await
            .map_err(|error| ClientError::Call(tool.to_owned(), Box::new(error)))?;
        Ok(ToolResult {
            is_error: result.is_error.unwrap_or(false),
            content: result.structured_content.unwrap_or(Json::Null),
        })
    }

    /// Closes the session; the server exits.
    pub async fn close(self) {
        if let Err(error) = self.session.cancel().await {
            tracing::warn!(%error, "the session did not close cleanly");
        }
    }
}
