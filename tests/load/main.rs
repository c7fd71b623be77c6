//! What a read costs a client: over HTTP and over stdio, with the ledger on, next to Google's MCP Toolbox doing the same
//! select on the same database, and next to a server that only echoes.
//!
//! ```text
//! cargo bench --workspace --bench http -- --peer PATH/toolbox [--proposals 100000] [--write]
//! ```
//!
//! The peer is the binary in the npm package `@toolbox-sdk/server`. Everybody is asked in turns, in the same seconds, because
//! times on a shared machine say little by themselves and their ratios say more. `--write` puts the table into
//! `docs/reference/measured.md`. A ledger that was filled is kept in `target/load` for the next time.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, rounds, and ends loudly"
)]

mod callers;
mod contenders;
mod filled;
mod process;
mod report;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use callers::{Caller, Http, Pipe};
use contenders::{Contender, Folder, echo};
use process::Server;
use report::{Report, Times};

const ROUNDS: usize = 20;
const CALLS_PER_ROUND: usize = 100;

/// Starts of which the middle one counts.
const STARTS: usize = 7;

/// Clients at once where it is counted how many calls are answered in a second.
const CLIENTS: usize = 8;
const CALLS_PER_CLIENT: usize = 250;

/// How long after its start a server is idle, handlers compiled.
const SETTLED: Duration = Duration::from_secs(5);

/// What was asked for on the command line.
struct Settings {
    peer: Option<PathBuf>,
    proposals: usize,
    write: bool,
}

impl Settings {
    fn given() -> Self {
        let mut settings = Self { peer: None, proposals: 10_000, write: false };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--peer" => settings.peer = Some(words.next().expect("--peer PATH").into()),
                "--proposals" => {
                    settings.proposals = words.next().and_then(|n| n.parse().ok()).expect("--proposals N");
                }
                "--write" => settings.write = true,
                // Cargo's own.
                "--bench" => {}
                other => panic!("`{other}` is not one of --peer PATH, --proposals N, --write"),
            }
        }
        settings
    }
}

fn main() {
    let settings = Settings::given();
    let memory = Folder::in_memory();
    let own = Contender::synapsor(&memory);
    let peer = settings.peer.as_ref().map(|program| Contender::toolbox(program, &memory));
    if peer.is_none() {
        println!("no peer: name Toolbox's binary with `-- --peer PATH` to compare with it");
    }
    let mut report = Report::new(settings.proposals);
    let everybody: Vec<&Contender> = [&own].into_iter().chain(&peer).collect();
    starts(&everybody, &mut report);
    idle(&everybody, &mut report);
    over_http(&everybody, &mut report);
    over_stdio(&everybody, &mut report);
    many_clients(&everybody, &mut report);
    on_disk(&own, &mut report);
    with_history(settings.proposals, &mut report);
    println!("{}", report.table());
    if settings.write {
        report.write();
    }
    report.judge();
}

/// From the start of the process to the answer of a read.
fn starts(everybody: &[&Contender], report: &mut Report) {
    for contender in everybody {
        let first = |_| {
            let started = Instant::now();
            let server = Server::over_http(contender);
            let mut client = Http::new(&server.address, contender);
            client.call();
            started.elapsed()
        };
        report.first_answer.push(Times::of((0..STARTS).map(first).collect()).p50());
    }
}

fn idle(everybody: &[&Contender], report: &mut Report) {
    let servers: Vec<Server> = everybody.iter().map(|contender| Server::over_http(contender)).collect();
    for (server, contender) in servers.iter().zip(everybody) {
        Http::new(&server.address, contender).call();
    }
    std::thread::sleep(SETTLED);
    report.idle_kib = servers.iter().map(Server::resident_kib).collect();
}

fn over_http(everybody: &[&Contender], report: &mut Report) {
    let servers: Vec<Server> = everybody.iter().map(|contender| Server::over_http(contender)).collect();
    let mut clients: Vec<Box<dyn Caller>> = Vec::new();
    for (server, contender) in servers.iter().zip(everybody) {
        clients.push(Box::new(Http::new(&server.address, contender)));
    }
    let (echo, _runtime) = echo();
    clients.push(Box::new(Http::new(&echo, everybody[0]).echoed()));
    let before: Vec<Duration> = servers.iter().map(Server::cpu).collect();
    let mut times = in_turns(&mut clients);
    report.echo = times.pop().map(|echo| echo.p50());
    report.http = times;
    report.http_cpu = per_call(&servers, &before);
}

fn over_stdio(everybody: &[&Contender], report: &mut Report) {
    let mut servers = Vec::new();
    let mut clients: Vec<Box<dyn Caller>> = Vec::new();
    for contender in everybody {
        let mut server = Server::over_stdio(contender);
        clients.push(Box::new(Pipe::new(&mut server, contender)));
        servers.push(server);
    }
    for client in &mut clients {
        client.call();
    }
    let before: Vec<Duration> = servers.iter().map(Server::cpu).collect();
    report.stdio = in_turns(&mut clients);
    report.stdio_cpu = per_call(&servers, &before);
}

/// Every client's times, each asking for a while before the next one does.
fn in_turns(clients: &mut [Box<dyn Caller>]) -> Vec<Times> {
    let mut times = vec![Vec::new(); clients.len()];
    for _ in 0..ROUNDS {
        for (client, times) in clients.iter_mut().zip(&mut times) {
            times.extend((0..CALLS_PER_ROUND).map(|_| client.call()));
        }
    }
    times.into_iter().map(Times::of).collect()
}

fn per_call(servers: &[Server], before: &[Duration]) -> Vec<Duration> {
    let calls = u32::try_from(ROUNDS * CALLS_PER_ROUND).expect("a number of calls");
    servers.iter().zip(before).map(|(server, before)| (server.cpu() - *before) / calls).collect()
}

/// Calls answered in a second, asked by several clients at once; the best of three turns each.
fn many_clients(everybody: &[&Contender], report: &mut Report) {
    let servers: Vec<Server> = everybody.iter().map(|contender| Server::over_http(contender)).collect();
    let mut best = vec![0.0_f64; everybody.len()];
    for _ in 0..3 {
        for ((server, contender), best) in servers.iter().zip(everybody).zip(&mut best) {
            let mut clients: Vec<Http> =
                (0..CLIENTS).map(|_| Http::new(&server.address, contender)).collect();
            let started = Instant::now();
            std::thread::scope(|scope| {
                for client in &mut clients {
                    scope.spawn(move || (0..CALLS_PER_CLIENT).for_each(|_| _ = client.call()));
                }
            });
            *best = best.max((CLIENTS * CALLS_PER_CLIENT) as f64 / started.elapsed().as_secs_f64());
        }
    }
    report.per_second = best;
}

/// The same read where every record of it is on the disk before the answer is sent.
fn on_disk(own: &Contender, report: &mut Report) {
    let folder = Folder::on_disk();
    report.disk = Some(compared(own, &Contender::synapsor(&folder)));
}

/// The same read with ten proposals in the ledger and with very many.
fn with_history(proposals: usize, report: &mut Report) {
    let few = Folder::in_memory();
    filled::fill(&Contender::synapsor(&few), 0, 10);
    let many = Folder::in_memory();
    filled::fill_or_copy(&many, proposals);
    report.history = Some(compared(&Contender::synapsor(&few), &Contender::synapsor(&many)));
}

/// How much longer the second one takes, in the middle.
fn compared(one: &Contender, other: &Contender) -> f64 {
    let servers = [Server::over_http(one), Server::over_http(other)];
    let clients = servers.iter().zip([one, other]);
    let mut clients: Vec<Box<dyn Caller>> = clients
        .map(|(server, contender)| Box::new(Http::new(&server.address, contender)) as Box<dyn Caller>)
        .collect();
    let times = in_turns(&mut clients);
    times[1].p50().as_secs_f64() / times[0].p50().as_secs_f64()
}
