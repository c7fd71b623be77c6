//! What the late-fee handler declares against what a config grants it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use expect_test::expect;
use serde_json::{Value, json};
use synapsor_bundle::{
    Bundle, Manifest, Problem, ProblemCode, component_digest, grant_problems, open, running_allowance,
    running_limits, running_reads,
};
use synapsor_config::{Capability, HandlerLimits, Logic, WasiGrant};
use synapsor_handler_host::{Limits, Wasi};
use synapsor_protocol::Code;

use crate::copy::shipped;

/// The demo's capability for the handler, with its digest pinned, after a change.
fn capability(change: impl FnOnce(&mut Value)) -> Arc<Capability> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/demo/synapsor.runner.json");
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let capabilities = config["capabilities"].as_array_mut().unwrap();
    capabilities.retain(|capability| capability["name"] == "billing.propose_plan_waiver");
    capabilities[0]["handler"]["digest"] = json!(component_digest(&shipped()).unwrap());
    change(&mut capabilities[0]);
    let checked = synapsor_config::check(&config.to_string());
    let config = checked.config.unwrap_or_else(|| panic!("{:#?}", checked.problems));
    Arc::clone(&config.capabilities[0])
}

fn bundle() -> Bundle {
    open(&shipped()).unwrap()
}

fn problems(change: impl FnOnce(&mut Value)) -> Vec<Problem> {
    grant_problems(&bundle(), &capability(change))
}

fn remove(from: &mut Value, key: &str) {
    from.as_object_mut().unwrap().remove(key);
}

#[test]
fn the_demo_grants_the_shipped_handler_what_it_needs() {
    assert_eq!(problems(|_| {}), []);
}

#[test]
fn each_thing_that_is_not_granted_is_found_under_its_own_code() {
    use ProblemCode::*;
    type Change = fn(&mut Value);
    let ungranted: Vec<(ProblemCode, Change)> = vec![
        (GrantNoHandler, |c| {
            remove(c, "handler");
            remove(c, "reads");
            c["patch"] = json!({"late_fee_cents": {"fixed": 0}});
        }),
        (GrantDigestMismatch, |c| c["handler"]["digest"] = json!(format!("sha256:{}", "0".repeat(64)))),
        (GrantArgumentMissing, |c| remove(&mut c["args"], "reason")),
        (GrantArgumentMissing, |c| c["args"]["reason"]["required"] = json!(false)),
        (GrantArgumentType, |c| c["args"]["reason"] = json!({"type": "boolean"})),
        (GrantSettingMissing, |c| remove(&mut c["handler"]["settings"], "waivers_per_year_max")),
        (GrantSettingType, |c| c["handler"]["settings"]["cap_cents_basic"] = json!("2000")),
        (GrantSettingUnknown, |c| c["handler"]["settings"]["waivers_per_year"] = json!(3)),
        (GrantRowColumnMissing, |c| {
            c["visible_columns"] = json!(["id", "late_fee_cents", "status", "updated_at"])
        }),
        (GrantReadMissing, |c| remove(&mut c["reads"], "customer")),
        (GrantReadColumnMissing, |c| c["reads"]["customer"]["columns"] = json!(["id"])),
        (GrantFilterMissing, |c| c["reads"]["waivers"]["filters"] = json!(["id"])),
        (GrantRowsTooFew, |c| c["reads"]["waivers"]["rows_max"] = json!(49)),
        (GrantWriteMissing, |c| c["allowed_columns"] = json!(["late_fee_cents"])),
        (GrantLimitTooLow, |c| c["handler"]["limits"] = json!({"fuel": 1_000_000, "reads_max": 1})),
    ];
    // The shipped handler links no WASI; the test for one that does is below.
    let told: BTreeSet<ProblemCode> =
        ungranted.iter().map(|(code, _)| *code).chain([GrantWasiMissing]).collect();
    for (code, change) in ungranted {
        let found = problems(change);
        assert!(!found.is_empty() && found.iter().all(|problem| problem.code == code), "{code}: {found:#?}");
    }
    let (_, grants) = ProblemCode::SECTIONS.iter().find(|(section, _)| *section == "Grants").unwrap();
    assert_eq!(told, grants.iter().copied().collect());
}

#[test]
fn everything_that_is_not_granted_is_said_at_once_with_its_place() {
    let found = problems(|c| {
        c["handler"]["settings"] = json!({"cap_cent_basic": 2000});
        c["reads"]["waivers"]["rows_max"] = json!(20);
        c["allowed_columns"] = json!(["waiver_reason"]);
        remove(c, "numeric_bounds");
    });
    let lines: Vec<String> = found.iter().map(|problem| format!("{problem}")).collect();
    expect![[r#"
        GRANT_SETTING_MISSING billing.propose_plan_waiver $.handler.settings.waivers_per_year_max: the handler needs this setting
        GRANT_SETTING_UNKNOWN billing.propose_plan_waiver $.handler.settings.cap_cent_basic: the handler has no such setting
        GRANT_ROWS_TOO_FEW billing.propose_plan_waiver $.reads.waivers.rows_max: expected at least `50`, found `20`
        GRANT_WRITE_MISSING billing.propose_plan_waiver $.allowed_columns: the handler may write column `late_fee_cents`"#]].assert_eq(&lines.join("\n"));
    assert_eq!(found[1].hint.as_deref(), Some("did you mean `cap_cents_*`?"));
}

#[test]
fn a_handler_runs_with_what_is_granted_and_no_more_than_it_asks_for() {
    let need = bundle().manifest.limits;
    let granted = |limits: HandlerLimits| running_limits(&bundle().manifest, &limits);
    let by_default = granted(HandlerLimits::default());
    assert_eq!(Some(by_default.fuel), need.fuel);
    assert_eq!(by_default.timeout_ms, Limits::default().timeout_ms);
    let less = granted(HandlerLimits { fuel: Some(5), timeout_ms: Some(100), ..HandlerLimits::default() });
    assert_eq!((less.fuel, less.timeout_ms), (5, 100));
    let more = granted(HandlerLimits { fuel: Some(u64::MAX), ..HandlerLimits::default() });
    assert_eq!(Some(more.fuel), need.fuel);
}

#[test]
fn wasi_is_linked_where_the_handler_asks_for_it_and_the_config_grants_it() {
    let linked = |needs: bool, granted: bool| {
        let deny_all = Some(WasiGrant::DenyAll);
        let manifest = Manifest { wasi: deny_all.filter(|_| needs), ..bundle().manifest };
        let capability = capability(|c| {
            if granted {
                c["handler"]["wasi"] = json!("deny_all");
            }
        });
        let Logic::Handler(grant) = &capability.proposal.as_ref().unwrap().logic else { panic!("a handler") };
        running_allowance(&manifest, grant).wasi
    };
    assert_eq!(linked(true, true), Wasi::DenyAll);
    for (needs, granted) in [(true, false), (false, true), (false, false)] {
        assert_eq!(linked(needs, granted), Wasi::None, "needed: {needs}, granted: {granted}");
    }
}

#[test]
fn a_handler_that_links_wasi_is_not_run_by_a_config_that_does_not_say_so() {
    let needing =
        Bundle { manifest: Manifest { wasi: Some(WasiGrant::DenyAll), ..bundle().manifest }, ..bundle() };
    let found = grant_problems(&needing, &capability(|_| {}));
    assert_eq!(found.iter().map(|problem| problem.code).collect::<Vec<_>>(), [ProblemCode::GrantWasiMissing]);
    assert_eq!(found[0].refusal().code, Code::HandlerInvalid);
    assert_eq!(grant_problems(&needing, &capability(|c| c["handler"]["wasi"] = json!("deny_all"))), []);
}

#[test]
fn a_handler_reads_what_is_granted_and_declared_and_nothing_that_is_only_one_of_them() {
    let capability = capability(|c| {
        c["reads"]["waivers"]["columns"] = json!(["id", "amount_cents", "created_at", "note"]);
        c["reads"]["waivers"]["filters"] = json!(["customer_id", "invoice_id"]);
        c["reads"]["staff"] = c["reads"]["customer"].clone();
    });
    let rules = capability.proposal.as_ref().unwrap();
    let Logic::Handler(grant) = &rules.logic else { panic!("a handler") };
    let reads = running_reads(&bundle().manifest, grant);
    let shown: Vec<_> =
        reads.iter().map(|(name, read)| (name.as_str(), &read.columns, &read.filters)).collect();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
    let filters = BTreeSet::from(["customer_id".to_owned()]);
    assert_eq!(
        shown,
        [
            ("customer", &names(&["plan"]), &BTreeSet::new()),
            ("waivers", &names(&["amount_cents", "created_at"]), &filters)
        ]
    );
}
