//! What the box costs: one call of a real handler through this room, against a bare wasm host in the same run.
//!
//! The room runs guests on its threads and in a process of their own, both here; the program starts itself again for that.
//! All start a fresh instance of the same component with pooled memory and metering, answer its reads from memory, and drop
//! the instance. The bare host does nothing else: no limits on memory, no recorded reads, no log, no check of the answer.
//! `cargo bench -p synapsor-handler-host` prints the ratio for every language whose example handler is there, and names
//! the others; the times per call are criterion's.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark may fail loudly, and prints what it measured"
)]

mod bare;
mod sample;
mod start;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::Criterion;
use synapsor_handler_host::{EngineSettings, Handler, HandlerEngine, Helper, Isolation};
use synapsor_protocol::Digest;
use tokio::runtime::Runtime;

use bare::BareHost;
use sample::Sample;

/// Each example handler, and how many times the bare host's time it may take. Where the guest itself takes long, what the
/// room adds weighs less.
const HANDLERS: [(&str, f64); 6] = [
    ("late-fee", 2.0),
    ("late-fee-c", 2.0),
    ("late-fee-javascript", 1.3),
    ("late-fee-typescript", 1.3),
    ("late-fee-go", 1.3),
    ("late-fee-python", 1.3),
];

const ROUNDS: usize = 100;
const CALLS_A_ROUND: u32 = 20;

fn main() -> ExitCode {
    if let Some(end) = synapsor_handler_host::answer(std::env::args_os()) {
        return end;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    let this_program = Helper::this_program().expect("the system says which file this is");
    let engine = |isolation| {
        HandlerEngine::new(EngineSettings { isolation, ..EngineSettings::default() }).expect("wasm runs here")
    };
    let (threads, process) = (engine(Isolation::InProcess), engine(Isolation::Process(this_program)));
    let mut criterion = Criterion::default().configure_from_args();
    for (name, most) in HANDLERS {
        let Some(sample) = Sample::find(name) else {
            println!("{name}: absent, not measured");
            continue;
        };
        let load = |engine: &HandlerEngine| {
            let digest = Digest::of_bytes(&sample.component);
            engine.load(&sample.component, &digest, sample.limits).expect("an example handler loads")
        };
        let (threads, process) = (load(&threads), load(&process));
        let bare = BareHost::new(&sample);
        let in_process = || boxed_call(&runtime, &threads, &sample);
        let in_worker = || boxed_call(&runtime, &process, &sample);
        let plain = || bare.call(&runtime);
        assert!(plain(), "the bare host's call is answered with a change, as the room's is");
        print_ratio(name, most, in_process, in_worker, plain);
        let mut group = criterion.benchmark_group(name);
        group.bench_function("bare", |bencher| bencher.iter(plain));
        group.bench_function("in_process", |bencher| bencher.iter(in_process));
        group.bench_function("process", |bencher| bencher.iter(in_worker));
        group.finish();
    }
    start::print_warm_start();
    criterion.final_summary();
    ExitCode::SUCCESS
}

fn boxed_call(runtime: &Runtime, handler: &Handler, sample: &Sample) {
    let run = runtime.block_on(handler.propose(sample.call.clone(), Arc::clone(&sample.reads) as _));
    assert_eq!(run.expect("is answered").answer, sample.answer);
}

/// The three take turns, so that a busy machine slows all; the median of the rounds is what is compared.
fn print_ratio<T>(name: &str, most: f64, in_process: impl Fn(), in_worker: impl Fn(), plain: impl Fn() -> T) {
    let (mut threads, mut process, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        threads.push(timed(&in_process));
        process.push(timed(&in_worker));
        bare.push(timed(&plain));
    }
    let (threads, process, bare) = (median(threads), median(process), median(bare));
    let ratio = threads.as_secs_f64() / bare.as_secs_f64();
    let verdict = if ratio <= most { "within" } else { "OVER" };
    let dearer_us = (process.as_secs_f64() - threads.as_secs_f64()) * 1e6;
    println!("{name}: bare {bare:.1?}, in process {threads:.1?}: {ratio:.2} times, {verdict} {most} times");
    println!("{name}: in a worker {process:.1?}, {dearer_us:+.0} µs");
}

fn timed<T>(call: impl Fn() -> T) -> Duration {
    let started = Instant::now();
    for _ in 0..CALLS_A_ROUND {
        std::hint::black_box(call());
    }
    started.elapsed() / CALLS_A_ROUND
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
