//! Serving: what is live, one pair of streams, until the client is gone or the caller says stop.

use std::pin::pin;
use std::sync::Arc;

use rmcp::service::{QuitReason, ServerInitializeError};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::auth::RateSettings;
use crate::error::Error;
use crate::live::Live;
use crate::names::ToolNames;
use crate::observe::Observer;
use crate::surface::Surface;
use crate::transport::LineTransport;

/// Largest tool result, in bytes of JSON; longer column values are cut, and the result says so.
const RESULT_BYTES_MAX: usize = 64 * 1024;

/// How the surface looks.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The version told to clients.
    pub server_version: String,
    /// Which name of a capability clients see. Both are accepted in a call.
    pub tool_names: ToolNames,
    /// Largest tool result, in bytes of JSON; longer column values are cut, and the result says so.
    pub result_bytes_max: usize,
    /// How often may be called, and over HTTP how often may be asked, until the config changes.
    pub rate_limits: RateSettings,
    /// Who watches, for metrics and traces.
    pub observer: Option<Arc<dyn Observer>>,
}

impl ServeOptions {
    /// Safe names and the usual limits.
    pub fn new(server_version: impl Into<String>) -> Self {
        Self {
            server_version: server_version.into(),
            tool_names: ToolNames::default(),
            result_bytes_max: RESULT_BYTES_MAX,
            rate_limits: RateSettings::default(),
            observer: None,
        }
    }
}

/// Serves standard input and output until the client closes them or `shutdown` completes; see [`serve`]. Then candidates are
/// shown what waits for them, for two seconds.
///
/// # Errors
/// See [`Error`].
pub async fn serve_stdio(live: Live, shutdown: impl Future<Output = ()> + Send) -> Result<(), Error> {
    // Pipes without tokio's blocking threads where the system has them: a read that never ends cannot hold up the exit.
    let (input, output) = rmcp::transport::stdio_pipes();
    let ended = serve(live.clone(), input, output, shutdown).await;
    live.drain_candidates().await;
    ended
}

/// Serves one client on a pair of streams.
///
/// When the client closes its side, answers still being worked out are awaited for five seconds, then dropped; after
/// `shutdown` for two.
///
/// # Errors
/// See [`Error`]. A client that leaves, at whatever point, is not an error.
pub async fn serve<R, W>(
    live: Live,
    input: R,
    output: W,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), Error>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let mut shutdown = pin!(shutdown);
    let opening = rmcp::serve_server(Surface::new(live), LineTransport::new(input, output));
    let session = tokio::select! {
        opened = opening => match opened {
            Ok(session) => session,
            Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => return Ok(()),
            Err(error) => return Err(Error::Opening(Box::new(error))),
        },
        () = &mut shutdown => return Ok(()),
    };
    let stop = session.cancellation_token();
    let mut ended = pin!(session.waiting());
    let reason = tokio::select! {
        reason = &mut ended => reason,
        () = &mut shutdown => {
            stop.cancel();
            ended.await
        }
    };
    match reason {
        Ok(QuitReason::JoinError(error)) | Err(error) => Err(Error::Task(error)),
        Ok(_) => Ok(()),
    }
}
