//! Hostile guests too large to keep, or that are no text: bombs for the compiler, and files of another kind.

use crate::HostileGuest;
use crate::assembled::{guest, in_shell, parse};
use crate::binary::{component_of, functions, leb, module, name, section};

const PROPOSE: &str = r#"(func (export "propose")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)"#;

pub(crate) fn all() -> Vec<HostileGuest> {
    [other_files(), bombs(), built_of(), canonical()].concat()
}

fn made(name: &str, code: &str, words: &'static str, component: Vec<u8>) -> HostileGuest {
    let (name, code) = (name.to_owned(), code.to_owned());
    HostileGuest { name, code, words, wasi: false, limits: Vec::new(), component }
}

fn invalid(name: &str, words: &'static str, component: Vec<u8>) -> HostileGuest {
    made(name, "HANDLER_INVALID", words, component)
}

/// What is no component, or no longer one.
fn other_files() -> Vec<HostileGuest> {
    let ordinary = guest("refuses");
    let half = ordinary.iter().take(ordinary.len() / 2).copied().collect();
    let flipped =
        ordinary.iter().enumerate().map(|(at, byte)| if at == 8 { byte ^ 0x40 } else { *byte }).collect();
    vec![
        invalid("file_core_module", "", module(&[])),
        invalid("file_elf", "", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x01\0\x3e\0".to_vec()),
        invalid("file_empty", "", Vec::new()),
        invalid("file_flipped_bit", "", flipped),
        invalid("file_half", "", half),
        // What the host itself keeps of a compiled component is an object file with the engine's version in it.
        invalid(
            "file_precompiled",
            "native code",
            b"\x7fELF\x02\x01\x01\xc8\0\0\0\0\0\0\0\0.wasmtime.engine\x0048.0.8".to_vec(),
        ),
        invalid("file_text", "", b"(component)".to_vec()),
        invalid("file_too_large", "bytes", vec![0; 33 * 1024 * 1024]),
        invalid("file_zip", "", b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0".to_vec()),
    ]
}

/// What would keep the compiler busy for long, or take its memory.
fn bombs() -> Vec<HostileGuest> {
    let one_function = |locals: &[u8], instructions: &[u8]| component_of(&functions(1, locals, instructions));
    let i64s = |count: usize| [vec![1], leb(count), vec![0x7e]].concat();
    let export = |n: usize| [name(&n.to_string()), vec![0, 0]].concat();
    let exports: Vec<u8> = (0..200_000).flat_map(export).collect();
    let exporting = module(&[
        section(1, &[1, 0x60, 0, 0]),
        section(3, &[1, 0]),
        section(7, &[leb(200_000), exports].concat()),
        section(10, &[1, 2, 0, 0x0b]),
    ]);
    let custom = section(0, &name("x")).repeat(1_000_000);
    vec![
        invalid("bomb_custom_sections", "custom sections", component_of(&module(&[custom]))),
        invalid("bomb_exports", "exports", component_of(&exporting)),
        invalid("bomb_functions", "functions", component_of(&functions(100_000, &[0], &[]))),
        invalid("bomb_locals", "locals of one function", one_function(&i64s(50_000), &[])),
        invalid("bomb_locals_by_bytes", "locals times bytes", one_function(&i64s(2_000), &[0x01; 60_000])),
        invalid("bomb_long_name", "", component_of(&module(&[section(0, &name(&"n".repeat(200_000)))]))),
        invalid(
            "bomb_nested_blocks",
            "nested blocks",
            one_function(&[0], &[[0x02, 0x40].repeat(20_000), [0x0b].repeat(20_000)].concat()),
        ),
        invalid(
            "bomb_statements",
            "bytes of one function",
            one_function(&[0], &[0x41, 0, 0x1a].repeat(400_000)),
        ),
    ]
}

/// What is built of more parts than it may have.
fn built_of() -> Vec<HostileGuest> {
    let beside = |parts: String| {
        parse(
            &in_shell(&format!("(module {PROPOSE})")).replace("(;more imports;)", &parts),
            "beside the shell",
        )
    };
    let each = |count: usize, part: &str| {
        let one = |n: usize| format!("(core module $part{n} {part}) (core instance (instantiate $part{n}))");
        (0..count).map(one).collect::<String>()
    };
    let instances =
        format!("(component (core module $m) {})", "(core instance (instantiate $m))".repeat(10_000));
    let lists: String = (1..2_000).map(|n| format!("(type $t{n} (list $t{}))", n - 1)).collect();
    vec![
        invalid("built_of_10000_instances", "core instances", parse(&instances, "instances")),
        invalid("built_of_deep_types", "", parse(&format!("(component (type $t0 u8) {lists})"), "lists")),
        invalid("built_of_nine_memories", "", beside(each(8, "(memory 1)"))),
        invalid("built_of_seventeen_tables", "", beside(each(17, "(table 1 funcref)"))),
        made(
            "built_of_memories_within_each",
            "GUEST_MEMORY",
            "bytes of memory",
            beside(each(7, "(memory 80)")),
        ),
        made(
            "built_of_tables_within_each",
            "GUEST_TABLE",
            "table elements",
            beside(each(3, "(table 8000 funcref)")),
        ),
    ]
}

/// What passes values in a way the contract does not have.
fn canonical() -> Vec<HostileGuest> {
    let shell = in_shell(&format!("(module {PROPOSE})"));
    let lifted = r#"(canon lift (core func $guest "propose") (memory $mem) (realloc $realloc))"#;
    let changed = |from: &str, to: &str| {
        assert!(shell.contains(from), "the shell has lost `{from}`");
        parse(&shell.replace(from, to), to)
    };
    let latin1 = lifted.replace("(memory $mem)", "string-encoding=latin1+utf16 (memory $mem)");
    // The host asks for memory to put the arguments in, and the guest answers by calling the host.
    let calls_back = in_shell(&format!(
        r#"(module
            (import "host" "write" (func $write (param i32 i32 i32)))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32)
              (call $write (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 65536))
            {PROPOSE})"#
    ));
    let own_realloc = lifted.replace("(realloc $realloc)", r#"(realloc (core func $guest "realloc"))"#);
    let stream = "(component (type $s (stream u8)) (core func (canon stream.new $s)))";
    vec![
        invalid("asks_for_streams", "", parse(stream, "stream")),
        invalid("latin1", "UTF-8", changed(lifted, &latin1)),
        made(
            "calls_back_from_realloc",
            "GUEST_ABI",
            "",
            parse(&calls_back.replace(lifted, &own_realloc), "realloc"),
        ),
    ]
}
