//! Every hostile guest as a bundle: `synapsor validate` refuses it with its code, lives, and judges the next one.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};
use synapsor_protocol::Digest;
use synapsor_test_guests::{HostileGuest, hostile};

use crate::world::{Answered, BINARY};

fn validate(paths: &[PathBuf]) -> Answered {
    Command::new(BINARY).args(["validate", "--json"]).args(paths).output().expect("the binary starts").into()
}

/// The guest with a manifest and a case, as an author would ship it.
fn bundle(folder: &Path, guest: &HostileGuest) -> PathBuf {
    let bundle = folder.join(&guest.name);
    std::fs::create_dir_all(bundle.join("cases")).expect("a folder");
    let mut manifest = json!({
        "schema_version": "synapsor.handler.v1",
        "name": "hostile",
        "version": "0.1.0",
        "description": "Means harm.",
        "world": "synapsor:handler/proposer@0.1",
        "component": { "file": "guest.wasm", "digest": Digest::of_bytes(&guest.component) },
        "row": ["id"],
        "writes": ["fee"],
        "limits": { "fuel": guest.limit("fuel").unwrap_or(5_000_000) },
    });
    if let Some(timeout_ms) = guest.limit("timeout_ms") {
        manifest["limits"]["timeout_ms"] = json!(timeout_ms);
    }
    if guest.wasi {
        manifest["wasi"] = json!("deny_all");
    }
    let case = json!({
        "description": "An ordinary call.",
        "call": {
            "capability": "billing.waive",
            "tenant": "acme",
            "principal": "sam",
            "now": "2026-06-30T12:00:00.000000Z",
        },
        "row": { "id": { "text": "INV-1" } },
        "expect": { "refusal": { "code": "NO", "message": "no" } },
    });
    std::fs::write(bundle.join("guest.wasm"), &guest.component).expect("is written");
    std::fs::write(bundle.join("handler.json"), manifest.to_string()).expect("is written");
    std::fs::write(bundle.join("cases/one.json"), case.to_string()).expect("is written");
    bundle
}

/// Whether a report is the one this guest must get.
fn is_refused(report: &Json, guest: &HostileGuest) -> bool {
    let problems = report["problems"].as_array().map(Vec::as_slice).unwrap_or_default();
    let under =
        |codes: &[&str]| problems.iter().any(|problem| codes.iter().any(|code| problem["code"] == *code));
    let said = || problems.iter().any(|problem| problem["message"].to_string().contains(&guest.code));
    report["ok"] == json!(false)
        && match guest.code.as_str() {
            "HANDLER_IMPORT_NOT_GRANTED" => under(&["IMPORT_NOT_GRANTED"]),
            "HANDLER_INVALID" => under(&["COMPONENT_INVALID", "FILE_TOO_LARGE"]),
            _ => under(&["CASE_CALL_FAILED", "MALFORMED_INPUT_TRAPS"]) && said(),
        }
}

#[test]
fn every_hostile_bundle_is_refused_with_its_code_by_a_validation_that_lives_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let guests = hostile();
    let mut paths: Vec<_> = guests.iter().map(|guest| bundle(folder.path(), guest)).collect();
    paths.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../handlers/late-fee"));
    let answered = validate(&paths);
    assert_eq!(answered.exit, 1, "{}", answered.stderr);
    let document = answered.json();
    let reports = document["reports"].as_array().expect("a report each");
    assert_eq!(reports.len(), paths.len());
    let wrong: Vec<String> = guests
        .iter()
        .zip(reports)
        .filter(|(guest, report)| !is_refused(report, guest))
        .map(|(guest, report)| {
            format!("{}: expected {}, found {}", guest.name, guest.code, report["problems"])
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(reports.last().expect("the ordinary one")["ok"], json!(true), "after all the others");
}

#[test]
fn a_hostile_bundle_alone_is_refused_with_exit_code_1() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = ["endless_loop", "imports_files", "bomb_nested_blocks", "file_elf", "memory_bomb"];
    for guest in hostile().iter().filter(|guest| names.contains(&guest.name.as_str())) {
        assert_eq!(validate(&[bundle(folder.path(), guest)]).exit, 1, "{}", guest.name);
    }
}
