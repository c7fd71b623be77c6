//! The compiler's process: what it makes is what a thread would have made, and what breaks it breaks nothing else.

use std::process::Command;

use synapsor_handler_host::{Compile, CompileLimits, EngineSettings, Helper, Limits};
use synapsor_protocol::{Code, Digest};

use crate::process::{BINARY, engine, resident_peak_kib, settings};
use crate::support::{call, guest, no_reads};

/// A component the gate lets pass and whose one body keeps the compiler busy: locals that live across many branches.
fn slow_to_compile() -> Vec<u8> {
    let locals = "(local i32)".repeat(1_900);
    let step = |n: usize| {
        format!(
            "(if (local.get {0}) (then (local.set {1} (i32.add (local.get {0}) (local.get {2})))))",
            n % 1_900,
            (n * 7) % 1_900,
            (n * 13) % 1_900
        )
    };
    let body: String = (0..3_000).map(step).collect();
    let shell =
        std::fs::read_to_string(crate::support::fixtures().join("guests/shell.wat")).expect("is text");
    let guest = format!(
        "(core module $guest (func (export \"propose\")\n\
         (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)\n\
         (func (export \"work\") {locals} {body}))"
    );
    wat::parse_str(shell.replace("(core module $guest (;the guest;))", &guest)).expect("parses")
}

#[tokio::test]
async fn a_component_compiled_in_a_child_answers_as_one_compiled_here_with_the_same_fuel() {
    let component = guest("waives_fee");
    let digest = Digest::of_bytes(&component);
    let mut runs = Vec::new();
    for settings in
        [settings(CompileLimits::default()), EngineSettings { slots: 4, ..EngineSettings::default() }]
    {
        let handler = engine(settings).load(&component, &digest, Limits::default()).expect("loads");
        let run = handler.propose(call(), no_reads()).await.expect("answers");
        runs.push((run.answer, run.usage.fuel, run.log, run.reads));
    }
    assert_eq!(runs[0], runs[1]);
}

#[test]
fn a_component_that_takes_the_compiler_too_long_is_refused_and_the_next_one_loads() {
    let engine = engine(settings(CompileLimits { cpu_s: 1, ..CompileLimits::default() }));
    let bomb = slow_to_compile();
    let before = resident_peak_kib(std::process::id());
    let error = engine.load(&bomb, &Digest::of_bytes(&bomb), Limits::default()).expect_err("takes too long");
    assert_eq!(error.refusal().code, Code::HandlerCompileLimit, "{error}");
    let grown = resident_peak_kib(std::process::id()) - before;
    assert!(grown < 16 * 1024, "the host grew by {grown} KiB");
    let ordinary = guest("refuses");
    engine.load(&ordinary, &Digest::of_bytes(&ordinary), Limits::default()).expect("loads");
}

#[test]
fn a_component_that_takes_the_compiler_too_much_memory_is_refused() {
    let limits = CompileLimits { memory_bytes: 300 * 1024 * 1024, ..CompileLimits::default() };
    let engine = engine(settings(limits));
    let ordinary = guest("refuses");
    engine.load(&ordinary, &Digest::of_bytes(&ordinary), Limits::default()).expect("loads");
    let bomb = slow_to_compile();
    let error = engine.load(&bomb, &Digest::of_bytes(&bomb), Limits::default()).expect_err("takes too much");
    assert_eq!(error.refusal().code, Code::HandlerCompileLimit, "{error}");
}

#[test]
fn what_the_compiler_refuses_in_a_child_is_refused_in_the_same_words() {
    let whole = guest("refuses");
    let (child, thread) = (engine(settings(CompileLimits::default())), crate::support::engine());
    let mut refused = 0;
    for at in (8..whole.len()).step_by(97) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        let digest = Digest::of_bytes(&flipped);
        let [here, there] = [&thread, &child].map(|engine| {
            engine.load(&flipped, &digest, Limits::default()).err().map(|error| error.to_string())
        });
        assert_eq!(here, there, "{at}");
        refused += usize::from(there.is_some());
    }
    assert!(refused > 0, "some flips are no component");
}

#[test]
fn without_the_program_nothing_is_compiled_and_the_refusal_says_so() {
    let helper = Helper::new("/nowhere/synapsor");
    let compile = Compile::InChild { helper, limits: CompileLimits::default() };
    let engine = engine(EngineSettings { compile, slots: 4, ..EngineSettings::default() });
    let component = guest("refuses");
    let error = engine
        .load(&component, &Digest::of_bytes(&component), Limits::default())
        .expect_err("nobody compiles");
    assert_eq!(error.refusal().code, Code::HandlerNotLoaded, "{error}");
}

#[test]
fn a_helper_that_no_host_started_does_nothing() {
    for words in [vec![], vec!["1"], vec!["1", "2", "3", "4"], vec!["x", "y", "z", "w"]] {
        let output = Command::new(BINARY).arg("handler-compile").args(&words).output().expect("runs");
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), b"".as_slice()), "{words:?}");
    }
}
