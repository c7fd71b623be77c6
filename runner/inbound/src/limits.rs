//! How many connections there may be, and what each may take.

/// How many connections there may be, and what each may take. What is right differs: a browser needs six, a fleet hundreds.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest head of a request: its line and all its headers.
    pub head_bytes_max: usize,
    /// Most headers of a request.
    pub headers_max: usize,
    /// Most connections.
    pub connections_max: usize,
    /// How long a client may take to send the head of a request or to agree on TLS, and a connection may be kept without one.
    pub head_timeout_ms: u64,
    /// How long a client may go without taking anything of an answer.
    pub write_timeout_ms: u64,
}
