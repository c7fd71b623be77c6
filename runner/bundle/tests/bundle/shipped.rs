//! The late-fee handler as it is shipped.

use synapsor_bundle::{open, validate};

use crate::copy::{engine, shipped};

#[tokio::test]
async fn the_shipped_handler_is_valid_and_every_case_passes() {
    let report = validate(&shipped(), engine()).await;
    assert_eq!(report.problems, []);
    assert_eq!(report.cases.len(), 16);
    for case in &report.cases {
        assert!(case.passed && case.usage.fuel > 0, "{case:?}");
    }
}

#[tokio::test]
async fn a_case_uses_the_same_fuel_in_every_validation() {
    let fuel = |report: synapsor_bundle::Report| -> Vec<u64> {
        report.cases.iter().map(|case| case.usage.fuel).collect()
    };
    let (first, second) = (validate(&shipped(), engine()).await, validate(&shipped(), engine()).await);
    assert_eq!(fuel(first), fuel(second));
}

#[test]
fn an_opened_bundle_holds_what_its_manifest_names() {
    let bundle = open(&shipped()).expect("the shipped bundle opens");
    assert_eq!(bundle.manifest.name, "late-fee");
    assert_eq!(bundle.component_digest, bundle.manifest.component.digest);
    assert_eq!(bundle.cases.len(), 16);
}

/// Every refusal the rule can give has a case, so that none is lost in a rewrite.
#[test]
fn every_refusal_in_the_source_has_a_case() {
    let source = std::fs::read_to_string(shipped().join("src/lib.rs")).expect("the source");
    let bundle = open(&shipped()).expect("the shipped bundle opens");
    let cases = format!("{:?}", bundle.cases);
    let code = |text: &str| text.split('"').next().map(str::to_owned);
    let codes: Vec<String> =
        source.split("refuse(").skip(1).filter_map(|rest| code(rest.split_once('"')?.1)).collect();
    assert_eq!(codes.len(), 8);
    for code in codes {
        assert!(cases.contains(&format!("\"{code}\"")), "no case for {code}");
    }
}
