//! The rows of the table of hostile requests: an honest request, spoiled in one way each.

use serde_json::{Value as Json, json};

use crate::http::peer::Request;
use crate::http::server::TOKEN;

/// What a request leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    Nothing,
    /// The note that a call was refused.
    Refusal,
    /// Anything else; no row may.
    Traces,
}

impl Left {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Refusal => "the refusal",
            Self::Traces => "traces",
        }
    }
}

enum Sent {
    Request(Request),
    Bytes(Vec<u8>),
}

/// A hostile request and its answer.
pub(crate) struct Row {
    pub(crate) group: &'static str,
    pub(crate) about: &'static str,
    sent: Sent,
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) left: Left,
}

impl Row {
    pub(crate) fn bytes(&self, address: &str) -> Vec<u8> {
        match &self.sent {
            Sent::Request(request) => request.bytes(address),
            Sent::Bytes(bytes) => bytes.clone(),
        }
    }
}

/// Rows of one group, and what they leave behind.
struct Table {
    group: &'static str,
    left: Left,
    rows: Vec<Row>,
}

impl Table {
    fn new(group: &'static str, left: Left) -> Self {
        Self { group, left, rows: Vec::new() }
    }

    fn row(&mut self, about: &'static str, request: Request, status: u16, code: &'static str) {
        self.push(about, Sent::Request(request), status, code);
    }

    fn bytes(&mut self, about: &'static str, bytes: impl Into<Vec<u8>>, status: u16, code: &'static str) {
        self.push(about, Sent::Bytes(bytes.into()), status, code);
    }

    fn push(&mut self, about: &'static str, sent: Sent, status: u16, code: &'static str) {
        self.rows.push(Row { group: self.group, about, sent, status, code, left: self.left });
    }
}

/// All rows; `session` is an open session of the honest caller.
pub(crate) fn rows(session: &str) -> Vec<Row> {
    let tables = [
        hosts(),
        origins(),
        paths(),
        tokens(session),
        forms(),
        bodies(),
        framing(),
        eras(),
        sessions(session),
        methods(session),
        arguments(),
    ];
    tables.into_iter().flat_map(|table| table.rows).collect()
}

/// The honest request: a read that stands alone.
fn honest() -> Request {
    Request::read("INV-3001")
}

fn hosts() -> Table {
    let mut table = Table::new("Host", Left::Nothing);
    let host = |value: &str| honest().instead("Host", value);
    table.row("a name bent to this address", host("evil.example"), 403, "HTTP_HOST_NOT_ALLOWED");
    table.row(
        "a name that begins like an allowed one",
        host("localhost.evil.example"),
        403,
        "HTTP_HOST_NOT_ALLOWED",
    );
    table.row(
        "an allowed name with another port than the allowed one",
        host("runner.example:9"),
        403,
        "HTTP_HOST_NOT_ALLOWED",
    );
    table.row("the address of every interface", host("0.0.0.0:8766"), 403, "HTTP_HOST_NOT_ALLOWED");
    table.row("the loopback address as one number", host("2130706433"), 403, "HTTP_HOST_NOT_ALLOWED");
    table.row("a user in front of the name", host("localhost@evil.example"), 400, "HTTP_REQUEST_INVALID");
    table.row("a port that is no number", host("localhost:evil"), 400, "HTTP_REQUEST_INVALID");
    table.row("no `Host`", honest().without("Host"), 400, "HTTP_REQUEST_INVALID");
    table.row("two `Host`s", honest().with("Host", "evil.example"), 400, "HTTP_REQUEST_INVALID");
    table.row(
        "another host in the request line",
        honest().to("http://evil.example/mcp"),
        400,
        "HTTP_REQUEST_INVALID",
    );
    let health = Request::bare("GET", "/healthz").instead("Host", "evil.example");
    table.row("the health, asked for another name", health, 403, "HTTP_HOST_NOT_ALLOWED");
    table
}

fn origins() -> Table {
    let mut table = Table::new("Origin", Left::Nothing);
    let origin = |value: &str| honest().with("Origin", value);
    for (about, value) in [
        ("a page of a stranger", "https://evil.example"),
        ("a page of nowhere (`null`)", "null"),
        ("a name that begins like an allowed one", "https://app.example.evil.example"),
        ("an allowed page without TLS", "http://app.example"),
        ("an allowed page from another port", "https://app.example:8443"),
        ("another program's page on this machine", "http://localhost:3000"),
        ("an origin with a path", "https://app.example/x"),
        ("a file", "file:///etc/passwd"),
        ("an empty origin", ""),
    ] {
        table.row(about, origin(value), 403, "HTTP_ORIGIN_NOT_ALLOWED");
    }
    let two = origin("https://app.example").with("Origin", "https://evil.example");
    table.row("two `Origin`s, the first one allowed", two, 400, "HTTP_REQUEST_INVALID");
    let preflight = Request::bare("OPTIONS", "/mcp").with("Origin", "https://evil.example");
    table.row("a stranger's preflight", preflight, 403, "HTTP_ORIGIN_NOT_ALLOWED");
    table
}

fn paths() -> Table {
    let mut table = Table::new("Paths and methods of HTTP", Left::Nothing);
    for (about, method) in
        [("`PUT`", "PUT"), ("`PATCH`", "PATCH"), ("`TRACE`", "TRACE"), ("a made-up method", "APPROVE")]
    {
        table.row(about, honest().by(method), 405, "HTTP_METHOD_NOT_ALLOWED");
    }
    for (about, target) in [
        ("`/mcp/`", "/mcp/"),
        ("`//mcp`", "//mcp"),
        ("`/mcp%2f`", "/mcp%2f"),
        ("`/mcp/../healthz`", "/mcp/../healthz"),
        ("a path of other products", "/admin/approve"),
        ("the review pages", "/proposals"),
    ] {
        table.row(about, honest().to(target), 404, "HTTP_PATH_NOT_FOUND");
    }
    table.row("health by `POST`", honest().to("/healthz"), 405, "-");
    table
}

fn tokens(session: &str) -> Table {
    let mut table = Table::new("Tokens", Left::Nothing);
    let bearer = |token: &str| honest().instead("Authorization", &format!("Bearer {token}"));
    let none = honest().without("Authorization");
    table.row("none", none.clone(), 401, "AUTHENTICATION_REQUIRED");
    table.row("another one", bearer(&"x".repeat(43)), 401, "TOKEN_INVALID");
    table.row("all but the last character", bearer(TOKEN.trim_end_matches('9')), 401, "TOKEN_INVALID");
    table.row("one character more", bearer(&format!("{TOKEN}0")), 401, "TOKEN_INVALID");
    table.row("in capitals", bearer(&TOKEN.to_uppercase()), 401, "TOKEN_INVALID");
    table.row("nine thousand characters", bearer(&"x".repeat(9_000)), 401, "TOKEN_INVALID");
    table.row("a list of tokens", bearer(&format!("x,{TOKEN}")), 400, "TOKEN_INVALID");
    table.row("an empty one", bearer(""), 400, "TOKEN_INVALID");
    table.row(
        "`Basic`",
        honest().instead("Authorization", "Basic dXNlcjp0b2tlbg=="),
        401,
        "AUTHENTICATION_REQUIRED",
    );
    let twice = honest().with("Authorization", "Bearer other");
    table.row("two `Authorization`s, the first one good", twice, 400, "HTTP_REQUEST_INVALID");
    let address = format!("/mcp?access_token={TOKEN}");
    table.row("in the address", none.clone().to(&address), 400, "HTTP_REQUEST_INVALID");
    let cookie = none.clone().with("Cookie", &format!("token={TOKEN}"));
    table.row("in a cookie", cookie, 401, "AUTHENTICATION_REQUIRED");
    let body = none.clone().changed(|body| body["params"]["_meta"]["token"] = json!(TOKEN));
    table.row("in the body", body, 401, "AUTHENTICATION_REQUIRED");
    let forwarded = none.clone().with("X-Forwarded-User", "admin").with("X-Forwarded-For", "127.0.0.1");
    table.row("a proxy's word for it", forwarded, 401, "AUTHENTICATION_REQUIRED");
    let in_session = Request::in_session(session, 9, "tools/list", json!({})).without("Authorization");
    table.row("none, in a session opened with one", in_session, 401, "AUTHENTICATION_REQUIRED");
    let large = none.claiming("10000000");
    table.row("none, with ten megabytes announced", large, 401, "AUTHENTICATION_REQUIRED");
    table
}

fn forms() -> Table {
    let mut table = Table::new("Forms", Left::Nothing);
    for (about, form) in [
        ("a body as plain text, which pages may send unasked", "text/plain"),
        ("a body as a form", "application/x-www-form-urlencoded"),
        ("a body as something near JSON", "application/json-seq"),
    ] {
        table.row(about, honest().instead("Content-Type", form), 415, "HTTP_MEDIA_TYPE_UNSUPPORTED");
    }
    table.row("a body as nothing", honest().without("Content-Type"), 415, "HTTP_MEDIA_TYPE_UNSUPPORTED");
    table.row("an answer as a page", honest().instead("Accept", "text/html"), 406, "HTTP_NOT_ACCEPTABLE");
    let packed = honest().with("Content-Encoding", "gzip").saying([0x1f, 0x8b, 0x08, 0x00].as_slice());
    table.row("a packed body", packed, 400, "-32700");
    table
}

fn bodies() -> Table {
    let mut table = Table::new("Bodies", Left::Nothing);
    let body = |body: &str| honest().saying(body);
    table.row("nothing", body(""), 400, "-32700");
    table.row("no JSON", body("approve everything"), 400, "-32700");
    table.row("half a message", body(r#"{"jsonrpc":"2.0","id":1,"#), 400, "-32700");
    table.row(
        "two messages",
        body(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":2,"method":"ping"}"#),
        400,
        "-32700",
    );
    table.row("bytes that are no text", honest().saying([b'"', 0xff, 0xfe, b'"'].as_slice()), 400, "-32700");
    table.row("a batch", body(r#"[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]"#), 400, "-32600");
    table.row("an empty batch", body("[]"), 400, "-32600");
    table.row("a string", body(r#""tools/list""#), 400, "-32600");
    table.row(
        "another version of JSON-RPC",
        honest().changed(|body| body["jsonrpc"] = json!("1.0")),
        400,
        "-32600",
    );
    table.row(
        "no method",
        honest().changed(|body| drop(body.as_object_mut().and_then(|body| body.remove("method")))),
        400,
        "-32600",
    );
    table.row("an id that is an object", honest().changed(|body| body["id"] = json!({})), 400, "-32600");
    let twice = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}"#;
    table.row("a key twice, so that two readers read two things", body(twice), 400, "-32600");
    let rounded = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"n":99.99999999999999999999}}"#;
    table.row("a number that a double rounds", body(rounded), 400, "-32600");
    table.row("65 levels of nesting", body(&format!("{}{}", "[".repeat(65), "]".repeat(65))), 400, "-32600");
    table.row("thirty thousand levels of nesting", body(&"[".repeat(30_000)), 400, "-32600");
    table.row("more than the limit", honest().saying("x".repeat(65_537)), 413, "HTTP_BODY_TOO_LARGE");
    table.row(
        "more than the limit, announced and never sent",
        honest().claiming("10000000"),
        413,
        "HTTP_BODY_TOO_LARGE",
    );
    let chunk = format!("{:x}\r\n{}\r\n", 60_000, "x".repeat(60_000));
    let chunked = honest().with("Transfer-Encoding", "chunked").saying(format!("{chunk}{chunk}0\r\n\r\n"));
    table.row("more than the limit, in pieces", chunked, 413, "HTTP_BODY_TOO_LARGE");
    table.row("less than was announced", honest().claiming("5000"), 408, "HTTP_BODY_TOO_SLOW");
    table
}

fn framing() -> Table {
    let mut table = Table::new("Framing", Left::Nothing);
    let lines =
        |lines: &[&str]| format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n", lines.join("\r\n"));
    table.bytes("two lengths", lines(&["Content-Length: 2", "Content-Length: 3"]) + "{}", 400, "-");
    table.bytes("a length that is no number", lines(&["Content-Length: -1"]), 400, "-");
    table.bytes("a length and a second request behind it", lines(&["Content-Length: +2"]) + "{}", 400, "-");
    table.bytes("an encoding that is not understood", lines(&["Transfer-Encoding: chunked, gzip"]), 400, "-");
    table.bytes("an encoding hidden by its spelling", lines(&["Transfer-Encoding: xchunked"]), 400, "-");
    table.bytes("a blank before a header's colon", lines(&["Content-Length : 2"]) + "{}", 400, "-");
    table.bytes("a header folded over two lines", lines(&["X-Folded: a", " b"]), 400, "-");
    table.bytes("a control character in a header", lines(&["X-Control: a\0b"]), 400, "-");
    table.bytes("a name with a blank", lines(&["X Y: a"]), 400, "-");
    let many: Vec<String> = (0..200).map(|n| format!("X-{n}: a")).collect();
    table.bytes("two hundred headers", lines(&many.iter().map(String::as_str).collect::<Vec<_>>()), 431, "-");
    table.bytes("a header of 64 KiB", lines(&[&format!("X-Long: {}", "a".repeat(65_536))]), 431, "-");
    table.bytes("an address of 64 KiB", format!("GET /{} HTTP/1.1\r\n", "a".repeat(65_536)), 431, "-");
    table.bytes("no HTTP", "\0\0\0\0\r\n\r\n", 400, "-");
    table.bytes("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, "-");
    table.bytes("TLS", [22, 3, 1, 0, 5, 1, 0, 0, 1, 0].as_slice(), 400, "-");
    let chunked = honest().with("Transfer-Encoding", "chunked").saying("zz\r\nnot a size\r\n0\r\n\r\n");
    table.row("a chunk whose size is no number", chunked, 400, "HTTP_REQUEST_INVALID");
    let both = honest().with("Transfer-Encoding", "chunked").claiming("4").saying("0\r\n\r\n");
    table.row("a length and an encoding: the encoding counts, and the connection ends", both, 400, "-32700");
    table
}

fn eras() -> Table {
    let mut table = Table::new("Revisions", Left::Nothing);
    let version = "io.modelcontextprotocol/protocolVersion";
    let says =
        |named: &'static str| honest().changed(move |body| body["params"]["_meta"][version] = json!(named));
    table.row("no `MCP-Protocol-Version`", honest().without("MCP-Protocol-Version"), 400, "-32020");
    table.row(
        "a header that names another revision than the body",
        honest().instead("MCP-Protocol-Version", "2025-11-25"),
        400,
        "-32020",
    );
    table.row("a body that names another revision than the header", says("2025-11-25"), 400, "-32020");
    table.row(
        "a revision that nobody speaks",
        says("2099-01-01").instead("MCP-Protocol-Version", "2099-01-01"),
        400,
        "-32022",
    );
    table.row(
        "two `MCP-Protocol-Version`s",
        honest().with("MCP-Protocol-Version", "2025-11-25"),
        400,
        "HTTP_REQUEST_INVALID",
    );
    table.row("no `Mcp-Method`", honest().without("Mcp-Method"), 400, "-32020");
    table.row("an `Mcp-Method` that lies", honest().instead("Mcp-Method", "tools/list"), 400, "-32020");
    table.row("no `Mcp-Name`", honest().without("Mcp-Name"), 400, "-32020");
    table.row(
        "an `Mcp-Name` that lies",
        honest().instead("Mcp-Name", "billing__propose_late_fee_waiver"),
        400,
        "-32020",
    );
    table.row(
        "two `Mcp-Name`s, the first one true",
        honest().with("Mcp-Name", "other"),
        400,
        "HTTP_REQUEST_INVALID",
    );
    let capabilities = "io.modelcontextprotocol/clientCapabilities";
    let silent = honest().changed(|body| {
        drop(body["params"]["_meta"].as_object_mut().and_then(|meta| meta.remove(capabilities)))
    });
    table.row("no client capabilities", silent, 400, "-32602");
    let bare = honest()
        .changed(|body| drop(body["params"].as_object_mut().and_then(|params| params.remove("_meta"))));
    table.row("no `_meta`", bare, 400, "-32602");
    let resumed = Request::bare("GET", "/mcp").with("Authorization", &format!("Bearer {TOKEN}"));
    let resumed = resumed
        .with("MCP-Protocol-Version", "2026-07-28")
        .with("Last-Event-ID", "0")
        .with("Accept", "text/event-stream");
    table.row("a stream taken up again, of the era without them", resumed, 405, "HTTP_METHOD_NOT_ALLOWED");
    table
}

fn sessions(session: &str) -> Table {
    let mut table = Table::new("Sessions", Left::Nothing);
    let list = |session: &str| Request::in_session(session, 7, "tools/list", json!({}));
    let by = |method: &str, session: &str| {
        let request = Request::bare(method, "/mcp").with("Authorization", &format!("Bearer {TOKEN}"));
        request.with("Accept", "text/event-stream").with("Mcp-Session-Id", session)
    };
    let made_up = "01234567-89ab-4cde-8f01-23456789abcd";
    table.row("a made-up session", list(made_up), 404, "HTTP_SESSION_NOT_FOUND");
    table.row(
        "an open session's id in capitals",
        list(&session.to_uppercase()),
        404,
        "HTTP_SESSION_NOT_FOUND",
    );
    table.row("an empty session id", list(""), 404, "HTTP_SESSION_NOT_FOUND");
    table.row("a session id that is no text", list("\u{e9}"), 404, "HTTP_SESSION_NOT_FOUND");
    table.row("a session id with a path in it", list("../../etc/passwd"), 404, "HTTP_SESSION_NOT_FOUND");
    table.row(
        "two session ids, the first one open",
        list(session).with("Mcp-Session-Id", made_up),
        400,
        "HTTP_REQUEST_INVALID",
    );
    table.row("no session", list(session).without("Mcp-Session-Id"), 400, "HTTP_REQUEST_INVALID");
    table.row("listening to a made-up session", by("GET", made_up), 404, "HTTP_SESSION_NOT_FOUND");
    table.row("ending a made-up session", by("DELETE", made_up), 404, "HTTP_SESSION_NOT_FOUND");
    table.row(
        "listening to no session",
        by("GET", "").without("Mcp-Session-Id"),
        400,
        "HTTP_REQUEST_INVALID",
    );
    let note = Request::post(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    table.row("a notification of no session", note, 400, "HTTP_REQUEST_INVALID");
    let unknown = list(session).instead("MCP-Protocol-Version", "1999-12-31");
    table.row("a revision that nobody speaks, in a session", unknown, 400, "HTTP_REQUEST_INVALID");
    let reply = Request::post(&json!({ "jsonrpc": "2.0", "id": 1, "result": {} }));
    table.row("an answer to a question nobody asked", reply, 400, "HTTP_REQUEST_INVALID");
    table
}

fn methods(session: &str) -> Table {
    let mut table = Table::new("Methods and tools that are not there", Left::Nothing);
    for (about, method) in [
        ("a method that approves", "proposals/approve"),
        ("a method that applies", "proposals/apply"),
        ("a method that loads a handler", "handlers/load"),
        ("a method that changes the config", "config/set"),
        ("`ping`, which the newest revision does not have", "ping"),
    ] {
        table.row(about, Request::alone(method, json!({})), 404, "-32601");
    }
    let approve = Request::in_session(session, 11, "proposals/approve", json!({ "id": "latest" }));
    table.row("a method that approves, in a session", approve, 200, "-32601");
    table
}

fn call(tool: &str, arguments: Json) -> Request {
    Request::alone("tools/call", json!({ "name": tool, "arguments": arguments }))
}

fn arguments() -> Table {
    let mut table = Table::new("Calls", Left::Refusal);
    let read = |arguments: Json| call("billing__inspect_invoice", arguments);
    for (about, name) in [
        ("another tenant as an argument", "tenant_id"),
        ("another principal as an argument", "principal"),
        ("a table as an argument", "table"),
    ] {
        let request = read(json!({ "invoice_id": "INV-3001", name: "globex" }));
        table.row(about, request, 200, "POLICY_VIOLATION");
    }
    for (about, id) in [
        ("a row of another tenant", "INV-9001"),
        ("SQL in place of a key", "INV-3001' OR '1'='1"),
        ("a pattern in place of a key", "INV-%"),
    ] {
        table.row(about, read(json!({ "invoice_id": id })), 200, "NOT_FOUND_IN_TENANT");
    }
    table.row(
        "an object in place of a key",
        read(json!({ "invoice_id": { "$ne": null } })),
        200,
        "INVALID_ARGUMENT",
    );
    table.row(
        "a key of ten thousand characters",
        read(json!({ "invoice_id": "x".repeat(10_000) })),
        200,
        "INVALID_ARGUMENT",
    );
    let undeclared = read(json!({ "invoice_id": "INV-3001", "sql": "DROP TABLE invoices" }));
    table.row("an argument that is not declared", undeclared, 200, "INVALID_ARGUMENT");
    table.row(
        "a key with a NUL behind it",
        read(json!({ "invoice_id": "INV-3001\0" })),
        200,
        "INVALID_ARGUMENT",
    );
    table.row("no key", read(json!({})), 200, "INVALID_ARGUMENT");
    table.row("a tool that approves", call("billing__approve", json!({})), 200, "MCP_TOOL_NOT_FOUND");
    table.row("a tool with a path for a name", call("../../approve", json!({})), 200, "MCP_TOOL_NOT_FOUND");
    table.left = Left::Nothing;
    for (about, uri) in [
        ("a proposal that is not there", "synapsor://proposals/wrp_00000000000000000000000000000000"),
        ("evidence by a pattern", "synapsor://evidence/%"),
        ("a file", "file:///etc/passwd"),
        ("the ledger", "synapsor://ledger"),
    ] {
        table.row(about, Request::alone("resources/read", json!({ "uri": uri })), 200, "RESOURCE_NOT_FOUND");
    }
    table
}
