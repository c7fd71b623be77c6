//! What the ledger promises about its speed, measured in one run and printed as a table.
//!
//! `SYNAPSOR_BENCH_EVENTS` says how long the chain is that is verified (100,000 by default), `SYNAPSOR_BENCH_PROPOSALS`
//! how large the ledger is that is searched (as many). `cargo bench --workspace --bench ledger -- search` runs one part, and
//! `--write` puts what was measured into `docs/reference/measured-ledger.md`.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark prints, and ends loudly")]

#[path = "../../tests/room/ground.rs"]
#[expect(dead_code, reason = "a benchmark needs a part of the ground")]
mod ground;
#[path = "../../tests/room/story.rs"]
#[expect(dead_code, clippy::panic, reason = "a benchmark tells a part of the stories")]
mod story;

mod append;
mod large;
mod proof;
mod search;
mod table;

use table::Table;

fn main() {
    // `cargo test --benches` only asks whether it starts.
    if !std::env::args().any(|word| word == "--bench") {
        return;
    }
    let mut table = Table::new();
    let wanted = |name: &str| {
        let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
        words.is_empty() || words.iter().any(|word| word == name)
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if wanted("append") {
        append::shared(&runtime, &mut table);
        append::proposal(&runtime, &mut table);
    }
    if wanted("verify") {
        runtime.block_on(proof::verify(&mut table));
    }
    if wanted("search") {
        runtime.block_on(search::search(&mut table));
    }
    table.end();
}
