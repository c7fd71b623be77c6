//! What was measured, as the rows of the README's table.

use std::time::Duration;

use crate::{BARE, Example, IN_PROCESS, IN_WORKER, INSTANTIATE};

/// One language's example.
pub(crate) struct Row {
    pub(crate) example: Example,
    pub(crate) component_bytes: usize,
    pub(crate) compiled: Duration,
    pub(crate) memory_bytes: u64,
    /// One of each, in the order they take turns.
    pub(crate) times: [Duration; 4],
}

pub(crate) fn print(rows: &[Row]) {
    println!(
        "| Language | Build | Component | Compile, once | Memory | Instance alone | Bare host | In process | In a worker |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for row in rows {
        println!(
            "| {} | `handlers/build {}` | {} | {} | {} | {} | {} | {} | {} |",
            row.example.language,
            row.example.name,
            bytes(u64::try_from(row.component_bytes).unwrap_or(u64::MAX)),
            time(row.compiled),
            bytes(row.memory_bytes),
            time(row.times[INSTANTIATE]),
            time(row.times[BARE]),
            time(row.times[IN_PROCESS]),
            time(row.times[IN_WORKER]),
        );
    }
}

/// Two figures that mean something, in the unit a person would take.
fn time(time: Duration) -> String {
    match time.as_micros() {
        us @ ..1_000 => format!("{us} µs"),
        us @ 1_000..10_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        us @ 10_000..1_000_000 => format!("{} ms", us / 1_000),
        us => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
    }
}

fn bytes(bytes: u64) -> String {
    match bytes {
        ..1_000_000 => format!("{} KB", bytes / 1_000),
        1_000_000..10_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}
