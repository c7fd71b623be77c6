//! Frames to messages and back: the limits of the wire, and an answer to everything that cannot be served.
//!
//! rmcp's own stream transport drops an over-long or malformed line in silence, leaves the id out of its answer to a
//! malformed request, reads on however many requests are unanswered, and ends the session when a notification comes
//! first. This one answers, bounds and survives all four.
//!
//! Invariant: one task writes the output, so frames never mix and a cancelled read never leaves half a frame.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ClientRequest, ErrorCode, GetMeta as _, JsonRpcError,
    JsonRpcMessage, ProtocolVersion, RequestId, ServerJsonRpcMessage,
};
use rmcp::{RoleServer, transport::Transport};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::frame::{Frame, FrameReader};
use crate::in_flight::InFlight;
use crate::message::{parse, refused};

/// Longest line, in bytes.
const LINE_BYTES_MAX: usize = 1024 * 1024;

/// Most requests read and not answered yet; at that number reading pauses.
const REQUESTS_IN_FLIGHT_MAX: usize = 64;

/// Most messages waiting for a peer that does not read; at that number answering pauses.
const MESSAGES_QUEUED_MAX: usize = 64;

/// How long closing waits for a peer to take what is still queued.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// One pair of streams.
pub(crate) struct LineTransport<R> {
    frames: FrameReader<R>,
    in_flight: Arc<InFlight>,
    outbox: Option<mpsc::Sender<ServerJsonRpcMessage>>,
    writer: Option<JoinHandle<()>>,
    /// An answer to a frame that never became a message; it leaves before the next frame is read.
    owed: Option<JsonRpcError>,
    /// A request that opens the session has been handed on; before it, anything but a request would end the session.
    opened: bool,
}

impl<R: AsyncRead + Unpin> LineTransport<R> {
    /// Must be called inside a tokio runtime: it starts the writing task.
    pub(crate) fn new<W: AsyncWrite + Unpin + Send + 'static>(input: R, output: W) -> Self {
        let (outbox, queue) = mpsc::channel(MESSAGES_QUEUED_MAX);
        Self {
            frames: FrameReader::new(input, LINE_BYTES_MAX),
            in_flight: Arc::new(InFlight::new(REQUESTS_IN_FLIGHT_MAX)),
            outbox: Some(outbox),
            writer: Some(tokio::spawn(write_lines(queue, output))),
            owed: None,
            opened: false,
        }
    }

    /// The message a frame holds, `None` when it is passed over, or the error it is answered with.
    fn admit(&mut self, line: &[u8]) -> Result<Option<ClientJsonRpcMessage>, JsonRpcError> {
        let message = parse(line)?;
        match &message {
            JsonRpcMessage::Request(request) => {
                if !self.in_flight.take(&request.id) {
                    return Err(refused(
                        ErrorCode::INVALID_REQUEST,
                        "the id is in use by an unanswered request",
                        Some(request.id.clone()),
                    ));
                }
                self.opened |= opens_session(&request.request);
            }
            // rmcp sends no answer to a cancelled request, so its place is free again.
            JsonRpcMessage::Notification(notification) => {
                if let ClientNotification::CancelledNotification(cancelled) = &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.in_flight.release(id);
                }
            }
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => {}
        }
        let wanted = self.opened || matches!(message, JsonRpcMessage::Request(_));
        Ok(wanted.then_some(message))
    }
}

impl<R: AsyncRead + Unpin + Send> Transport<RoleServer> for LineTransport<R> {
    type Error = io::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), io::Error>> + Send + 'static {
        let outbox = self.outbox.clone();
        let in_flight = Arc::clone(&self.in_flight);
        async move {
            let answered = answered_id(&message).cloned();
            let place = match outbox {
                Some(outbox) => outbox.reserve_owned().await.map_err(|_| io::ErrorKind::BrokenPipe.into()),
                None => Err(io::Error::from(io::ErrorKind::NotConnected)),
            };
            // Not before there is a place, so that a peer that does not read its answers is not read from either; and
            // not after the answer left, so that a peer may use the id again at once.
            if let Some(id) = answered {
                in_flight.release(&id);
            }
            place?.send(message);
            Ok(())
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        let outbox = self.outbox.clone()?;
        loop {
            if self.owed.is_some() {
                let place = outbox.reserve().await.ok()?;
                if let Some(answer) = self.owed.take() {
                    place.send(ServerJsonRpcMessage::Error(answer));
                }
            }
            self.in_flight.room().await;
            let frame = tokio::select! {
                // A peer that takes no answers any more is gone, even if it keeps its writing end open.
                () = outbox.closed() => return None,
                frame = self.frames.next() => frame,
            };
            let line = match frame {
                Ok(Frame::Line(line)) => line,
                Ok(Frame::TooLong) => {
                    let text = format!("a message may have `{LINE_BYTES_MAX}` bytes at most");
                    self.owed = Some(refused(ErrorCode::INVALID_REQUEST, text, None));
                    continue;
                }
                Ok(Frame::End) => return None,
                Err(error) => {
                    tracing::debug!(%error, "the input cannot be read");
                    return None;
                }
            };
            if line.trim_ascii().is_empty() {
                continue;
            }
            match self.admit(&line) {
                Ok(Some(message)) => return Some(message),
                Ok(None) => {}
                Err(answer) => self.owed = Some(answer),
            }
        }
    }

    async fn close(&mut self) -> Result<(), io::Error> {
        self.outbox = None;
        if let Some(mut writer) = self.writer.take()
            && tokio::time::timeout(FLUSH_TIMEOUT, &mut writer).await.is_err()
        {
            writer.abort();
        }
        Ok(())
    }
}

/// Writes one line a message, and flushes whenever nothing more is waiting. Ends when the peer or every sender is gone.
async fn write_lines<W: AsyncWrite + Unpin>(mut queue: mpsc::Receiver<ServerJsonRpcMessage>, mut output: W) {
    while let Some(message) = queue.recv().await {
        let mut line = match serde_json::to_vec(&message) {
            Ok(line) => line,
            Err(error) => {
                tracing::error!(%error, "a message does not serialize");
                continue;
            }
        };
        line.push(b'\n');
        let written = match output.write_all(&line).await {
            Ok(()) if queue.is_empty() => output.flush().await,
            written => written,
        };
        if let Err(error) = written {
            tracing::debug!(%error, "the output cannot be written");
            return;
        }
    }
}

/// Whether rmcp leaves its opening phase on this request: `initialize`, or one that carries a whole 2026-07-28 `_meta`.
fn opens_session(request: &ClientRequest) -> bool {
    match request {
        ClientRequest::InitializeRequest(_) => true,
        ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_) => false,
        other => {
            let meta = other.get_meta();
            meta.missing_required_keys(&ProtocolVersion::V_2026_07_28).is_empty()
                && meta.protocol_version().is_some_and(|v| ProtocolVersion::KNOWN_VERSIONS.contains(&v))
        }
    }
}

fn answered_id(message: &ServerJsonRpcMessage) -> Option<&RequestId> {
    match message {
        JsonRpcMessage::Response(response) => Some(&response.id),
        JsonRpcMessage::Error(error) => error.id.as_ref(),
        JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => None,
    }
}
