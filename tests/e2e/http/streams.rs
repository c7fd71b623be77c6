//! Streams of notifications over real HTTP, in both eras: what is told to whom, what is missed and told later, and that
//! listeners that are gone leave nothing behind.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::http::eras::open;
use crate::http::peer::{Request, connect};
use crate::http::server::{PATIENCE, Server, TOKEN};
use crate::world::World;

const UPDATED: &str = "notifications/resources/updated";
const TOOLS_CHANGED: &str = "notifications/tools/list_changed";
const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

/// A stream that is open: its answer's head has been read.
struct Listener {
    lines: BufReader<TcpStream>,
}

/// One message of a stream, and where in it the message stands.
#[derive(Debug)]
struct Event {
    id: String,
    message: Json,
}

impl Event {
    /// Messages of a session's own stream are counted.
    fn number(&self) -> u64 {
        self.id.parse().expect("a number")
    }
}

impl Listener {
    fn of(server: &Server, request: &Request) -> Self {
        let (status, listener) = Self::or_refused(server, request);
        assert_eq!(status, 200);
        listener
    }

    fn or_refused(server: &Server, request: &Request) -> (u16, Self) {
        let mut client = connect(&server.address);
        client.write_all(&request.bytes(&server.address)).expect("is sent");
        let mut lines = BufReader::new(client);
        let mut line = String::new();
        lines.read_line(&mut line).expect("an answer");
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        while line != "\r\n" {
            line.clear();
            assert!(lines.read_line(&mut line).expect("a head") > 0, "the head ends");
        }
        (status, Self { lines })
    }

    /// The stream of a session, from where the client heard last.
    fn in_session(server: &Server, session: &str, last: Option<&str>) -> Self {
        let request = Request::bare("GET", "/mcp")
            .with("Authorization", &format!("Bearer {TOKEN}"))
            .with("Accept", "text/event-stream")
            .with("MCP-Protocol-Version", "2025-11-25")
            .with("Mcp-Session-Id", session);
        Self::of(
            server,
            &match last {
                Some(last) => request.with("Last-Event-ID", last),
                None => request,
            },
        )
    }

    /// A request of 2026-07-28 that listens, and that its acknowledgement came first.
    fn alone(server: &Server, filter: Json) -> (Self, Json) {
        let mut listener =
            Self::of(server, &Request::alone("subscriptions/listen", json!({ "notifications": filter })));
        let first = listener.next().message;
        assert_eq!(first["method"], json!(ACKNOWLEDGED), "{first}");
        (listener, first)
    }

    fn next(&mut self) -> Event {
        self.next_within(PATIENCE).expect("the stream is open, and something is told")
    }

    /// The next message, where one comes in that time.
    fn next_within(&mut self, patience: Duration) -> Option<Event> {
        self.lines.get_ref().set_read_timeout(Some(patience)).expect("a time limit");
        let (mut id, mut message, mut line) = (String::new(), None, String::new());
        loop {
            line.clear();
            if self.lines.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let told = line.trim();
            if let Some(told) = told.strip_prefix("id:") {
                told.trim().clone_into(&mut id);
            } else if let Some(data) = told.strip_prefix("data:").map(str::trim)
                && !data.is_empty()
            {
                message = Some(serde_json::from_str(data).expect("a message"));
            } else if told.is_empty()
                && let Some(message) = message.take()
            {
                return Some(Event { id, message });
            }
        }
    }

    /// The next message of that method; others are passed over.
    fn told(&mut self, method: &str) -> Event {
        loop {
            let event = self.next();
            if event.message["method"] == json!(method) {
                return event;
            }
        }
    }
}

/// Proposes and has it stand there; its address.
fn proposed(server: &Server, invoice: &str) -> (String, String) {
    let arguments = json!({ "invoice_id": invoice, "reason": "a mistake of ours" });
    let call = json!({ "name": "billing__propose_late_fee_waiver", "arguments": arguments });
    let message = server.send(&Request::alone("tools/call", call)).message();
    let id =
        message["result"]["structuredContent"]["proposal"]["id"].as_str().expect("a proposal").to_owned();
    let address = format!("synapsor://proposals/{id}");
    (id, address)
}

fn subscribe(server: &Server, session: &str, id: i64, address: &str) {
    let asked = Request::in_session(session, id, "resources/subscribe", json!({ "uri": address }));
    let answer = server.send(&asked);
    assert_eq!((answer.status, answer.code().as_str()), (200, "-"), "{answer:?}");
}

/// Serves one tool less from now on.
fn shrink(world: &World) {
    let mut config = world.config();
    config["capabilities"].as_array_mut().expect("capabilities").pop();
    world.write_config(&config);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lives_for_as_long_as_somebody_listens_to_it() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &["--session-idle-ms", "150"]);
    let session = open(&server, "2025-11-25");
    let listener = Listener::in_session(&server, &session, None);
    std::thread::sleep(Duration::from_millis(900));
    let list = |id| server.send(&Request::in_session(&session, id, "tools/list", json!({}))).status;
    assert_eq!(list(1), 200, "it waited, and asked nothing");
    drop(listener);
    let deadline = Instant::now() + PATIENCE;
    while server.send(&Request::bare("GET", "/healthz")).message()["sessions"] != json!(0) {
        assert!(Instant::now() < deadline, "it outlives its listener");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(list(2), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_hears_on_its_stream_of_a_decision_and_of_a_reload() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &[]);
    let session = open(&server, "2025-11-25");
    let mut listener = Listener::in_session(&server, &session, None);
    let (id, address) = proposed(&server, "INV-3001");
    subscribe(&server, &session, 1, &address);
    world.approve(&id);
    assert_eq!(listener.told(UPDATED).message["params"]["uri"], json!(address));
    shrink(&world);
    listener.told(TOOLS_CHANGED);
    let listed = server.send(&Request::in_session(&session, 2, "tools/list", json!({})));
    assert_eq!(listed.message()["result"]["tools"].as_array().map(Vec::len), Some(2), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_listens_hears_of_a_decision_and_of_a_reload_under_its_own_id() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &[]);
    let (id, address) = proposed(&server, "INV-3001");
    let asked = json!({ "toolsListChanged": true, "resourceSubscriptions": [address, "file:///etc/passwd"] });
    let (mut listener, first) = Listener::alone(&server, asked);
    let accepted = json!({ "toolsListChanged": true, "resourceSubscriptions": [address] });
    assert_eq!(first["params"]["notifications"], accepted, "{first}");
    world.approve(&id);
    let told = listener.told(UPDATED).message["params"].take();
    assert_eq!(told["uri"], json!(address));
    assert_eq!(told["_meta"]["io.modelcontextprotocol/subscriptionId"], json!(1), "{told}");
    shrink(&world);
    let told = listener.told(TOOLS_CHANGED).message["params"].take();
    assert_eq!(told["_meta"]["io.modelcontextprotocol/subscriptionId"], json!(1), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_session_missed_it_hears_when_it_comes_back_and_what_it_heard_it_does_not_hear_again() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &[]);
    let session = open(&server, "2025-11-25");
    let (first, second) = (proposed(&server, "INV-3001"), proposed(&server, "INV-3002"));
    subscribe(&server, &session, 1, &first.1);
    subscribe(&server, &session, 2, &second.1);
    let mut listener = Listener::in_session(&server, &session, None);
    world.approve(&first.0);
    let heard = listener.told(UPDATED);
    assert_eq!(heard.message["params"]["uri"], json!(first.1));
    drop(listener);

    world.approve(&second.0);
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < deadline, "what was missed is told");
        // Until the stream that is gone has been noticed, this is a second one beside it, on which nothing is told.
        let mut back = Listener::in_session(&server, &session, Some(&heard.id));
        while let Some(missed) = back.next_within(Duration::from_secs(2)) {
            assert!(missed.number() > heard.number(), "heard before: {missed:?}");
            if missed.message["params"]["uri"] == json!(second.1) {
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_its_sessions_alone_and_2026_has_none_to_come_back_to() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &[]);
    let get = || {
        Request::bare("GET", "/mcp")
            .with("Authorization", &format!("Bearer {TOKEN}"))
            .with("Accept", "text/event-stream")
    };
    let unknown = server.send(&get().with("Mcp-Session-Id", "00000000-0000-0000-0000-000000000000"));
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "HTTP_SESSION_NOT_FOUND"));
    let none = server.send(&get().with("Last-Event-ID", "0"));
    assert_eq!((none.status, none.code().as_str()), (400, "HTTP_REQUEST_INVALID"));
    let stateless = get().with("MCP-Protocol-Version", "2026-07-28").with("Last-Event-ID", "0");
    assert_eq!(server.send(&stateless).status, 405);
    let session = open(&server, "2025-11-25");
    // Nothing of any stream, and an end: an error would have a browser's client ask the same again without end.
    for never_given in ["no number", "0/99"] {
        let ended = server.send(&get().with("Mcp-Session-Id", &session).with("Last-Event-ID", never_given));
        assert_eq!((ended.status, ended.body.as_str()), (200, ""), "{never_given}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_that_are_gone_leave_their_places_and_their_memory() {
    const PLACES: usize = 32;
    const ROUNDS: usize = 12;
    let mut world = World::new(Engine::Sqlite).await;
    let places = PLACES.to_string();
    let server = Server::start(&mut world, &["--connections-max", &places]);
    let (_, address) = proposed(&server, "INV-3001");
    let listen = Request::alone(
        "subscriptions/listen",
        json!({ "notifications": { "toolsListChanged": true, "resourceSubscriptions": [address] } }),
    );
    let mut after = Vec::new();
    for _ in 0..ROUNDS {
        let mut listeners = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        while listeners.len() < PLACES {
            match Listener::or_refused(&server, &listen) {
                (200, listener) => listeners.push(listener),
                // The places of the round before are given back as the server notices.
                (status, _) => assert_eq!(status, 429),
            }
            assert!(Instant::now() < deadline, "places come back: {}", listeners.len());
        }
        assert_eq!(Listener::or_refused(&server, &listen).0, 429, "there are no more places than that");
        for listener in &mut listeners {
            assert_eq!(listener.next().message["method"], json!(ACKNOWLEDGED));
        }
        after.push(server.resident_kib());
    }
    // Half of the rounds fill what is kept for later; by then a listener that stays would show 6 times 32 times.
    let (half, end) = (after[ROUNDS / 2], after[ROUNDS - 1]);
    assert!(end < half + 4 * 1024, "KiB after each round of {PLACES} listeners: {after:?}");
}
