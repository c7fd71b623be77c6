//! What is refused at load: another file than the one pinned, and every file that is no component.

use synapsor_handler_host::{EngineSettings, Error, HandlerAnswer, HandlerEngine, Limits};
use synapsor_protocol::{Code, Digest};

use crate::support::{call, engine, engine_with, guest, no_reads};

fn load(engine: &HandlerEngine, bytes: &[u8]) -> Result<(), Error> {
    engine.load(bytes, &Digest::of_bytes(bytes), Limits::default()).map(drop)
}

fn code(result: Result<(), Error>) -> Option<Code> {
    result.err().map(|error| error.refusal().code)
}

#[test]
fn a_component_that_is_not_the_pinned_one_is_refused_before_anything_else() {
    let error = engine()
        .load(b"not even wasm", &Digest::of_bytes(b"pinned"), Limits::default())
        .expect_err("differs");
    assert!(matches!(error, Error::DigestMismatch { .. }), "{error}");
    assert_eq!(error.refusal().code, Code::HandlerDigestMismatch);
}

#[test]
fn a_file_over_the_size_limit_is_refused() {
    let component = guest("refuses");
    let max = u64::try_from(component.len()).expect("small");
    let fits =
        engine_with(EngineSettings { component_bytes_max: max, slots: 1, ..EngineSettings::default() });
    assert!(load(&fits, &component).is_ok());
    let small =
        engine_with(EngineSettings { component_bytes_max: max - 1, slots: 1, ..EngineSettings::default() });
    assert!(matches!(load(&small, &component), Err(Error::TooLarge { .. })));
}

#[test]
fn a_file_of_another_kind_is_refused() {
    let engine = engine();
    let module = wat::parse_str("(module)").expect("is a module");
    let files: [(&str, &[u8]); 8] = [
        ("empty", b""),
        ("text", b"(component)"),
        ("core module", &module),
        ("elf", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"),
        ("zip", b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0"),
        ("header only", b"\0asm\x0d\0\x01\0"),
        ("future layer", b"\0asm\x0d\0\x02\0"),
        ("zeros", &[0; 4096]),
    ];
    for (what, bytes) in files {
        assert_eq!(code(load(&engine, bytes)), Some(Code::HandlerInvalid), "{what}");
    }
}

#[test]
fn a_truncated_component_is_refused_or_at_least_is_not_the_pinned_one() {
    let engine = engine();
    let whole = guest("refuses");
    let pinned = Digest::of_bytes(&whole);
    for length in (0..whole.len()).step_by(37) {
        let cut = &whole[..length];
        let pinned = engine.load(cut, &pinned, Limits::default()).map(drop);
        assert_eq!(code(pinned), Some(Code::HandlerDigestMismatch), "{length}");
        // Some cuts are components of their own; none of them is a `proposer`.
        assert_eq!(code(load(&engine, cut)), Some(Code::HandlerInvalid), "{length}");
    }
}

#[tokio::test]
async fn a_component_with_one_bit_flipped_harms_nobody_even_when_its_digest_is_pinned() {
    let engine = engine();
    let whole = guest("refuses");
    let mut loaded = 0;
    for at in (8..whole.len()).step_by(29) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        if let Ok(handler) = engine.load(&flipped, &Digest::of_bytes(&flipped), Limits::default()) {
            loaded += 1;
            // It may answer, refuse or trap; it may not bring the host down.
            let _ = handler.propose(call(), no_reads()).await;
        }
    }
    assert!(loaded > 0, "flips in names and constants still load, which is why digests are pinned");
}

#[test]
fn an_import_that_is_not_granted_is_named_in_the_refusal_each_of_them() {
    let component = wat::parse_str(
        r#"(component
            (import "wasi:cli/environment@0.2.0" (instance))
            (import "synapsor:handler/log@0.1.0" (instance))
            (import "wasi:random/random@0.2.0" (instance)))"#,
    );
    let refusal = load(&engine(), &component.expect("parses")).expect_err("not granted").refusal();
    assert_eq!(refusal.code, Code::HandlerImportNotGranted);
    assert_eq!(
        refusal.message,
        "the component imports `wasi:cli/environment@0.2.0`, `wasi:random/random@0.2.0`, which the world \
         `synapsor:handler/proposer@0.1.0` does not grant"
    );
    assert!(refusal.hint.is_some());
}

#[test]
fn limits_over_the_engines_maxima_are_capped() {
    let component = guest("refuses");
    let asked = Limits { fuel: u64::MAX, memory_bytes: u64::MAX, reads_max: 2, ..Limits::default() };
    let handler = engine().load(&component, &Digest::of_bytes(&component), asked).expect("loads");
    assert_eq!(handler.limits(), asked.capped_by(&Limits::MAX));
    assert_eq!(handler.digest(), &Digest::of_bytes(&component));
}

#[tokio::test]
async fn a_component_a_real_toolchain_built_loads_and_answers() {
    let path = crate::support::fixtures().join("../handlers/late-fee/late-fee.wasm");
    let component = std::fs::read(path).expect("the example handler is committed with its component");
    let handler = engine().load(&component, &Digest::of_bytes(&component), Limits::default()).expect("loads");
    let run = handler.propose(call(), no_reads()).await.expect("answers");
    assert!(
        matches!(run.answer, HandlerAnswer::Refusal { .. }),
        "this row is not the one it wants: {:?}",
        run.answer
    );
}

#[test]
fn an_extra_export_is_allowed_because_some_toolchains_leave_one() {
    let shell =
        std::fs::read_to_string(crate::support::fixtures().join("guests/shell.wat")).expect("is text");
    let guest = "(core module $guest (func (export \"propose\")\n\
        (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)\n\
        (func (export \"init\")))";
    let more = "(func $init (canon lift (core func $guest \"init\")))\n(export \"init\" (func $init))\n";
    let text = shell.replace("(core module $guest (;the guest;))", guest);
    let text =
        text.trim_end().strip_suffix(')').map(|open| format!("{open}{more})")).expect("ends with a bracket");
    let component = wat::parse_str(text).expect("parses");
    load(&engine(), &component).expect("loads");
}

#[test]
fn a_component_that_multiplies_itself_by_nesting_is_refused_by_what_it_would_make() {
    let level = |inner: &str| format!("(component $c {inner}) {}", "(instance (instantiate $c))".repeat(21));
    let text =
        format!("(component {})", level(&level(&level("(core module $m) (core instance (instantiate $m))"))));
    let component = wat::parse_str(text).expect("parses");
    // 63 lines of text, 9,261 instances.
    assert_eq!(code(load(&engine(), &component)), Some(Code::HandlerInvalid));
}
