//! A handler of a real toolchain that imports WASI: C against wasi-libc, joined to WASI 0.2 by the adapter that toolchains use.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use synapsor_bundle::{ProblemCode, Report, validate};
use synapsor_protocol::Digest;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::ComponentEncoder;

use crate::copy::engine;

/// Uses the C library for what a rule has no business with, and says what came of it. On the bindings alone: the SDK tells the
/// stand-in for WASI what time it is, and there is none here.
const RULE: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "proposer.h"

static proposer_column_t column(const char *name, int64_t number) {
    proposer_column_t column = {.value.tag = SYNAPSOR_HANDLER_TYPES_VALUE_INTEGER, .value.val.integer = number};
    proposer_string_dup(&column.name, name);
    return column;
}

bool exports_proposer_propose(proposer_invocation_t *call, proposer_list_column_t *row, proposer_change_t *change,
                              proposer_refusal_t *refusal) {
    (void)call, (void)row, (void)refusal;
    printf("printed\n");
    fflush(stdout);
    proposer_column_t *columns = malloc(3 * sizeof *columns);
    if (!columns) abort();
    columns[0] = column("time", time(NULL));
    columns[1] = column("opened", fopen("/etc/passwd", "r") != NULL);
    columns[2] = column("known", getenv("PATH") != NULL);
    change->columns.ptr = columns;
    change->columns.len = 3;
    change->summary.is_some = false;
    return true;
}
"#;

/// Compiled as `handlers/build` compiles C, but joined to the real WASI.
fn component(folder: &Path) -> Vec<u8> {
    let bindings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/c/src/bindings");
    let (rule, core) = (folder.join("rule.c"), folder.join("core.wasm"));
    fs::write(&rule, RULE).expect("is written");
    let clang = Command::new("clang-19")
        .args(
            "--target=wasm32-wasi -std=c17 -Os -mexec-model=reactor -fuse-ld=lld -Wl,--strip-all".split(' '),
        )
        .arg(format!("-I{}", bindings.display()))
        .args([rule, bindings.join("proposer.c"), bindings.join("proposer_component_type.o")])
        .arg("-o")
        .arg(&core)
        .output()
        .expect("needs clang-19, lld-19, wasi-libc and libclang-rt-19-dev-wasm32; `tests/run` installs them");
    assert!(clang.status.success(), "{}", String::from_utf8_lossy(&clang.stderr));
    let core = fs::read(core).expect("clang made it");
    ComponentEncoder::default()
        .validate(true)
        .module(&core)
        .expect("names its world")
        .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)
        .expect("is an adapter")
        .encode()
        .expect("fits the world")
}

/// A bundle of it, whose manifest asks for WASI or does not.
async fn validated(asked: bool) -> Report {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let component = component(folder.path());
    let bundle = folder.path().join("bundle");
    fs::create_dir_all(bundle.join("cases")).expect("a new folder");
    let mut manifest = json!({
        "schema_version": "synapsor.handler.v1",
        "name": "looks-around",
        "version": "0.1.0",
        "description": "Says what its C library found.",
        "world": "synapsor:handler/proposer@0.1",
        "component": { "file": "handler.wasm", "digest": Digest::of_bytes(&component) },
        "row": ["id"],
        "writes": ["time", "opened", "known"],
    });
    if asked {
        manifest["wasi"] = json!("deny_all");
    }
    let case = json!({
        "description": "The C library finds the call's `now`, no file and no variable.",
        "call": {
            "capability": "billing.look",
            "tenant": "acme",
            "principal": "sam",
            "now": "2026-06-30T12:00:00.000000Z",
        },
        "row": { "id": { "text": "INV-1" } },
        "expect": { "change": { "columns": {
            "time": { "integer": 1782820800 }, "opened": { "integer": 0 }, "known": { "integer": 0 },
        } } },
    });
    let write = |file: &str, document: &Value| fs::write(bundle.join(file), document.to_string());
    write("handler.json", &manifest).expect("is written");
    write("cases/looks.json", &case).expect("is written");
    fs::write(bundle.join("handler.wasm"), component).expect("is written");
    validate(&bundle, engine()).await
}

#[tokio::test]
async fn a_handler_on_a_real_c_library_runs_where_wasi_is_asked_for_and_finds_nothing_behind_it() {
    let report = validated(true).await;
    assert_eq!(report.problems, []);
    let [case] = report.cases.as_slice() else { panic!("one case, found {:?}", report.cases) };
    assert!(case.passed, "{case:?}");
}

#[tokio::test]
async fn the_same_handler_without_the_grant_is_refused_with_every_import_named() {
    let report = validated(false).await;
    let [problem] = report.problems.as_slice() else { panic!("one problem, found {:?}", report.problems) };
    assert_eq!(problem.code, ProblemCode::ImportNotGranted);
    for name in ["wasi:cli/stdout@0.2", "wasi:clocks/wall-clock@0.2", "wasi:filesystem/preopens@0.2"] {
        assert!(problem.message.contains(name), "{}", problem.message);
    }
}
