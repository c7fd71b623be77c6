//! How much a server over HTTP takes at once, and how long it waits for whom.

use axum::body::{Body, Bytes};
use synapsor_inbound::{BadBody, Limits, read_body};

/// How much a server over HTTP takes at once, and how long it waits for whom.
#[derive(Debug, Clone)]
pub struct HttpLimits {
    /// Largest body of a request.
    pub body_bytes_max: usize,
    /// Largest head of a request: its line and all its headers.
    pub head_bytes_max: usize,
    /// Most headers of a request.
    pub headers_max: usize,
    /// Most connections; a stream of notifications holds one for as long as it is open.
    pub connections_max: usize,
    /// Most requests being answered.
    pub requests_max: usize,
    /// Most sessions opened by `initialize`.
    pub sessions_max: usize,
    /// Most sessions of one caller.
    pub sessions_per_caller_max: usize,
    /// How long a session lives in which nothing is asked and to which nobody listens.
    pub session_idle_ms: u64,
    /// How long a client may take to send the head of a request, and a connection may be kept without one.
    pub head_timeout_ms: u64,
    /// How long a client may take to send a request's body.
    pub body_timeout_ms: u64,
    /// How long a client may go without taking anything of an answer.
    pub write_timeout_ms: u64,
    /// How long a stopping server waits for answers that are being worked out.
    pub drain_timeout_ms: u64,
}

impl HttpLimits {
    /// What the connections are held to.
    pub(crate) fn of_connections(&self) -> Limits {
        Limits {
            head_bytes_max: self.head_bytes_max,
            headers_max: self.headers_max,
            connections_max: self.connections_max,
            head_timeout_ms: self.head_timeout_ms,
            write_timeout_ms: self.write_timeout_ms,
        }
    }

    /// A request's whole body.
    ///
    /// # Errors
    /// See [`read_body`].
    pub(crate) async fn read(&self, body: Body) -> Result<Bytes, BadBody> {
        read_body(body, self.body_bytes_max, self.body_timeout_ms).await
    }
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            body_bytes_max: 1024 * 1024,
            head_bytes_max: 32 * 1024,
            headers_max: 64,
            connections_max: 512,
            requests_max: 128,
            sessions_max: 256,
            sessions_per_caller_max: 64,
            session_idle_ms: 30 * 60 * 1_000,
            head_timeout_ms: 30_000,
            body_timeout_ms: 10_000,
            write_timeout_ms: 30_000,
            drain_timeout_ms: 5_000,
        }
    }
}
