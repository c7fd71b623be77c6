//! What the record adds to a read call as the one who waits for it sees it: an agent over HTTP that calls again and again.
//!
//! ```text
//! tests/with-databases cargo bench --workspace --bench served
//! ```
//!
//! The same door stands twice, before a notebook that keeps what it is given and before one that forgets it, which only a
//! benchmark has. Both are asked in turns, and the call in the middle of each counts. With the ledger on this disk a call waits
//! for the disk; with the ledger in memory what is left is this program's own work.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends loudly"
)]

#[path = "../../ledger/benches/ledger/table.rs"]
mod table;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use synapsor_invocation::{Handlers, Parts};
use synapsor_ledger::{Ledger, Opening};
use synapsor_mcp::auth::Authentication;
use synapsor_mcp::http::{HttpOptions, HttpProtocol, HttpServer};
use synapsor_mcp::{Live, ServeOptions};
use synapsor_protocol::standin::SteppingClock;
use synapsor_protocol::{Clock, Engine, Environment, Ids, Moment};
use synapsor_source::{Connect, SourceSettings, Sources};
use synapsor_test_servers::TestDatabase;
use tokio::runtime::Runtime;

use table::Table;

const CONFIG: &str = include_str!("../../../fixtures/demo/synapsor.runner.json");
const ON_SQLITE: &str = include_str!("../../../fixtures/demo/sqlite.sql");
const ON_POSTGRES: &str = include_str!("../../../fixtures/demo/postgres.sql");
const INVOICE: &str = "INV-3001";

/// Calls of each door, in turns.
const CALLS: usize = 2_000;

/// Calls before anything counts.
const FIRST_CALLS: usize = 50;

fn main() {
    // `cargo test --benches` only asks whether it starts.
    if !std::env::args().any(|word| word == "--bench") {
        return;
    }
    // As many drivers as the binary has.
    let drivers = std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(drivers).enable_all().build().expect("a runtime");
    let mut table = Table::new();
    for (engine, name) in [(Engine::Sqlite, "SQLite"), (Engine::Postgres, "PostgreSQL")] {
        let source = runtime.block_on(source(engine));
        let disk = tempfile::tempdir().expect("a folder");
        let memory = synapsor_test_servers::folder();
        for (place, folder) in [("on this disk", disk.path()), ("in memory", memory.path())] {
            let what = format!("read call of {name} over HTTP, with its record {place} / without");
            compare(&runtime, &source, folder, &mut table, &what);
        }
    }
    table.end();
}

async fn source(engine: Engine) -> TestDatabase {
    let database = synapsor_test_servers::database(engine).await;
    let script = if engine == Engine::Postgres { ON_POSTGRES } else { ON_SQLITE };
    database.execute(script).await;
    database
}

/// Asks both doors in turns, and prints how the calls in the middle compare.
fn compare(runtime: &Runtime, source: &TestDatabase, folder: &Path, table: &mut Table, what: &str) {
    let kept = runtime.block_on(door(source, &folder.join("kept.db"), false));
    let forgotten = runtime.block_on(door(source, &folder.join("forgotten.db"), true));
    let mut clients = [Client::of(kept), Client::of(forgotten)];
    for client in &mut clients {
        (0..FIRST_CALLS).for_each(|_| _ = client.call());
    }
    let [kept, forgotten] = &mut clients;
    let (with, without): (Vec<_>, Vec<_>) = (0..CALLS).map(|_| (kept.call(), forgotten.call())).unzip();
    let (with, without) = (middle(with), middle(without));
    table.at_most(what, with.as_secs_f64() / without.as_secs_f64(), 1.3);
    Table::note("microseconds a call", &format!("{} / {}", with.as_micros(), without.as_micros()));
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Counts over the whole process.
struct CountingIds;

impl Ids for CountingIds {
    fn token(&self) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        format!("{:032x}", NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The demo's runner over HTTP, with that source and a ledger of its own.
async fn door(source: &TestDatabase, ledger: &Path, forgets: bool) -> SocketAddr {
    let mut config: Json = serde_json::from_str(CONFIG).expect("JSON");
    let engine = source.engine();
    let connect = if engine == Engine::Postgres {
        let app = config.pointer_mut("/sources/app").expect("a source");
        *app = json!({ "engine": "postgres", "read_url_env": "SOURCE_URL" });
        let capabilities = config.pointer_mut("/capabilities").and_then(Json::as_array_mut);
        for capability in capabilities.expect("capabilities") {
            *capability.pointer_mut("/target/schema").expect("a schema") = json!("public");
        }
        Connect::Url(source.url().to_owned())
    } else {
        Connect::File(source.path().to_owned())
    };
    let checked = synapsor_config::check(&config.to_string());
    let config = checked.config.unwrap_or_else(|| panic!("{:#?}", checked.problems));
    let start = Moment::from_micros(1_780_000_000_000_000).expect("in range");
    let clock: Arc<dyn Clock> = Arc::new(SteppingClock::new(start, 1));
    let ids: Arc<dyn Ids> = Arc::new(CountingIds);
    let opening = Opening { create: true, clock: Arc::clone(&clock), ids: Arc::clone(&ids) };
    let notebook = Ledger::open(ledger, opening).await.expect("a ledger").notebook();
    let runtime = synapsor_invocation::Runtime::new(Parts {
        config: Arc::new(config),
        read_only: false,
        sources: Sources::new([SourceSettings {
            name: "app".into(),
            engine,
            connect,
            statement_timeout_ms: 2_500,
            connections_max: 4,
            acquire_timeout_ms: 5_000,
        }]),
        handlers: Handlers::default(),
        notebook: if forgets { notebook.forgetful() } else { notebook },
        clock,
        ids,
        environment: Environment::default(),
    });
    let live = Live::new(runtime, ServeOptions::new("0.0.0-bench")).expect("served");
    let options = HttpOptions::new(0, Authentication::None);
    let server = HttpServer::bind(HttpProtocol::Streamable, options).await.expect("a port");
    let address = server.address();
    tokio::spawn(server.serve(live, std::future::pending()));
    address
}

/// A connection that stays.
struct Client {
    stream: BufReader<TcpStream>,
    request: Vec<u8>,
}

impl Client {
    fn of(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a server");
        stream.set_nodelay(true).expect("an option");
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "served", "version": "0" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let name = "billing__inspect_invoice";
        let params = json!({ "name": name, "arguments": { "invoice_id": INVOICE }, "_meta": meta });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json, \
             text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: {name}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        Self { stream: BufReader::new(stream), request: [head, body].concat().into_bytes() }
    }

    /// How long one call takes.
    fn call(&mut self) -> Duration {
        let sent = Instant::now();
        self.stream.get_mut().write_all(&self.request).expect("is sent");
        let (mut line, mut bytes) = (String::new(), 0);
        while self.stream.read_line(&mut line).expect("an answer") > 2 {
            assert!(!line.starts_with("HTTP/") || line.contains(" 200 "), "{line}");
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                bytes = value.trim().parse().expect("a length");
            }
            line.clear();
        }
        let mut body = vec![0; bytes];
        self.stream.read_exact(&mut body).expect("a body");
        let taken = sent.elapsed();
        let text = String::from_utf8_lossy(&body);
        assert!(text.contains(INVOICE) && !text.contains("\"isError\":true"), "{text}");
        taken
    }
}
