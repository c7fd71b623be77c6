//! More than the server takes: sessions, connections, requests at once, and clients that never get to the point.

use std::io::Write as _;

use serde_json::json;
use synapsor_protocol::Engine;

use crate::http::eras::open;
use crate::http::peer::{Answer, Request, connect};
use crate::http::server::Server;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn sessions_over_the_limit_are_refused_until_one_ends() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &["--sessions-max", "2"]);
    let first = open(&server, "2025-11-25");
    open(&server, "2025-06-18");
    let third = server.send(&Request::initialize("2025-11-25"));
    assert_eq!((third.status, third.code().as_str()), (429, "HTTP_BUSY"));
    assert_eq!(third.header("retry-after"), Some("1"));
    assert_eq!(server.send(&Request::read("INV-3001")).status, 200, "a request that stands alone needs none");
    let bearer = format!("Bearer {}", super::server::TOKEN);
    let end = Request::bare("DELETE", "/mcp").with("Authorization", &bearer).with("Mcp-Session-Id", &first);
    assert_eq!(server.send(&end).status, 204);
    open(&server, "2025-11-25");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_nobody_uses_ends() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &["--session-idle-ms", "200"]);
    let session = open(&server, "2025-11-25");
    let ended = || server.send(&Request::bare("GET", "/healthz")).message()["sessions"] == json!(0);
    let deadline = std::time::Instant::now() + super::server::PATIENCE;
    while !ended() {
        assert!(std::time::Instant::now() < deadline, "it never ends");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let late = server.send(&Request::in_session(&session, 1, "tools/list", json!({})));
    assert_eq!((late.status, late.code().as_str()), (404, "HTTP_SESSION_NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_over_the_limit_are_turned_away_and_the_others_served() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &["--connections-max", "2"]);
    let request = Request::read("INV-3001").bytes(&server.address);
    // Half a request each, so that both connections are certainly the server's.
    let mut held: Vec<_> = (0..2).map(|_| connect(&server.address)).collect();
    for client in &mut held {
        client.write_all(&request[..20]).expect("is sent");
    }
    let over = Answer::of(&server.address, &request);
    assert_eq!((over.status, over.code().as_str()), (429, "HTTP_BUSY"), "{over:?}");
    assert_eq!(over.header("retry-after"), Some("1"));
    for mut client in held {
        client.write_all(&request[20..]).expect("is sent");
        assert_eq!(Answer::rest_of(client).status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_over_the_limit_are_refused_while_others_are_being_answered() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &["--requests-max", "1"]);
    let request = Request::read("INV-3001").bytes(&server.address);
    let deadline = std::time::Instant::now() + super::server::PATIENCE;
    // Which of two requests comes in first is not told. Where it was the second, the slow one is refused and sent anew.
    let (mut slow, second) = loop {
        let mut slow = connect(&server.address);
        slow.write_all(&request[..request.len() - 1]).expect("is sent");
        std::thread::sleep(std::time::Duration::from_millis(50));
        let second = Answer::of(&server.address, &request);
        if second.status != 200 || std::time::Instant::now() > deadline {
            break (slow, second);
        }
    };
    assert_eq!((second.status, second.code().as_str()), (429, "HTTP_BUSY"), "{second:?}");
    slow.write_all(&request[request.len() - 1..]).expect("is sent");
    assert_eq!(Answer::rest_of(slow).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_never_get_to_the_point_are_cut_off_and_the_server_serves_on() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &["--head-timeout-ms", "300", "--body-timeout-ms", "300"]);
    let request = Request::read("INV-3001").bytes(&server.address);
    let body_at = request.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a body") + 4;
    let parts = [(0, 0), (10, 0), (body_at - 2, 0), (body_at, 408), (body_at + 5, 408)];
    for (sent, status) in parts {
        let mut client = connect(&server.address);
        client.write_all(&request[..sent]).expect("is sent");
        let answer = Answer::rest_of(client);
        assert_eq!(answer.status, status, "{sent} bytes: {answer:?}");
        if status == 408 {
            assert_eq!(answer.code(), "HTTP_BODY_TOO_SLOW");
        }
    }
    assert_eq!(server.send(&Request::read("INV-3001")).status, 200);
}
