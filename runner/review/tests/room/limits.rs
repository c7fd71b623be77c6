//! Slow, large and many: each is cut, and the pages go on.

use std::time::Duration;

use synapsor_protocol::Code;
use synapsor_review::{Bind, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::client::{Request, read, send};
use crate::world::{World, ledger_in, local, page, parts, text_column};

#[tokio::test]
async fn a_form_that_does_not_arrive_is_cut_and_decides_nothing() {
    let world = World::new().await;
    let stored = world.invoice("INV-1").await;
    let browser = world.enter().await;
    let form = browser.form(&stored, "fine").await;
    let post = browser.post(&format!("{}/approve", page(&stored)), &form);
    let post = post.and("host", &world.address.to_string());
    let bytes = post.bytes();
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    // All but the last byte, and then nothing.
    stream.write_all(&bytes[..bytes.len() - 1]).await.unwrap();
    let answer = read(&mut stream).await;
    assert_eq!(answer.status, 408, "{answer:?}");
    assert!(world.ledger.replay(&stored.proposal.proposal_id).await.unwrap().decisions.is_empty());
}

#[tokio::test]
async fn a_head_that_does_not_arrive_is_cut() {
    let world = World::new().await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
    // The connection ends by itself; without a limit this would never come back.
    read(&mut stream).await;
    assert_eq!(world.enter().await.get("/").await.status, 200);
}

#[tokio::test]
async fn a_form_whose_length_nobody_said_is_cut_where_it_is_too_long() {
    let world = World::new().await;
    let stored = world.invoice("INV-1").await;
    let browser = world.enter().await;
    let form = browser.form(&stored, "fine").await;
    let chunked = |body: &str| {
        let post = browser.post(&format!("{}/approve", page(&stored)), "").with("content-length", "none");
        let post = post.with("host", &world.address.to_string());
        let head = String::from_utf8(post.bytes()).unwrap();
        let head = head.replace("content-length: none", "transfer-encoding: chunked");
        format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
    };
    let long = format!("{form}{}", "x".repeat(17 * 1024));
    assert_eq!(send(world.address, chunked(&long).as_bytes()).await.status, 413);
    assert!(world.ledger.replay(&stored.proposal.proposal_id).await.unwrap().decisions.is_empty());
    assert_eq!(send(world.address, chunked(&form).as_bytes()).await.status, 303);
}

#[tokio::test]
async fn a_reader_that_stops_reading_is_cut() {
    let world = World::new().await;
    let long = "x".repeat(1 << 20);
    let stored = world.propose(|change, _| change.patch = text_column("waiver_reason", &long)).await;
    let browser = world.enter().await;
    let value = Request::get(&format!("{}/value/after/0", page(&stored)));
    let value = value.with("host", &world.address.to_string()).with("cookie", &browser.cookie);
    assert_eq!(send(world.address, &value.bytes()).await.body.len(), long.len());

    let asked = String::from_utf8(value.bytes()).unwrap().replace("connection: close\r\n", "");
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stalled = socket.connect(world.address).await.unwrap();
    // More than the system takes for somebody who does not read.
    stalled.write_all(asked.repeat(16).as_bytes()).await.unwrap();
    assert_eq!(stalled.read_u8().await.unwrap(), b'H');
    // The end of the connection shows where more is sent; without a limit this would never come back.
    while stalled.write_all(b"G").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(browser.get("/").await.status, 200);
}

#[tokio::test]
async fn heads_are_limited_in_size_and_number_of_headers() {
    let world = World::new().await;
    let host = world.address.to_string();
    let large = Request::get("/").with("host", &host).with("x-large", &"x".repeat(20_000));
    assert_eq!(send(world.address, &large.bytes()).await.status, 431);
    let mut many = Request::get("/").with("host", &host);
    for at in 0..100 {
        many = many.and(&format!("x-{at}"), "x");
    }
    assert_eq!(send(world.address, &many.bytes()).await.status, 431);
    for broken in ["GET / HTTP/9.9\r\n\r\n", "nonsense\r\n\r\n", "GET / HTTP/1.1\r\nhost\r\n\r\n"] {
        assert_eq!(send(world.address, broken.as_bytes()).await.status, 400, "{broken:?}");
    }
}

#[tokio::test]
async fn a_body_of_two_lengths_is_refused() {
    let world = World::new().await;
    let stored = world.invoice("INV-1").await;
    let browser = world.enter().await;
    let form = browser.form(&stored, "fine").await;
    let post =
        browser.post(&format!("{}/approve", page(&stored)), &form).with("host", &world.address.to_string());
    let two = post.and("content-length", "5").and("content-length", "6");
    assert_eq!(send(world.address, &two.bytes()).await.status, 400);
    assert!(world.ledger.replay(&stored.proposal.proposal_id).await.unwrap().decisions.is_empty());
}

#[tokio::test]
async fn another_machine_may_reach_the_pages_only_where_that_was_said() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger_in(&folder).await;
    let everywhere = Bind { address: "0.0.0.0:0".parse().unwrap(), allow_remote: false };
    let refused = Server::bind(everywhere, parts(&ledger, false)).await.err().expect("refused");
    assert_eq!(refused.code, Code::BindNotLocal);
    assert!(refused.hint.unwrap().contains("--allow-remote-bind"));
    let said = Bind { allow_remote: true, ..everywhere };
    let server = Server::bind(said, parts(&ledger, false)).await.unwrap();
    assert!(server.link().unwrap().starts_with("http://127.0.0.1:"));
}

#[tokio::test]
async fn a_port_that_is_taken_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger_in(&folder).await;
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bind = Bind { address: taken.local_addr().unwrap(), ..local() };
    let refused = Server::bind(bind, parts(&ledger, false)).await.err().expect("refused");
    assert_eq!(refused.code, Code::AddressUnavailable);
}
