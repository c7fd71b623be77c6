//! A stand-in for an application's endpoint that behaves as it is told, and remembers what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value as Json, json};
use synapsor_writeback::{ExecutorSettings, HttpReach, Reach, SigningKey};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const NEXT_SECRET: &str = "fedcba9876543210fedcba9876543210";
pub(crate) const TOKEN: &str = "app-token";

/// What it does with one request.
#[derive(Clone)]
pub(crate) enum Behaviour {
    /// Answers to this request, with these members over its own.
    Says(u16, Json),
    /// These bytes instead of an HTTP answer, then the connection closes.
    Raw(Vec<u8>),
    /// Says nothing, ever.
    Hangs,
    /// A status of 200, and then bytes without end.
    Floods,
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn document(&self) -> Json {
        serde_json::from_slice(&self.body).expect("a request is JSON")
    }
}

/// The endpoint; it ends with the test.
pub(crate) struct Standin {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Standin {
    /// Behaves so once each, and then goes on with the last.
    pub(crate) async fn that(behaviours: impl IntoIterator<Item = Behaviour>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut behaviours: VecDeque<Behaviour> = behaviours.into_iter().collect();
        let seen = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let next =
                    if behaviours.len() > 1 { behaviours.pop_front() } else { behaviours.front().cloned() };
                tokio::spawn(serve(stream, next.expect("a behaviour"), Arc::clone(&seen)));
            }
        });
        Self { url, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("nobody panicked").clone()
    }

    /// The executor of that name, here.
    pub(crate) fn executor(&self, name: &str) -> ExecutorSettings {
        at(name, &self.url)
    }
}

/// An executor at that URL, signed for with two keys.
pub(crate) fn at(name: &str, url: &str) -> ExecutorSettings {
    let key = |id: &str, secret: &str| SigningKey { id: id.into(), secret: secret.into() };
    ExecutorSettings {
        name: name.into(),
        timeout_ms: 1_000,
        reach: Reach::Http(HttpReach {
            url: url.into(),
            method: "POST".into(),
            token: Some(TOKEN.into()),
            keys: vec![key("2026", SECRET), key("2027", NEXT_SECRET)],
            private_addresses: false,
        }),
    }
}

async fn serve(mut stream: TcpStream, behaviour: Behaviour, seen: Arc<Mutex<Vec<Asked>>>) {
    let Some(asked) = read(&mut stream).await else { return };
    let document = asked.document();
    seen.lock().expect("nobody panicked").push(asked);
    match behaviour {
        Behaviour::Says(status, over) => {
            let body = answer(&document, &over).to_string();
            let head = format!("HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n\r\n", body.len());
            send(&mut stream, format!("{head}{body}").as_bytes()).await;
        }
        Behaviour::Raw(bytes) => {
            send(&mut stream, &bytes).await;
        }
        Behaviour::Hangs => std::future::pending().await,
        Behaviour::Floods => {
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n";
            let block = [b' '; 65_536];
            let mut goes_on = send(&mut stream, head).await;
            while goes_on {
                goes_on = send(&mut stream, &block).await;
            }
        }
    }
}

async fn send(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    stream.write_all(bytes).await.is_ok() && stream.flush().await.is_ok()
}

/// An answer to this request: applied, with these members over it; `null` takes one out.
fn answer(request: &Json, over: &Json) -> Json {
    let mut answer = Map::from_iter([
        ("schema_version".to_owned(), json!("synapsor.executor-answer.v1")),
        ("status".to_owned(), json!("applied")),
        ("rows_affected".to_owned(), json!(null)),
    ]);
    for id in ["proposal_id", "proposal_digest", "idempotency_key"] {
        answer.insert(id.to_owned(), request[id].clone());
    }
    answer.extend(over.as_object().expect("an object").clone());
    answer.retain(|_, value| !value.is_null());
    Json::Object(answer)
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0_u8; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let headers: BTreeMap<String, String> = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length: usize = headers.get("content-length")?.parse().ok()?;
        if bytes.len() >= end + 4 + length {
            return Some(Asked { headers, body: bytes[end + 4..end + 4 + length].to_vec() });
        }
    }
}
