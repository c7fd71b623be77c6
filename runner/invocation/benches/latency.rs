//! What the ledger adds to a read call: the time until the row was read, and until the record of it is on disk.
//!
//! Both are of one call, so that they share whatever else the machine does. The source is a SQLite file, the quickest there is:
//! beside a database on a network the record weighs less.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends loudly"
)]

#[path = "../tests/room/desk.rs"]
#[expect(dead_code, reason = "a benchmark needs a part of the desk")]
mod desk;
#[path = "../../ledger/benches/ledger/table.rs"]
mod table;

use std::time::{Duration, Instant};

use serde_json::json;
use synapsor_invocation::{Stage, ToolCall};
use tokio::runtime::Runtime;

use desk::Desk;
use table::Table;

/// Calls, one after the other; the one with the middle ratio counts.
const CALLS: usize = 400;

fn main() {
    // `cargo test --benches` only asks whether it starts.
    if !std::env::args().any(|word| word == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let desk = runtime.block_on(Desk::new());
    let mut calls: Vec<_> = (0..CALLS).map(|_| call(&runtime, &desk)).collect();
    let ratio = |(read, recorded): &(Duration, Duration)| recorded.as_secs_f64() / read.as_secs_f64();
    calls.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
    let (read, recorded) = calls.get(CALLS / 2).copied().unwrap_or_default();
    let mut table = Table::new();
    let what = "read call with its record / until its row is read, in one process";
    table.at_most(what, ratio(&(read, recorded)), 1.3);
    Table::note("microseconds a call", &format!("{} / {}", recorded.as_micros(), read.as_micros()));
    table.end();
}

/// How long a call took until it had read, and until it had recorded.
fn call(runtime: &Runtime, desk: &Desk) -> (Duration, Duration) {
    let arguments = json!({ "ticket_id": "T-1" }).as_object().cloned().unwrap_or_default();
    let (stages, mut reached) = tokio::sync::mpsc::unbounded_channel();
    let mut call = ToolCall::new("support.inspect_ticket", arguments);
    call.stages = Some(stages);
    let (ready, begin) = std::sync::mpsc::channel();
    // Looks without a break, so that no time passes between the step and the look at the clock.
    let watching = std::thread::spawn(move || {
        ready.send(()).expect("somebody begins");
        while reached.try_recv() != Ok(Stage::Read) {
            std::hint::spin_loop();
        }
        Instant::now()
    });
    begin.recv().expect("the watch is ready");
    let start = Instant::now();
    let told = runtime.block_on(desk.runtime.invoke(call));
    let recorded = start.elapsed();
    told.unwrap_or_else(|refusal| panic!("refused: {refusal:?}"));
    (watching.join().expect("it has read").duration_since(start), recorded)
}
