//! A stand-in for a hosted service: it follows the published protocol, and misbehaves where it is told to.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

pub(crate) const DOCTOR: &str = "/v1/writeback/runner/doctor";
pub(crate) const REGISTER: &str = "/v1/runner/register";
pub(crate) const HEARTBEAT: &str = "/v1/runner/heartbeat";
pub(crate) const TOOLS: &str = "/v1/agent/adapters/tools";
pub(crate) const CALL: &str = "/v1/agent/adapters/call-tool";

pub(crate) const ADAPTER: &str = "mcp.billing";
pub(crate) const TOKEN: &str = "syn_wbr_0123456789abcdef";
pub(crate) const READ: &str = "billing.inspect_invoice";
pub(crate) const PROPOSE: &str = "billing.propose_late_fee_waiver";

/// What it does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    /// This status and document.
    Says(u16, Json),
    /// As it should, with these members over its own.
    Mostly(Json),
    /// These bytes instead of an HTTP answer, then the connection closes.
    Raw(String),
    /// Says nothing, ever.
    Hangs,
    /// A status of 200 and one byte now and then.
    Drips,
    /// A status of 200, and then a gigabyte.
    Floods,
    /// These bytes, and the connection stays open.
    Stays(String),
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) document: Json,
}

#[derive(Default)]
struct State {
    asked: Mutex<Vec<Asked>>,
    behaviours: Mutex<BTreeMap<String, VecDeque<Behaviour>>>,
    tools: Mutex<Vec<Json>>,
    given_up: Notify,
    gone: Notify,
}

/// The service; it ends with the test.
#[derive(Clone)]
pub(crate) struct Standin {
    pub(crate) url: String,
    state: Arc<State>,
}

impl Standin {
    /// One that behaves.
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/base", listener.local_addr().expect("an address"));
        let state = Arc::new(State::default());
        let standin = Self { url, state: Arc::clone(&state) };
        standin.has(vec![read(), proposal()]);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let Ok((stream, _)) = accepted else { return };
                        tokio::spawn(serve(stream, Arc::clone(&state)));
                    }
                    () = state.gone.notified() => break,
                }
            }
        });
        standin
    }

    /// Behaves so there, once each, and then as it should.
    pub(crate) fn there(&self, path: &str, behaviours: impl IntoIterator<Item = Behaviour>) -> &Self {
        let mut all = self.state.behaviours.lock().expect("nobody panicked");
        all.entry(path.to_owned()).or_default().extend(behaviours);
        self
    }

    /// Has these tools from now on.
    pub(crate) fn has(&self, tools: Vec<Json>) {
        *self.state.tools.lock().expect("nobody panicked") = tools;
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().expect("nobody panicked").clone()
    }

    /// How often it was asked there.
    pub(crate) fn times(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| asked.path == path).count()
    }

    /// Goes away: nobody listens there any more.
    pub(crate) async fn goes_away(&self) {
        self.state.gone.notify_one();
        // Told back once the port was given up.
        while tokio::net::TcpStream::connect(self.url.trim_start_matches("http://").trim_end_matches("/base"))
            .await
            .is_ok()
        {
            tokio::task::yield_now().await;
        }
    }

    /// Until a caller hung up on it.
    pub(crate) async fn given_up(&self) {
        self.state.given_up.notified().await;
    }
}

/// A tool that reads.
pub(crate) fn read() -> Json {
    json!({
        "name": READ,
        "description": "Shows one invoice with its fee.",
        "input_schema": { "type": "object", "required": ["invoice_id"], "additionalProperties": false,
            "properties": { "invoice_id": { "type": "string", "maxLength": 40 } } },
        "output_schema": { "type": "object", "properties": { "late_fee_cents": { "type": "integer" } } },
        "annotations": { "readOnlyHint": true },
    })
}

/// A tool that proposes.
pub(crate) fn proposal() -> Json {
    json!({
        "name": PROPOSE,
        "description": "Proposes to waive the late fee of an invoice, for review.",
        "input_schema": { "type": "object", "required": ["invoice_id", "reason"],
            "properties": { "invoice_id": { "type": "string" }, "reason": { "type": "string" } } },
        "annotations": { "readOnlyHint": false },
    })
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let Some(asked) = next(&mut stream).await else { return };
    let path = asked.path.strip_prefix("/base").unwrap_or(&asked.path).to_owned();
    let behaviour = {
        let mut all = state.behaviours.lock().expect("nobody panicked");
        all.get_mut(&path).and_then(VecDeque::pop_front)
    };
    let usual = usual(&path, &asked.document, &state);
    state.asked.lock().expect("nobody panicked").push(Asked { path, ..asked });
    let (status, document) = match behaviour {
        None => usual,
        Some(Behaviour::Says(status, document)) => (status, document),
        Some(Behaviour::Mostly(over)) => (usual.0, over_of(usual.1, &over)),
        Some(behaviour) => return misbehave(stream, behaviour, &state).await,
    };
    let body = document.to_string();
    let head =
        format!("HTTP/1.1 {status} Said\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    send(&mut stream, format!("{head}{body}").as_bytes()).await;
}

/// What a service that follows the protocol says.
fn usual(path: &str, document: &Json, state: &State) -> (u16, Json) {
    match path {
        DOCTOR | REGISTER | HEARTBEAT => (200, json!({ "ok": true })),
        "/health" => (200, json!({ "status": "ok" })),
        TOOLS => {
            let tools = state.tools.lock().expect("nobody panicked").clone();
            (200, json!({ "ok": true, "adapter_id": document["adapter"], "tools": tools }))
        }
        CALL => {
            let known = state
                .tools
                .lock()
                .expect("nobody panicked")
                .iter()
                .any(|tool| tool["name"] == document["tool"]);
            let result = json!({ "status": "ok", "late_fee_cents": 5500, "source_database_mutated": false,
                "read_for": document["session"]["tenant_id"] });
            match known {
                true => (200, json!({ "ok": true, "tool": document["tool"], "result": result })),
                false => (404, json!({ "ok": false, "error": "tool_not_found" })),
            }
        }
        _ => (404, json!({ "ok": false, "error": "not_found" })),
    }
}

fn over_of(mut document: Json, over: &Json) -> Json {
    let members = document.as_object_mut().expect("an object");
    members.extend(over.as_object().expect("an object").clone());
    document
}

async fn misbehave(mut stream: TcpStream, behaviour: Behaviour, state: &State) {
    let mut goes_on = true;
    match behaviour {
        Behaviour::Raw(bytes) => {
            send(&mut stream, bytes.as_bytes()).await;
        }
        Behaviour::Stays(bytes) => {
            send(&mut stream, bytes.as_bytes()).await;
            while stream.read(&mut [0_u8; 64]).await.is_ok_and(|count| count > 0) {}
        }
        Behaviour::Hangs => {
            // Nothing more is sent until the caller hangs up.
            while stream.read(&mut [0_u8; 64]).await.is_ok_and(|count| count > 0) {}
            state.given_up.notify_one();
        }
        Behaviour::Drips => {
            send(&mut stream, b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await;
            while goes_on {
                goes_on = send(&mut stream, b" ").await;
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
        Behaviour::Floods => {
            send(&mut stream, b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n").await;
            while goes_on {
                goes_on = send(&mut stream, &[b' '; 65_536]).await;
            }
        }
        Behaviour::Says(..) | Behaviour::Mostly(_) => unreachable!("they are answers"),
    }
}

async fn send(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    stream.write_all(bytes).await.is_ok() && stream.flush().await.is_ok()
}

async fn next(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let header = |name: &str| {
                let mut found = head.lines().filter_map(|line| line.split_once(": "));
                found.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
            };
            let length: usize = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                return Some(Asked {
                    path: head.split(' ').nth(1)?.to_owned(),
                    authorization: header("authorization"),
                    document: serde_json::from_slice(&bytes[end + 4..]).unwrap_or(Json::Null),
                });
            }
        }
        let mut chunk = [0_u8; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
    }
}
