//! Signatures: what each of them covers, and every way one can fail to stand for a bundle.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use synapsor_bundle::{Problem, ProblemCode, SigningKey, open, sign, signer, trust_problem};
use synapsor_config::{HandlerTrust, TrustedKey};
use synapsor_protocol::Code;

use crate::copy::Copy;

const CASE: &str = "cases/rest-of-allowance.json";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn signed() -> Copy {
    let copy = Copy::new();
    sign(copy.folder(), &key(1)).expect("a valid bundle is signed");
    copy
}

fn trusting(seeds: &[u8]) -> HandlerTrust {
    let trusted = |seed: &u8| TrustedKey {
        name: format!("key-{seed}"),
        public_key: key(*seed).public_key().to_string(),
    };
    HandlerTrust { keys: seeds.iter().map(trusted).collect(), require_signature: true }
}

fn codes(problems: &[Problem]) -> Vec<ProblemCode> {
    problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn a_signed_bundle_is_its_signers() {
    let copy = signed();
    let bundle = open(copy.folder()).expect("a signed bundle opens");
    assert_eq!(signer(&bundle, &trusting(&[2, 1])), Some("key-1"));
    assert_eq!(trust_problem(&bundle, &trusting(&[2, 1])), None);
}

#[test]
fn a_byte_changed_in_manifest_component_or_case_is_told() {
    let manifest = signed().edit("handler.json", |m| m["description"] = json!("Another rule."));
    let case = signed().edit(CASE, |c| c["description"] = json!("Another case."));
    let fewer = signed().remove(CASE);
    let component = signed();
    let mut bytes = fs::read(component.path("late-fee.wasm")).expect("the component");
    // An empty custom section: another component that does the same.
    bytes.extend([0, 2, 1, b'x']);
    let component = component.write("late-fee.wasm", bytes);
    for copy in [manifest, case, fewer, component] {
        let problems = open(copy.folder()).expect_err("a changed bundle does not open");
        assert!(codes(&problems).contains(&ProblemCode::SignatureContentDiffers), "{problems:#?}");
    }
}

#[test]
fn spacing_of_the_manifest_is_no_content() {
    let copy = signed();
    let text = fs::read_to_string(copy.path("handler.json")).expect("the manifest");
    let copy = copy.write("handler.json", text.replace("  ", " "));
    assert!(open(copy.folder()).is_ok());
}

#[test]
fn a_signature_that_names_another_key_or_is_none_is_told() {
    let named = signed().edit("handler.sig", |sig| sig["public_key"] = json!(key(2).public_key()));
    assert_eq!(codes(&open(named.folder()).unwrap_err()), [ProblemCode::SignatureInvalid]);
    for malformed in ["", "{}", "\u{0}", r#"{"schema_version": "synapsor.handler.sig.v2"}"#] {
        let copy = signed().write("handler.sig", malformed);
        assert_eq!(
            codes(&open(copy.folder()).unwrap_err()),
            [ProblemCode::SignatureMalformed],
            "{malformed}"
        );
    }
    let short = signed().edit("handler.sig", |sig| sig["signature"] = json!("AAAA"));
    assert_eq!(codes(&open(short.folder()).unwrap_err()), [ProblemCode::SignatureMalformed]);
    let large = signed().write("handler.sig", " ".repeat(5000));
    assert_eq!(codes(&open(large.folder()).unwrap_err()), [ProblemCode::FileTooLarge]);
}

#[test]
fn where_a_signature_is_required_none_and_a_strangers_are_refused() {
    let unsigned = open(Copy::new().folder()).expect("an unsigned bundle opens");
    let strangers = open(signed().folder()).expect("a signed bundle opens");
    let required = trusting(&[2]);
    for (bundle, code) in
        [(&unsigned, ProblemCode::SignatureMissing), (&strangers, ProblemCode::SignatureKeyUnknown)]
    {
        let problem = trust_problem(bundle, &required).expect("it is refused");
        assert_eq!((problem.code, problem.refusal().code), (code, Code::HandlerNotTrusted));
    }
    let optional = HandlerTrust { require_signature: false, ..required };
    assert_eq!(trust_problem(&unsigned, &optional), None);
    assert_eq!(trust_problem(&strangers, &optional), None);
}

#[test]
fn a_bundle_with_a_problem_is_not_signed_and_a_stale_signature_is_replaced() {
    let broken = Copy::new().write("late-fee.wasm", b"\0asm");
    assert!(sign(broken.folder(), &key(1)).is_err());
    assert!(!broken.path("handler.sig").exists());
    let stale = signed().edit(CASE, |c| c["description"] = json!("Another case."));
    sign(stale.folder(), &key(2)).expect("it is signed anew");
    let bundle = open(stale.folder()).expect("and opens");
    assert_eq!(signer(&bundle, &trusting(&[2])), Some("key-2"));
}

#[test]
fn a_private_key_is_its_owners_alone_and_never_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("key.pem");
    key(7).write_new(&file).expect("a new file");
    let mode = fs::metadata(&file).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(&file).expect("the file");
    assert!(text.starts_with("-----BEGIN PRIVATE KEY-----\n"), "{text}");
    assert_eq!(SigningKey::read(&file).expect("the key").public_key(), key(7).public_key());
    assert!(key(8).write_new(&file).is_err());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("other permissions");
    let refused = SigningKey::read(&file).expect_err("others may read it").refusal();
    assert!(refused.message.contains("640") && refused.hint.is_some_and(|hint| hint.contains("chmod 600")));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("its own permissions");
    fs::write(&file, "no key").expect("another content");
    assert!(SigningKey::read(&file).is_err());
    assert!(!format!("{:?}", key(7)).contains("07, 07"), "a key is never printed");
}
