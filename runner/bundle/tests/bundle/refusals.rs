//! Each way a bundle can be wrong has a broken copy here, and a code of its own.

use std::collections::BTreeSet;
use std::fs;

use expect_test::{Expect, expect};
use serde_json::json;
use synapsor_bundle::{ProblemCode, open};
use synapsor_protocol::{Code, Digest};
use tokio::task::JoinSet;

use crate::copy::{Copy, shipped};

const MANIFEST: &str = "handler.json";
const COMPONENT: &str = "late-fee.wasm";
const CHANGES: &str = "cases/rest-of-allowance.json";
const REFUSES: &str = "cases/nothing-to-waive.json";

/// A copy for each code, broken so that validation finds it.
fn broken() -> Vec<(ProblemCode, Copy)> {
    use ProblemCode::*;
    let manifest = |change: fn(&mut serde_json::Value)| Copy::new().edit(MANIFEST, change);
    let case = |change: fn(&mut serde_json::Value)| Copy::new().edit(CHANGES, change);
    vec![
        (FileMissing, Copy::new().remove(COMPONENT)),
        (FileUnreadable, folder_in_place_of(REFUSES)),
        (FileTooLarge, Copy::new().write(MANIFEST, " ".repeat(256 * 1024 + 1))),
        (PathEscapes, manifest(|m| m["component"]["file"] = json!("../late-fee.wasm"))),
        (CasesMissing, Copy::new().remove(CHANGES).remove(REFUSES)),
        (TooManyCases, many_cases()),
        (InvalidJson, Copy::new().write(MANIFEST, "{")),
        (DuplicateKey, Copy::new().write(MANIFEST, r#"{"settings": {"cap": {}, "cap": {}}}"#)),
        (UnknownKey, manifest(|m| m["write"] = json!(["late_fee_cents"]))),
        (KeyMissing, manifest(|m| drop(m.as_object_mut().unwrap().remove("writes")))),
        (ManifestInvalid, manifest(|m| m["version"] = json!("1"))),
        (WorldUnknown, manifest(|m| m["world"] = json!("synapsor:handler/proposer@0.2"))),
        (LimitTooHigh, manifest(|m| m["limits"]["fuel"] = json!(9_000_000_000_u64))),
        (ComponentDigestMismatch, manifest(|m| m["component"]["digest"] = json!(Digest::of_bytes(b"other")))),
        (ComponentInvalid, with_component(b"\0asm\x01\0\0\0")),
        (ImportNotGranted, with_component(&importing("wasi:filesystem/types@0.2.0"))),
        (CaseInvalid, case(|c| c["row"]["status"] = json!("overdue"))),
        (CaseUndeclared, case(|c| c["row"]["balance_cents"] = json!({"integer": 1}))),
        (
            CaseAnswerDiffers,
            case(|c| c["expect"]["change"]["columns"]["late_fee_cents"] = json!({"integer": 0})),
        ),
        (CaseCallFailed, manifest(|m| m["limits"]["fuel"] = json!(100))),
        (CaseReadNotRecorded, case(|c| c["reads"][1]["filters"]["customer_id"] = json!({"text": "CUS-3"}))),
        (CaseReadUnused, Copy::new().edit(REFUSES, |c| c["reads"] = json!([unasked()]))),
        (MalformedInputTraps, manifest(|m| m["limits"]["fuel"] = json!(100))),
    ]
}

fn folder_in_place_of(file: &str) -> Copy {
    let copy = Copy::new().remove(file);
    fs::create_dir(copy.path(file)).unwrap();
    copy
}

fn many_cases() -> Copy {
    let copy = Copy::new();
    for number in 0..500 {
        fs::write(copy.path(&format!("cases/{number}.json")), "{}").unwrap();
    }
    copy
}

fn unasked() -> serde_json::Value {
    json!({"kind": "get", "read": "customer", "key": {"text": "CUS-2"}, "row": null})
}

/// A component that imports one instance and is otherwise empty.
fn importing(name: &str) -> Vec<u8> {
    wat::parse_str(format!("(component (import \"{name}\" (instance)))")).unwrap()
}

/// Another component, pinned as it should be.
fn with_component(component: &[u8]) -> Copy {
    let digest = json!(Digest::of_bytes(component));
    Copy::new().write(COMPONENT, component).edit(MANIFEST, |m| m["component"]["digest"] = digest)
}

#[tokio::test]
async fn each_way_to_be_wrong_is_found_under_its_own_code() {
    let mut validations = JoinSet::new();
    for (code, copy) in broken() {
        validations.spawn(async move { (code, copy.report().await) });
    }
    for (code, report) in validations.join_all().await {
        assert!(!report.is_valid());
        assert!(report.problems.iter().any(|problem| problem.code == code), "{code}: {:#?}", report.problems);
    }
}

#[test]
fn every_code_about_a_bundle_has_a_broken_copy() {
    let broken: BTreeSet<ProblemCode> = broken().into_iter().map(|(code, _)| code).collect();
    for (section, codes) in ProblemCode::SECTIONS {
        // The box leaves a guest nothing to differ by; the comparison itself is tested in `run`.
        let untold = codes.iter().filter(|code| **code != ProblemCode::CaseNotDeterministic);
        // Grants, archives and signatures have tables of their own.
        for code in untold.filter(|_| !["Grants", "Archive", "Signature"].contains(section)) {
            assert!(broken.contains(code), "{code}");
        }
    }
}

#[test]
fn opening_refuses_what_concerns_files_and_leaves_the_rest_to_validation() {
    let in_files = ["Files", "Manifest and cases"];
    let early: BTreeSet<ProblemCode> = ProblemCode::SECTIONS
        .iter()
        .filter(|(section, _)| in_files.contains(section))
        .flat_map(|(_, codes)| codes.iter().copied())
        .chain([ProblemCode::ComponentDigestMismatch])
        .filter(|code| !matches!(code, ProblemCode::CasesMissing | ProblemCode::LimitTooHigh))
        .collect();
    for (code, copy) in broken() {
        assert_eq!(open(copy.folder()).is_err(), early.contains(&code), "{code}");
    }
}

async fn check(copy: Copy, expected: Expect) {
    expected.assert_eq(&copy.problems().await);
}

#[tokio::test]
async fn everything_wrong_with_a_manifest_is_said_at_once() {
    let copy = Copy::new().edit(MANIFEST, |m| {
        m["write"] = json!([]);
        m["name"] = json!("Late Fee");
        m["component"]["sha256"] = json!("x");
        m["reads"]["waivers"]["rows_max"] = json!("many");
        m["reads"]["customer"]["columns"] = json!([]);
        m["settings"]["cap_cents_*"]["type"] = json!("float");
        m["row"] = json!(["status", "status"]);
        m.as_object_mut().unwrap().remove("description");
    });
    check(copy, expect![[r#"
        KEY_MISSING handler.json $.description: `description` is missing
        UNKNOWN_KEY handler.json $.component.sha256: `sha256` is not a key here
        MANIFEST_INVALID handler.json $.name: expected text of the form `^[a-z][a-z0-9]*(-[a-z0-9]+)*$`
        MANIFEST_INVALID handler.json $.reads.customer.columns: expected at least 1 items
        MANIFEST_INVALID handler.json $.reads.waivers.rows_max: expected integer, found string
        MANIFEST_INVALID handler.json $.row: expected each item once
        MANIFEST_INVALID handler.json $.settings["cap_cents_*"].type: expected "string" or "integer" or "number" or "boolean", found "float"
        UNKNOWN_KEY handler.json $.write: `write` is not a key here
          hint: did you mean `writes`?
    "#]]).await;
}

#[tokio::test]
async fn everything_wrong_with_a_case_is_said_at_once() {
    let copy = Copy::new()
        .remove(REFUSES)
        .edit(MANIFEST, |m| m["toolchain"] = json!({"langage": "rust"}))
        .edit(CHANGES, |c| {
            c["rwo"] = json!({});
            c["call"]["now"] = json!(5);
            c["row"]["status"] = json!("overdue");
            c["row"]["late_fee_cents"] = json!({"int": 5});
            c["reads"][0]["key"] = json!({"integer": "five"});
            c["reads"][0]["rows"] = json!([]);
            c["reads"][1]["kind"] = json!("search");
            c["expect"]["change"]["sumary"] = json!("x");
        });
    check(copy, expect![[r#"
        UNKNOWN_KEY handler.json $.toolchain.langage: `langage` is not a key here
          hint: did you mean `language`?
        KEY_MISSING handler.json $.toolchain.language: `language` is missing
        CASE_INVALID cases/rest-of-allowance.json $.call.now: expected string, found integer
        UNKNOWN_KEY cases/rest-of-allowance.json $.expect.change.sumary: `sumary` is not a key here
          hint: did you mean `summary`?
        CASE_INVALID cases/rest-of-allowance.json $.reads[0].key.integer: expected text of the form `^-?[0-9]{1,19}$`
        UNKNOWN_KEY cases/rest-of-allowance.json $.reads[0].rows: `rows` is not a key here
        CASE_INVALID cases/rest-of-allowance.json $.reads[1].kind: expected "get" or "find", found "search"
        UNKNOWN_KEY cases/rest-of-allowance.json $.row.late_fee_cents.int: `int` is not a key here
          hint: did you mean `integer`?
        CASE_INVALID cases/rest-of-allowance.json $.row.status: expected "null" or object, found "overdue"
        UNKNOWN_KEY cases/rest-of-allowance.json $.rwo: `rwo` is not a key here
          hint: did you mean `rows`?
    "#]]).await;
}

#[tokio::test]
async fn a_wrong_digest_does_not_hide_a_failing_case() {
    let copy = Copy::new()
        .edit(MANIFEST, |m| m["component"]["digest"] = json!(format!("sha256:{}", "0".repeat(64))))
        .edit(REFUSES, |c| c["expect"]["refusal"]["code"] = json!("NOTHING"));
    let report = copy.report().await;
    assert_eq!(report.cases.iter().map(|case| case.passed).collect::<Vec<_>>(), [false, true]);
    let codes: Vec<_> = report.problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, [ProblemCode::ComponentDigestMismatch, ProblemCode::CaseAnswerDiffers]);
}

#[tokio::test]
async fn a_failing_case_says_what_was_expected_and_what_was_found() {
    let copy = Copy::new()
        .edit(REFUSES, |c| c["expect"]["refusal"]["code"] = json!("NOTHING"))
        .edit(CHANGES, |c| c["reads"][0]["key"] = json!({"text": "CUS-3"}));
    check(copy, expect![[r#"
        CASE_ANSWER_DIFFERS cases/nothing-to-waive.json: expected `{"refusal":{"code":"NOTHING","message":"the invoice has no late fee"}}`, found `{"refusal":{"code":"NOTHING_TO_WAIVE","message":"the invoice has no late fee"}}`
        CASE_READ_NOT_RECORDED cases/rest-of-allowance.json: the handler asks read `customer` for the row with key `CUS-2`
          hint: record the read and its answer in `reads`
    "#]]).await;
}

#[tokio::test]
async fn a_case_that_uses_more_than_is_declared_is_told_where() {
    let copy = Copy::new().remove(REFUSES).edit(MANIFEST, |m| {
        m["writes"] = json!(["waiver_reason"]);
        m["reads"]["waivers"]["columns"] = json!(["amount_cents"]);
        m["settings"] = json!({"waivers_per_year": {"type": "integer"}, "cap_cents_*": {"type": "integer"}});
        m["arguments"] = json!({});
    });
    check(copy, expect![[r#"
        CASE_UNDECLARED cases/rest-of-allowance.json $.call.arguments.reason: `reason` is not declared in `handler.json` as an argument
        CASE_UNDECLARED cases/rest-of-allowance.json $.call.settings.waivers_per_year_max: `waivers_per_year_max` is not declared in `handler.json` as a setting
          hint: did you mean `waivers_per_year`?
        CASE_UNDECLARED cases/rest-of-allowance.json $.reads[1].rows[0].created_at: `created_at` is not declared in `handler.json` as a column of the read
        CASE_UNDECLARED cases/rest-of-allowance.json $.expect.change.columns.late_fee_cents: `late_fee_cents` is not declared in `handler.json` as a column it may write
    "#]]).await;
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_of_the_folder_is_not_followed() {
    let copy = Copy::new().remove(COMPONENT);
    std::os::unix::fs::symlink(shipped().join(COMPONENT), copy.path(COMPONENT)).unwrap();
    let problems = open(copy.folder()).unwrap_err();
    assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), [ProblemCode::PathEscapes]);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_a_file_is_refused_and_not_waited_for() {
    let copy = Copy::new().remove(COMPONENT);
    let made = std::process::Command::new("mkfifo").arg(copy.path(COMPONENT)).status().unwrap();
    assert!(made.success());
    let problems = open(copy.folder()).unwrap_err();
    assert_eq!(
        problems.iter().map(|problem| problem.code).collect::<Vec<_>>(),
        [ProblemCode::FileUnreadable]
    );
}

#[test]
fn no_path_in_a_manifest_reaches_another_folder() {
    for path in [
        "../late-fee.wasm",
        "/etc/passwd",
        "cases/../../x",
        ".",
        "./late-fee.wasm",
        "cases/..",
        "a\0b",
        "C:\\x",
    ] {
        let copy = Copy::new().edit(MANIFEST, |m| m["component"]["file"] = json!(path));
        assert!(open(copy.folder()).is_err(), "{path:?}");
    }
}

#[test]
fn a_folder_that_is_no_bundle_is_refused_as_such() {
    let elsewhere = tempfile::tempdir().unwrap();
    let codes = |folder: &std::path::Path| -> Vec<_> {
        open(folder).unwrap_err().iter().map(|problem| problem.code).collect()
    };
    assert_eq!(codes(elsewhere.path()), [ProblemCode::FileMissing]);
    assert_eq!(codes(&elsewhere.path().join("nowhere")), [ProblemCode::FileMissing]);
    assert_eq!(codes(&shipped().join(MANIFEST)), [ProblemCode::ArchiveInvalid]);
    assert_eq!(codes(std::path::Path::new("/dev/null")), [ProblemCode::FileUnreadable]);
}

#[test]
fn a_call_is_refused_with_the_code_that_fits_the_problem() {
    let refused = |copy: Copy| open(copy.folder()).unwrap_err()[0].refusal().code;
    assert_eq!(refused(Copy::new().remove(COMPONENT)), Code::HandlerNotLoaded);
    assert_eq!(refused(Copy::new().write(COMPONENT, "another")), Code::HandlerDigestMismatch);
    assert_eq!(refused(Copy::new().write(MANIFEST, "{}")), Code::HandlerInvalid);
}
