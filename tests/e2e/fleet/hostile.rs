//! Requests that mean harm, sent to a control plane: each is answered or cut, leaves nothing behind, and the next honest one is served.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use super::{control_plane_with, free_port, token};
use crate::http::peer::{Answer, Request, connect};
use crate::unsettled::approved;
use crate::world::World;

/// Places of the control plane under test, and how long it waits.
const CONNECTIONS_MAX: usize = 6;
const OPTIONS: [&str; 6] =
    ["--connections-max", "6", "--head-timeout-ms", "1500", "--body-timeout-ms", "700"];

const CLAIM: &str = "/v1/writeback/jobs/claim";

/// Whom the requests go to.
pub(crate) struct Target {
    address: String,
    bearer: String,
}

impl Target {
    fn send(&self, request: &Request) -> Answer {
        self.sends(&request.bytes(&self.address))
    }

    fn sends(&self, bytes: &[u8]) -> Answer {
        Answer::of(&self.address, bytes)
    }

    /// What an honest worker asks first.
    fn honest(&self) -> Request {
        Request::bare("GET", "/v1/writeback/runner/doctor").with("Authorization", &self.bearer)
    }

    /// An honest claim of a source that its token is not for, so that nothing is ever given out.
    fn claim(&self) -> Request {
        let claim = json!({ "source_id": "books", "runner_id": "worker-1", "limit": 1, "lease_seconds": 60 });
        Request::bare("POST", CLAIM).with("Authorization", &self.bearer).saying(claim.to_string())
    }
}

/// A request and what comes of it; the status 0 is a connection closed without an answer.
pub(crate) type Row = (&'static str, fn(&Target) -> Answer, u16, &'static str);

/// The table; its page is written by `doors.rs`.
pub(crate) const ROWS: &[Row] = &[
    ("nothing at all", |at| Answer::rest_of(connect(&at.address)), 0, "-"),
    ("a head that never ends", |at| at.sends(b"GET /health HTTP/1.1\r\nHost: localhost\r\n"), 0, "-"),
    (
        "a head of a hundred kilobytes",
        |at| at.send(&at.honest().with("X-Large", &"x".repeat(100_000))),
        431,
        "-",
    ),
    (
        "a hundred headers",
        |at| at.send(&(0..100).fold(at.honest(), |request, n| request.with(&format!("X-{n}"), "x"))),
        431,
        "-",
    ),
    ("a body that stops half-way", |at| at.send(&at.claim().claiming("200")), 408, "HTTP_BODY_TOO_SLOW"),
    (
        "a body that stops half-way, without a token",
        |at| at.send(&at.claim().without("Authorization").claiming("200")),
        401,
        "AUTHENTICATION_REQUIRED",
    ),
    ("a gigabyte announced", |at| at.send(&at.claim().claiming("1073741824")), 413, "HTTP_BODY_TOO_LARGE"),
    (
        "a body of a gigabyte without a token",
        |at| at.send(&at.claim().without("Authorization").claiming("1073741824")),
        401,
        "AUTHENTICATION_REQUIRED",
    ),
    ("a body without an end", endless, 413, "HTTP_BODY_TOO_LARGE"),
    ("two lengths", |at| at.send(&at.claim().with("Content-Length", "5")), 400, "-"),
    ("rubbish", |at| at.sends(b"nonsense\r\n\r\n"), 400, "-"),
    ("another version of HTTP", |at| at.sends(b"GET / HTTP/9.9\r\n\r\n"), 400, "-"),
    ("the preface of HTTP/2", |at| at.sends(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 0, "-"),
    ("TLS where none is spoken", |at| at.sends(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), 400, "-"),
    (
        "a name bent to this address",
        |at| at.send(&at.honest().instead("Host", "evil.example")),
        403,
        "HTTP_HOST_NOT_ALLOWED",
    ),
    (
        "the health, asked for another name",
        |at| at.send(&Request::bare("GET", "/health").instead("Host", "evil.example")),
        403,
        "HTTP_HOST_NOT_ALLOWED",
    ),
    ("no name", |at| at.send(&at.honest().without("Host")), 400, "HTTP_REQUEST_INVALID"),
    ("two names", |at| at.send(&at.honest().with("Host", "localhost")), 400, "HTTP_REQUEST_INVALID"),
    (
        "a web page, with a token",
        |at| at.send(&at.honest().with("Origin", "http://localhost:3000")),
        403,
        "HTTP_ORIGIN_NOT_ALLOWED",
    ),
    (
        "two tokens, the first one good",
        |at| at.send(&at.honest().with("Authorization", "Bearer syn_wbr_00")),
        400,
        "HTTP_REQUEST_INVALID",
    ),
    (
        "a token in the address",
        |at| at.send(&Request::bare("GET", "/v1/writeback/runner/doctor?token=syn_wbr_00")),
        401,
        "AUTHENTICATION_REQUIRED",
    ),
    ("more connections than there are places", flood, 429, "HTTP_BUSY"),
    ("a reader that stops reading", stalled, 0, "-"),
];

/// Chunks for as long as they are taken.
fn endless(at: &Target) -> Answer {
    let head = format!(
        "POST {CLAIM} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        at.bearer
    );
    let mut stream = connect(&at.address);
    stream.write_all(head.as_bytes()).expect("is sent");
    // One more than the limit, and then it waits: what nobody reads any more would take the answer with it.
    let chunk = format!("{:x}\r\n{}\r\n", 256 * 1024 + 1, "x".repeat(256 * 1024 + 1));
    let _ = stream.write_all(chunk.as_bytes());
    Answer::rest_of(stream)
}

/// Every place is taken by somebody who has not asked yet; the one too many is told so.
fn flood(at: &Target) -> Answer {
    let held: Vec<TcpStream> = (0..CONNECTIONS_MAX)
        .map(|_| {
            let mut stream = connect(&at.address);
            stream.write_all(b"GET /health HTTP/1.1\r\n").expect("is sent");
            stream
        })
        .collect();
    // Places are given in the order of arrival, and the last one may still be on its way.
    std::thread::sleep(Duration::from_millis(300));
    let over = at.send(&at.honest());
    drop(held);
    std::thread::sleep(Duration::from_millis(300));
    over
}

/// Asks and asks, takes the first byte of all that is answered, and no more.
fn stalled(at: &Target) -> Answer {
    let asked = String::from_utf8(at.honest().bytes(&at.address)).expect("text");
    let asked = asked.replace("Connection: close\r\n", "");
    let mut stream = connect(&at.address);
    let mut first = [0];
    stream.write_all(asked.as_bytes()).expect("is sent");
    stream.read_exact(&mut first).expect("an answer begins");
    // The end of the connection shows where more is sent; without a limit this would never come back.
    while stream.write_all(asked.as_bytes()).is_ok() {}
    Answer { status: 0, headers: Vec::new(), body: String::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_sent_is_answered_or_cut_and_the_next_honest_request_is_served() {
    let world = World::new(Engine::Sqlite).await;
    let port = free_port();
    let _plane = control_plane_with(&world, port, &OPTIONS);
    let (_, token) = token(&world, "worker-1", "app");
    approved(&world, "INV-3001");
    let at = Target { address: format!("127.0.0.1:{port}"), bearer: format!("Bearer {token}") };
    let before = world.ask(&["store", "verify"])["events"].clone();
    for (what, ask, status, code) in ROWS {
        let answer = ask(&at);
        assert_eq!((answer.status, answer.code().as_str()), (*status, *code), "{what}: {answer:?}");
        assert!(!answer.body.contains(&token), "{what}");
        let honest = at.send(&at.honest());
        assert_eq!((honest.status, &honest.message()["runner_id"]), (200, &json!("worker-1")), "{what}");
        assert_eq!(honest.header("cache-control"), Some("no-store"));
    }
    assert_eq!(world.ask(&["store", "verify"])["events"], before, "nothing is left behind");
    assert_ne!(before, Json::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_allowed_is_answered_and_one_that_begins_like_it_is_not() {
    let world = World::new(Engine::Sqlite).await;
    let port = free_port();
    let _plane = control_plane_with(&world, port, &["--allow-host", "plane.example"]);
    let address = format!("127.0.0.1:{port}");
    for (host, status) in [
        ("plane.example", 200),
        ("plane.example:8443", 200),
        ("localhost", 200),
        ("plane.example.evil.example", 403),
    ] {
        let request = Request::bare("GET", "/health").instead("Host", host);
        assert_eq!(Answer::of(&address, &request.bytes(&address)).status, status, "{host}");
    }
}
