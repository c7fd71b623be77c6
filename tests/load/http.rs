//! What a read over HTTP costs: the binary as a server, next to a server that only echoes, in turns.
//!
//! `cargo bench -p synapsor-cli --bench http`. Times on a shared machine say little by themselves; the ratio to the echo,
//! measured in the same seconds, says more. Ends with an error where the server is idle over its memory.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and ends loudly"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

const ROUNDS: usize = 20;
const CALLS_PER_ROUND: usize = 100;

/// Most memory of a server that serves nobody.
const IDLE_KIB_MAX: u64 = 40 * 1024;

/// How long after its start a server is idle, handlers compiled.
const SETTLED: Duration = Duration::from_secs(5);

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    prepare(folder.path());
    let mut server = Server::start(folder.path());
    println!("first answer     {:>8.1} ms after the start", server.first_answer.as_secs_f64() * 1e3);
    std::thread::sleep(SETTLED);
    let idle_kib = server.resident_kib();
    println!("idle             {:>8.1} MiB", idle_kib as f64 / 1024.0);

    let (echo, _runtime) = echo();
    let read = request("/mcp");
    let (mut echoed, mut answered) = (Vec::new(), Vec::new());
    let mut echo = connect(&echo);
    let mut client = connect(&server.address);
    let cpu_before = server.cpu();
    for _ in 0..ROUNDS {
        echoed.extend((0..CALLS_PER_ROUND).map(|_| timed(&mut echo, &read)));
        answered.extend((0..CALLS_PER_ROUND).map(|_| timed(&mut client, &read)));
    }
    let cpu = server.cpu() - cpu_before;
    let floor = print("echo", &mut echoed);
    let own = print("read", &mut answered);
    println!("read to echo     {:>8.2} times at p50", own.as_secs_f64() / floor.as_secs_f64());
    println!("CPU of a read    {:>8.0} us", cpu.as_secs_f64() * 1e6 / answered.len() as f64);
    println!("after the load   {:>8.1} MiB", server.resident_kib() as f64 / 1024.0);
    server.child.kill().expect("is stopped");
    assert!(
        idle_kib <= IDLE_KIB_MAX,
        "an idle server may hold {IDLE_KIB_MAX} KiB, this one holds {idle_kib}"
    );
}

fn prepare(folder: &Path) {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_synapsor"));
    let prepared =
        demo.args(["demo", "--prepare-only", "--force", "--folder"]).arg(folder).output().expect("it runs");
    assert!(prepared.status.success(), "{}", String::from_utf8_lossy(&prepared.stderr));
}

struct Server {
    child: Child,
    address: String,
    first_answer: Duration,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let started = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_synapsor"));
        command.args(["mcp", "serve-streamable-http", "--dev-no-auth", "--port", "0"]).current_dir(folder);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the server starts");
        let mut log = BufReader::new(child.stderr.take().expect("stderr"));
        let mut line = String::new();
        log.read_line(&mut line).expect("a line");
        let address = line.trim().split('/').nth(2).expect("an address").to_owned();
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        timed(&mut connect(&address), &request("/mcp"));
        Self { child, address, first_answer: started.elapsed() }
    }

    fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// What the process used of the processors, in ticks of 10 ms.
    fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("a process");
        let after_name = stat.rsplit_once(") ").expect("a name").1;
        let fields: Vec<&str> = after_name.split(' ').collect();
        let ticks: u64 = [11, 12].iter().map(|at| fields[*at].parse::<u64>().expect("ticks")).sum();
        Duration::from_millis(ticks * 10)
    }
}

/// A server that does nothing but HTTP: what no server on this stack can be faster than.
fn echo() -> (String, tokio::runtime::Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("an address");
    let address = listener.local_addr().expect("an address").to_string();
    let router = axum::Router::new().route("/mcp", axum::routing::post(async |body: String| body));
    runtime.spawn(async move {
        use axum::serve::ListenerExt as _;
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, router).await
    });
    (address, runtime)
}

fn request(path: &str) -> Vec<u8> {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "load", "version": "0" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({ "name": "billing__inspect_invoice", "arguments": { "invoice_id": "INV-3001" }, "_meta": meta });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json, \
         text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: \
         billing__inspect_invoice\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body.into_bytes()].concat()
}

fn connect(address: &str) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(address).expect("a server");
    stream.set_nodelay(true).expect("an option");
    BufReader::new(stream)
}

/// How long one request takes on a connection that stays.
fn timed(client: &mut BufReader<TcpStream>, request: &[u8]) -> Duration {
    let sent = Instant::now();
    client.get_mut().write_all(request).expect("is sent");
    let mut length = 0;
    let mut line = String::new();
    while client.read_line(&mut line).expect("an answer") > 2 {
        if line.starts_with("HTTP/") {
            assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        line.clear();
    }
    let mut body = vec![0; length];
    client.read_exact(&mut body).expect("a body");
    sent.elapsed()
}

/// Prints a line of figures; the median.
fn print(what: &str, times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!(
        "{what:<8} p50     {:>8.0} us, p99 {:>8.0} us",
        at(50).as_secs_f64() * 1e6,
        at(99).as_secs_f64() * 1e6
    );
    at(50)
}
