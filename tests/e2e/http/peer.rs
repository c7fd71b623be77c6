//! A client that sends the bytes it is told to, so that what is tested is the wire.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value as Json, json};

use crate::http::server::{PATIENCE, TOKEN};

const NEWEST: &str = "2026-07-28";

/// A request as it will stand on the wire; made right, then spoiled by a test.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The `Content-Length` that is claimed; none sends the body's own.
    pub(crate) length: Option<String>,
}

impl Request {
    /// A request of 2026-07-28: it stands alone.
    pub(crate) fn alone(method: &str, mut params: Json) -> Self {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": NEWEST,
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "0" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let name = params["name"].as_str().or(params["uri"].as_str()).map(str::to_owned);
        let request = Self::post(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))
            .with("MCP-Protocol-Version", NEWEST)
            .with("Mcp-Method", method);
        match name {
            Some(name) => request.with("Mcp-Name", &name),
            None => request,
        }
    }

    /// A call of the demo's read, of 2026-07-28.
    pub(crate) fn read(invoice: &str) -> Self {
        let arguments = json!({ "invoice_id": invoice });
        Self::alone("tools/call", json!({ "name": "billing__inspect_invoice", "arguments": arguments }))
    }

    /// A request of a session.
    pub(crate) fn in_session(session: &str, id: i64, method: &str, params: Json) -> Self {
        Self::post(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
            .with("MCP-Protocol-Version", "2025-11-25")
            .with("Mcp-Session-Id", session)
    }

    /// What opens a session.
    pub(crate) fn initialize(version: &str) -> Self {
        let client = json!({ "name": "test", "version": "0" });
        let params = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client });
        Self::post(&json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }))
    }

    pub(crate) fn post(body: &Json) -> Self {
        let bearer = format!("Bearer {TOKEN}");
        Self::bare("POST", "/mcp")
            .with("Authorization", &bearer)
            .with("Content-Type", "application/json")
            .with("Accept", "application/json, text/event-stream")
            .saying(body.to_string())
    }

    /// Nothing but a line and a host.
    pub(crate) fn bare(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: vec![("Host".to_owned(), String::new())],
            body: Vec::new(),
            length: None,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    pub(crate) fn instead(self, name: &str, value: &str) -> Self {
        self.without(name).with(name, value)
    }

    pub(crate) fn by(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    pub(crate) fn to(mut self, target: &str) -> Self {
        target.clone_into(&mut self.target);
        self
    }

    pub(crate) fn saying(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn claiming(mut self, length: &str) -> Self {
        self.length = Some(length.to_owned());
        self
    }

    /// Changes the body as JSON.
    pub(crate) fn changed(mut self, change: impl FnOnce(&mut Json)) -> Self {
        let mut body: Json = serde_json::from_slice(&self.body).expect("a JSON body");
        change(&mut body);
        self.body = body.to_string().into_bytes();
        self
    }

    /// The bytes on the wire. An empty `Host` stands for the server's address.
    pub(crate) fn bytes(&self, address: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            let value = if name == "Host" && value.is_empty() { address } else { value };
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let is_chunked = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Transfer-Encoding"));
        let length = self.length.clone().unwrap_or_else(|| self.body.len().to_string());
        if !is_chunked || self.length.is_some() {
            head.push_str(&format!("Content-Length: {length}\r\n"));
        }
        head.push_str("Connection: close\r\n\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// 0 where the connection was closed without a word.
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// Sends the bytes and reads until the server closes.
    pub(crate) fn of(address: &str, bytes: &[u8]) -> Self {
        let mut stream = connect(address);
        // A server that has heard enough may close before it has read everything.
        let _ = stream.write_all(bytes);
        Self::rest_of(stream)
    }

    /// Reads until the server closes.
    pub(crate) fn rest_of(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        // What came before a reset counts.
        let _ = stream.read_to_end(&mut bytes);
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            return Self { status: 0, headers: Vec::new(), body: String::new() };
        };
        let mut lines = head.lines();
        let status =
            lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let is_chunked =
            headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let body = if is_chunked { unchunked(body) } else { body.to_owned() };
        Self { status: status.expect("a status"), headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The message of a body, or the last of a stream.
    pub(crate) fn message(&self) -> Json {
        let events = self.body.lines().filter_map(|line| line.strip_prefix("data:"));
        let text = events.map(str::trim).rfind(|data| !data.is_empty()).unwrap_or(&self.body);
        serde_json::from_str(text).unwrap_or(Json::Null)
    }

    /// The most telling code of an answer: ours, else the protocol's.
    pub(crate) fn code(&self) -> String {
        let message = self.message();
        let places = ["/error/data/code", "/result/structuredContent/error/code", "/error/code"];
        let code = places.into_iter().find_map(|place| message.pointer(place));
        match code {
            Some(Json::String(code)) => code.clone(),
            Some(code) => code.to_string(),
            None => "-".to_owned(),
        }
    }
}

/// A connection whose reads end.
pub(crate) fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    stream
}

fn unchunked(body: &str) -> String {
    let mut whole = String::new();
    let mut rest = body;
    while let Some((size, following)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default(), 16).unwrap_or(0);
        if size == 0 || following.len() < size {
            break;
        }
        let (chunk, following) = following.split_at(size);
        whole.push_str(chunk);
        rest = following.strip_prefix("\r\n").unwrap_or(following);
    }
    whole
}
