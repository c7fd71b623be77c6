//! What was measured, as the rows of the README's table.

use std::time::Duration;

use crate::Example;

/// One language's example.
pub(crate) struct Row {
    pub(crate) example: Example,
    pub(crate) component_bytes: usize,
    pub(crate) compiled: Duration,
    pub(crate) memory_bytes: u64,
    pub(crate) instantiated: Duration,
    pub(crate) bare: Duration,
    pub(crate) in_process: Duration,
    pub(crate) in_worker: Duration,
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
            time(row.instantiated),
            time(row.bare),
            time(row.in_process),
            time(row.in_worker),
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
