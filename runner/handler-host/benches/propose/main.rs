//! What the box costs: one call of a real handler through this room, against a bare wasm host in the same run.
//!
//! The room runs guests in its own process and in a worker, both here; the program starts itself again for that. All start a
//! fresh instance of the same component with pooled memory and metering, answer its reads from memory, and drop the
//! instance. The bare host does nothing else: no limits on memory, no recorded reads, no log, no check of the answer.
//! `cargo bench -p synapsor-handler-host` prints the ratio for every language whose example handler is there, names the
//! others, and ends with the table that stands in the README; the times per call are criterion's.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark may fail loudly, and prints what it measured"
)]

mod bare;
mod sample;
mod start;
mod table;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use synapsor_handler_host::{BoxFuture, EngineSettings, Handler, HandlerEngine, Helper, Isolation};
use synapsor_protocol::Digest;
use tokio::runtime::Runtime;

use bare::BareHost;
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

const ROUNDS: usize = 100;
const CALLS_A_ROUND: u32 = 20;

/// Something whose time is measured.
type Work = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

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
    let mut rows = Vec::new();
    for example in EXAMPLES {
        let Some(sample) = Sample::find(example.name).map(Arc::new) else {
            println!("{}: not built, not measured", example.name);
            continue;
        };
        let digest = Digest::of_bytes(&sample.component);
        let load = |engine: &HandlerEngine| {
            let started = Instant::now();
            let handler = engine.load(&sample.component, &digest, sample.limits).expect("an example loads");
            (handler, started.elapsed())
        };
        let ((here, compiled), (there, _)) = (load(&threads), load(&process));
        let memory_bytes = runtime.block_on(boxed_call(&here, &sample));
        let bare = Arc::new(BareHost::new(&sample));
        let works =
            [start_only(&bare), plain_call(&bare), room_call(&here, &sample), room_call(&there, &sample)];
        let [instantiated, bare, in_process, in_worker] = in_turns(&runtime, &works);
        println!("{}", verdict(&example, bare, in_process, in_worker));
        let mut group = criterion.benchmark_group(example.name);
        for (level, work) in ["instantiate", "bare", "in_process", "process"].into_iter().zip(&works) {
            measure(&mut group, level, &runtime, work);
        }
        group.finish();
        let component_bytes = sample.component.len();
        rows.push(Row {
            example,
            component_bytes,
            compiled,
            memory_bytes,
            instantiated,
            bare,
            in_process,
            in_worker,
        });
    }
    for name in ["late-fee", "late-fee-typescript"] {
        start::print_warm_start(name);
    }
    table::print(&rows);
    criterion.final_summary();
    ExitCode::SUCCESS
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

fn measure(group: &mut BenchmarkGroup<'_, WallTime>, level: &str, runtime: &Runtime, work: &Work) {
    group.bench_function(level, |bencher| bencher.iter_custom(|times| timed(runtime, work, times)));
}

/// All take turns, so that a busy machine slows all; the median of the rounds is what is compared.
fn in_turns<const N: usize>(runtime: &Runtime, works: &[Work; N]) -> [Duration; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..ROUNDS {
        for (work, times) in works.iter().zip(&mut times) {
            times.push(timed(runtime, work, CALLS_A_ROUND.into()) / CALLS_A_ROUND);
        }
    }
    times.map(median)
}

/// On a thread of the runtime, where calls come from in a server.
fn timed(runtime: &Runtime, work: &Work, times: u64) -> Duration {
    let work = Arc::clone(work);
    let task = runtime.spawn(async move {
        let started = Instant::now();
        for _ in 0..times {
            work().await;
        }
        started.elapsed()
    });
    runtime.block_on(task).expect("does not panic")
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn verdict(example: &Example, bare: Duration, in_process: Duration, in_worker: Duration) -> String {
    let Example { name, most, .. } = example;
    let ratio = in_process.as_secs_f64() / bare.as_secs_f64();
    let added_us = (in_worker.as_secs_f64() - in_process.as_secs_f64()) * 1e6;
    let kept = |within| if within { "within" } else { "OVER" };
    format!(
        "{name}: bare {bare:.1?}, in process {in_process:.1?}: {ratio:.2} times, {} {most} times; in a worker \
         {in_worker:.1?}: {added_us:+.0} µs, {} {WORKER_ADDS_MAX_US:.0} µs",
        kept(ratio <= *most),
        kept(added_us <= WORKER_ADDS_MAX_US),
    )
}
