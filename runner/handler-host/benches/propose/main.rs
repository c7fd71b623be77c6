//! What the box costs: one call of a real handler through this room, against a bare wasm host in the same run.
//!
//! The room runs guests in its own process and in a worker, both here; the program starts itself again for that. All start a
//! fresh instance of the same component with pooled memory and metering, answer its reads from memory, and drop the
//! instance. The bare host does nothing else: no limits on memory, no recorded reads, no log, no check of the answer.
//! `cargo bench --workspace --bench propose` says for every language whose example handler is there what the box costs, how
//! long a start takes that finds its handlers compiled, and ends with the table that stands in the README. Names of handlers
//! after `--` leave out the others.
//!
//! Absent on purpose: criterion. It measures one thing for seconds and then the next, and on a machine that does anything else
//! that compares two moments; see `rounds.rs`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark may fail loudly, and prints what it measured"
)]

mod bare;
mod rounds;
mod sample;
mod start;
mod table;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use synapsor_handler_host::{EngineSettings, Handler, HandlerEngine, Helper, Isolation};
use synapsor_protocol::Digest;
use tokio::runtime::Runtime;

use bare::BareHost;
use rounds::{Rounds, Work};
use sample::Sample;
use table::Row;

/// An example handler, and how many times the bare host's time it may take. Where the guest itself takes long, what the room
/// adds weighs less.
struct Example {
    language: &'static str,
    name: &'static str,
    most: f64,
}

const EXAMPLES: [Example; 5] = [
    Example { language: "Rust", name: "late-fee", most: 2.0 },
    Example { language: "C", name: "late-fee-c", most: 2.0 },
    Example { language: "TypeScript, JavaScript", name: "late-fee-typescript", most: 1.3 },
    Example { language: "Go", name: "late-fee-go", most: 1.3 },
    Example { language: "Python", name: "late-fee-python", most: 1.3 },
];
/// What a worker may add to a call.
const WORKER_ADDS_MAX_US: f64 = 100.0;

/// What takes turns, in this order.
const INSTANTIATE: usize = 0;
const BARE: usize = 1;
const IN_PROCESS: usize = 2;
const IN_WORKER: usize = 3;

fn main() -> ExitCode {
    if let Some(end) = synapsor_handler_host::answer(std::env::args_os()) {
        return end;
    }
    let named: Vec<_> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|named| named == name);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    let engines = Engines::start();
    let mut rows = Vec::new();
    for example in EXAMPLES.into_iter().filter(|example| wanted(example.name)) {
        match Sample::find(example.name) {
            Some(sample) => rows.push(measured(&runtime, &engines, example, Arc::new(sample))),
            None => println!("{}: not built, not measured", example.name),
        }
    }
    for name in ["late-fee", "late-fee-typescript"].into_iter().filter(|name| wanted(name)) {
        start::print_warm_start(name);
    }
    table::print(&rows);
    ExitCode::SUCCESS
}

/// Both levels of the room. They share what is compiled.
struct Engines {
    in_process: HandlerEngine,
    in_worker: HandlerEngine,
    _cache: tempfile::TempDir,
}

impl Engines {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let this_program = Helper::this_program().expect("the system says which file this is");
        let engine = |isolation| {
            let cache = Some(start::cache_in(&folder));
            HandlerEngine::new(EngineSettings { isolation, cache, ..EngineSettings::default() })
                .expect("wasm runs here")
        };
        let in_process = engine(Isolation::InProcess);
        Self { in_process, in_worker: engine(Isolation::Process(this_program)), _cache: folder }
    }
}

fn measured(runtime: &Runtime, engines: &Engines, example: Example, sample: Arc<Sample>) -> Row {
    let digest = Digest::of_bytes(&sample.component);
    let load = |engine: &HandlerEngine| {
        engine.load(&sample.component, &digest, sample.limits).expect("an example loads")
    };
    let started = Instant::now();
    let here = load(&engines.in_process);
    let compiled = started.elapsed();
    let there = load(&engines.in_worker);
    let memory_bytes = runtime.block_on(boxed_call(&here, &sample));
    let bare = Arc::new(BareHost::new(&sample));
    let works = [start_only(&bare), plain_call(&bare), room_call(&here, &sample), room_call(&there, &sample)];
    let rounds = Rounds::run(runtime, &works);
    println!("{}", verdict(&example, &rounds));
    let times = rounds.medians();
    let component_bytes = sample.component.len();
    Row { example, component_bytes, compiled, memory_bytes, times }
}

fn start_only(bare: &Arc<BareHost>) -> Work {
    let bare = Arc::clone(bare);
    Arc::new(move || {
        let bare = Arc::clone(&bare);
        Box::pin(async move { bare.instantiate().await })
    })
}

fn plain_call(bare: &Arc<BareHost>) -> Work {
    let bare = Arc::clone(bare);
    Arc::new(move || {
        let bare = Arc::clone(&bare);
        Box::pin(async move { bare.call().await })
    })
}

fn room_call(handler: &Handler, sample: &Arc<Sample>) -> Work {
    let (handler, sample) = (handler.clone(), Arc::clone(sample));
    Arc::new(move || {
        let (handler, sample) = (handler.clone(), Arc::clone(&sample));
        Box::pin(async move {
            boxed_call(&handler, &sample).await;
        })
    })
}

/// The memory it took.
async fn boxed_call(handler: &Handler, sample: &Sample) -> u64 {
    let run =
        handler.propose(sample.call.clone(), Arc::clone(&sample.reads) as _).await.expect("is answered");
    assert_eq!(run.answer, sample.answer);
    run.usage.memory_bytes
}

fn verdict(example: &Example, rounds: &Rounds<4>) -> String {
    let Example { name, most, .. } = example;
    let [_, bare, in_process, in_worker] = rounds.medians();
    let (ratio, added_us) = (rounds.ratio(IN_PROCESS, BARE), rounds.added_us(IN_WORKER, IN_PROCESS));
    let kept = |within| if within { "within" } else { "OVER" };
    format!(
        "{name}: bare {bare:.1?}, in process {in_process:.1?}: {ratio:.2} times, {} {most} times; in a worker \
         {in_worker:.1?}: {added_us:+.0} µs, {} {WORKER_ADDS_MAX_US:.0} µs",
        kept(ratio <= *most),
        kept(added_us <= WORKER_ADDS_MAX_US),
    )
}
