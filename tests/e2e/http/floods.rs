//! More than the server takes: sessions, connections, requests at once, a caller's minute, and clients that never get to the point.
//! Sent by `hostile.rs`; the table's page is written by `doors.rs`.

use std::io::Write as _;
use std::net::TcpStream;

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::http::eras::open;
use crate::http::peer::{Answer, Request, connect};
use crate::http::server::{PATIENCE, Server, TOKEN};
use crate::world::World;

/// What takes the server's places.
enum Held {
    Nothing,
    Halves(Vec<Half>),
    Sessions(Vec<String>),
}

impl Held {
    /// Whoever held a place is served as if nothing had been, and leaves it.
    fn release(self, server: &Server) {
        match self {
            Self::Nothing => {}
            Self::Halves(clients) => {
                for (mut client, rest) in clients {
                    client.write_all(&rest).expect("is sent");
                    assert_eq!(Answer::rest_of(client).status, 200);
                }
            }
            Self::Sessions(sessions) => {
                let bearer = format!("Bearer {TOKEN}");
                for session in sessions {
                    let end = Request::bare("DELETE", "/mcp").with("Authorization", &bearer);
                    assert_eq!(server.send(&end.with("Mcp-Session-Id", &session)).status, 204);
                }
                open(server, "2025-11-25");
            }
        }
    }
}

/// A request that is not at its end, and what it lacks.
type Half = (TcpStream, Vec<u8>);

/// Requests of which the server has all but what follows this byte.
fn halves(server: &Server, count: usize, request: &Request, sent: impl Fn(&[u8]) -> usize) -> Vec<Half> {
    let bytes = request.bytes(&server.address);
    let (begun, rest) = bytes.split_at(sent(&bytes));
    let one = |_| {
        let mut client = connect(&server.address);
        client.write_all(begun).expect("is sent");
        (client, rest.to_vec())
    };
    (0..count).map(one).collect()
}

/// A server with little room, what fills it, and what comes then.
pub(crate) struct Flood {
    pub(crate) about: &'static str,
    /// The server's options.
    words: &'static [&'static str],
    /// The config's `rate_limits`.
    rates: Json,
    fill: fn(&Server) -> Held,
    over: fn(&Server) -> Answer,
    pub(crate) status: u16,
    pub(crate) code: &'static str,
}

impl Flood {
    /// A server for this flood, which is filled; `release` ends that.
    pub(crate) async fn begin(&self) -> Flooded<'_> {
        let mut world = World::new(Engine::Sqlite).await;
        if !self.rates.is_null() {
            let mut config = world.config();
            config["rate_limits"] = self.rates.clone();
            world.write_config(&config);
        }
        let server = Server::start(&mut world, self.words);
        let held = (self.fill)(&server);
        Flooded { flood: self, world, server, held }
    }
}

/// A server that is full.
pub(crate) struct Flooded<'a> {
    flood: &'a Flood,
    pub(crate) world: World,
    server: Server,
    held: Held,
}

impl Flooded<'_> {
    /// What the one too many is answered.
    pub(crate) fn over(&self) -> Answer {
        let answer = (self.flood.over)(&self.server);
        if answer.status == 429 {
            let after = answer.header("retry-after").expect("it says when to come back");
            assert!(
                (1..=60).contains(&after.parse::<u64>().expect("seconds")),
                "{}: {after}",
                self.flood.about
            );
        }
        answer
    }

    /// The others are served, and so is the next one where the limit is not a minute's.
    pub(crate) fn release(mut self) {
        self.held.release(&self.server);
        if self.flood.rates.is_null() {
            assert_eq!(self.server.send(&Request::read("INV-3001")).status, 200, "{}", self.flood.about);
        }
        assert_eq!(self.server.send(&Request::bare("GET", "/healthz")).status, 200, "{}", self.flood.about);
        assert!(self.server.lives());
    }
}

fn read(server: &Server) -> Answer {
    server.send(&Request::read("INV-3001"))
}

fn tools(server: &Server) -> Answer {
    server.send(&Request::alone("tools/list", json!({})))
}

/// Which of two requests comes in first is not told, so the second is sent until the first one has its place.
fn tools_until_refused(server: &Server) -> Answer {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let answer = tools(server);
        if answer.status != 200 || std::time::Instant::now() > deadline {
            return answer;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// An honest read of which only so many bytes ever come.
fn stalled(server: &Server, sent: impl Fn(&[u8]) -> usize) -> Answer {
    let (client, _) = halves(server, 1, &Request::read("INV-3001"), sent).remove(0);
    Answer::rest_of(client)
}

fn body_at(bytes: &[u8]) -> usize {
    bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a body") + 4
}

const IMPATIENT: &[&str] = &["--head-timeout-ms", "300", "--body-timeout-ms", "300"];

/// All of them.
pub(crate) fn floods() -> Vec<Flood> {
    let flood = |about, words, fill, over, (status, code)| Flood {
        about,
        words,
        rates: Json::Null,
        fill,
        over,
        status,
        code,
    };
    let stall = |about, over, answer| flood(about, IMPATIENT, |_| Held::Nothing, over, answer);
    let rate = |about, limit: &str, fill, over| Flood {
        rates: json!({ limit: 2 }),
        ..flood(about, &[], fill, over, (429, "RATE_LIMITED"))
    };
    const BUSY: (u16, &str) = (429, "HTTP_BUSY");
    const CUT: (u16, &str) = (0, "-");
    const SLOW: (u16, &str) = (408, "HTTP_BODY_TOO_SLOW");
    vec![
        flood(
            "a session more than there may be",
            &["--sessions-max", "2"],
            |server| Held::Sessions(["2025-11-25", "2025-06-18"].map(|version| open(server, version)).into()),
            |server| {
                let answer = server.send(&Request::initialize("2025-11-25"));
                assert_eq!(tools(server).status, 200, "a request that stands alone needs none");
                answer
            },
            BUSY,
        ),
        flood(
            "a connection more than there may be",
            &["--connections-max", "2"],
            |server| Held::Halves(halves(server, 2, &Request::read("INV-3001"), |_| 20)),
            tools,
            BUSY,
        ),
        flood(
            "a request more than may be under way",
            &["--requests-max", "1"],
            |server| Held::Halves(halves(server, 1, &Request::read("INV-3001"), |bytes| bytes.len() - 1)),
            tools_until_refused,
            BUSY,
        ),
        rate(
            "a request more than its caller has a minute",
            "requests_per_minute_per_principal",
            |server| {
                assert_eq!([tools(server).status, tools(server).status], [200, 200]);
                Held::Nothing
            },
            read,
        ),
        rate(
            "a call more than its capability has a minute",
            "calls_per_minute_per_capability",
            |server| {
                assert_eq!([read(server).status, read(server).status], [200, 200]);
                Held::Nothing
            },
            read,
        ),
        stall("nothing at all", |server| stalled(server, |_| 0), CUT),
        stall("ten bytes and no more", |server| stalled(server, |_| 10), CUT),
        stall("a head that never ends", |server| stalled(server, |bytes| body_at(bytes) - 2), CUT),
        stall("a head and no body", |server| stalled(server, body_at), SLOW),
        stall("five bytes of a body", |server| stalled(server, |bytes| body_at(bytes) + 5), SLOW),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_nobody_uses_ends() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &["--session-idle-ms", "200"]);
    let session = open(&server, "2025-11-25");
    let ended = || server.send(&Request::bare("GET", "/healthz")).message()["sessions"] == json!(0);
    let deadline = std::time::Instant::now() + PATIENCE;
    while !ended() {
        assert!(std::time::Instant::now() < deadline, "it never ends");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let late = server.send(&Request::in_session(&session, 1, "tools/list", json!({})));
    assert_eq!((late.status, late.code().as_str()), (404, "HTTP_SESSION_NOT_FOUND"));
}
