//! A stand-in for an application's endpoint that behaves as it is told, and remembers what it was asked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hmac::Mac as _;
use serde_json::{Map, Value as Json, json};
use synapsor_test_servers::Session;
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
    /// A status of 200, and then a byte now and then.
    Drips,
    /// These bytes; then it says no more, and goes on listening.
    ClosesHalf(&'static [u8]),
    /// Carries the change out, and then behaves so.
    Acts(Box<Behaviour>),
    /// Does what it is asked and says so, to whoever signs with the secret it knows.
    Honest,
}

/// The application behind an endpoint: what it has done to the source, at most once per key.
pub(crate) struct Application {
    session: Session,
    done: BTreeSet<String>,
}

impl Application {
    pub(crate) fn on(session: Session) -> Arc<tokio::sync::Mutex<Self>> {
        Arc::new(tokio::sync::Mutex::new(Self { session, done: BTreeSet::new() }))
    }

    /// Carries the change out; `false` where it had been.
    async fn carry_out(&mut self, key: &str) -> bool {
        let first = self.done.insert(key.to_owned());
        if first {
            let sql = "UPDATE invoices SET fee_cents = 0, version = version + 1 WHERE id = 'INV-1'";
            self.session.execute(sql).await;
        }
        first
    }

    async fn answer(&mut self, request: &Json) -> &'static str {
        let key = request["idempotency_key"].as_str().expect("a key");
        let is_done = self.done.contains(key);
        match request["purpose"].as_str() {
            Some("execute") if self.carry_out(key).await => "applied",
            Some("execute" | "dry_run" | "look_up") if is_done => "already_applied",
            Some("dry_run") => "would_apply",
            Some("look_up") => "not_found",
            other => panic!("no purpose: {other:?}"),
        }
    }
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
        Self::of(None, behaviours).await
    }

    /// The same, in front of an application that can act.
    pub(crate) async fn of(
        application: Option<&Arc<tokio::sync::Mutex<Application>>>,
        behaviours: impl IntoIterator<Item = Behaviour>,
    ) -> Self {
        let application = application.cloned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut behaviours: VecDeque<Behaviour> = behaviours.into_iter().collect();
        let seen = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let next =
                    if behaviours.len() > 1 { behaviours.pop_front() } else { behaviours.front().cloned() };
                let serving =
                    serve(stream, next.expect("a behaviour"), Arc::clone(&seen), application.clone());
                tokio::spawn(serving);
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

/// The signature of a body, as it stands in the header.
pub(crate) fn signed(secret: &str, body: &[u8]) -> String {
    let mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    format!("sha256={}", hex::encode(mac.chain_update(body).finalize().into_bytes()))
}

async fn serve(
    mut stream: TcpStream,
    behaviour: Behaviour,
    seen: Arc<Mutex<Vec<Asked>>>,
    application: Option<Arc<tokio::sync::Mutex<Application>>>,
) {
    let Some(asked) = read(&mut stream).await else { return };
    let is_signed = asked.headers.get("x-synapsor-signature") == Some(&signed(SECRET, &asked.body));
    let document = asked.document();
    seen.lock().expect("nobody panicked").push(asked);
    let mut behaviour = behaviour;
    if let Behaviour::Acts(then) = behaviour {
        let key = document["idempotency_key"].as_str().expect("a key");
        application.as_ref().expect("an application").lock().await.carry_out(key).await;
        behaviour = *then;
    }
    if matches!(behaviour, Behaviour::Honest) {
        behaviour = if is_signed {
            let said = application.as_ref().expect("an application").lock().await.answer(&document).await;
            Behaviour::Says(200, json!({ "status": said }))
        } else {
            Behaviour::Raw(b"HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n".to_vec())
        };
    }
    behave(&mut stream, behaviour, &document).await;
}

async fn behave(stream: &mut TcpStream, behaviour: Behaviour, document: &Json) {
    match behaviour {
        Behaviour::Says(status, over) => {
            let body = answer(document, &over).to_string();
            let head = format!("HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n\r\n", body.len());
            send(stream, format!("{head}{body}").as_bytes()).await;
        }
        Behaviour::Raw(bytes) => {
            send(stream, &bytes).await;
        }
        Behaviour::ClosesHalf(bytes) => {
            send(stream, bytes).await;
            // Whoever waits for more sees the end of the stream, and may still write.
            let _ = stream.shutdown().await;
            std::future::pending().await
        }
        Behaviour::Hangs => std::future::pending().await,
        Behaviour::Drips => {
            let mut goes_on = send(stream, b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await;
            while goes_on {
                tokio::time::sleep(Duration::from_millis(50)).await;
                goes_on = send(stream, b" ").await;
            }
        }
        Behaviour::Floods => {
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n";
            let block = [b' '; 65_536];
            let mut goes_on = send(stream, head).await;
            while goes_on {
                goes_on = send(stream, &block).await;
            }
        }
        Behaviour::Acts(_) | Behaviour::Honest => unreachable!("came to one of the others"),
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
