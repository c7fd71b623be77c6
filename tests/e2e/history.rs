//! `synapsor rerun` and `synapsor backtest`: the record alone gives the same answers again, and says where others differ.

use std::path::Path;

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::world::World;

const HANDLER: &str = "billing.propose_plan_waiver";
const DECLARATIVE: &str = "billing.propose_late_fee_waiver";

fn waiver(world: &World, capability: &str, invoice: &str, reason: &str) -> Json {
    let arguments = json!({ "invoice_id": invoice, "reason": reason }).to_string();
    world.run(&["propose", capability, "--args", &arguments, "--json"]).json()
}

/// The config with another setting of the handler; none takes it away.
fn with_setting(world: &World, name: &str, value: Option<i64>) {
    let mut config = world.config();
    let settings = &mut World::capability(&mut config, HANDLER)["handler"]["settings"];
    let settings = settings.as_object_mut().expect("settings");
    match value {
        Some(value) => settings.insert(name.to_owned(), json!(value)),
        None => settings.remove(name),
    };
    world.write_config(&config);
}

fn counts(document: &Json) -> [i64; 5] {
    ["same", "different", "newly_refused", "newly_allowed", "needs_other_reads"]
        .map(|name| document["counts"][name].as_i64().expect("a count"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_reruns_to_the_same_content_and_fuel_with_the_database_gone() {
    let world = World::new(Engine::Sqlite).await;
    for capability in [HANDLER, DECLARATIVE] {
        let proposed = waiver(&world, capability, "INV-3002", "bank delay");
        assert_eq!(proposed["ok"], json!(true), "{proposed}");
    }
    world.database.execute("DROP TABLE waivers; DROP TABLE invoices; DROP TABLE customers").await;
    let proposals = world.ask(&["proposals", "list"])["proposals"].clone();
    for proposal in proposals.as_array().expect("proposals") {
        let id = proposal["proposal_id"].as_str().expect("an id");
        let rerun = world.run(&["rerun", id, "--json"]);
        assert_eq!((rerun.exit, &rerun.json()["same"]), (0, &json!(true)), "{rerun:?}");
        let document = rerun.json();
        assert_eq!(document["content_digests"][0], document["content_digests"][1]);
        assert_eq!(document["fuel"], document["fuel_recorded"]);
        assert_eq!(document["column_types_checked"], json!(false));
    }
    assert!(world.run(&["rerun", "latest"]).stdout.starts_with("same wrp_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_handler_used_of_its_limits_is_shown_with_its_proposal() {
    let world = World::new(Engine::Sqlite).await;
    for (capability, ran) in [(HANDLER, true), (DECLARATIVE, false)] {
        let proposed = waiver(&world, capability, "INV-3002", "bank delay");
        assert_eq!(proposed["ok"], json!(true), "{proposed}");
        let handler = world.ask(&["proposals", "show", "latest"])["handler"].clone();
        assert_eq!(handler.is_object(), ran, "{handler}");
        if ran {
            let percent = handler["share"]["fuel_percent"].as_u64().expect("a share");
            assert!((1..100).contains(&percent), "{handler}");
            let evidence = world.ask(&["replay", "show", "latest"])["evidence"].clone();
            assert_eq!((&evidence["usage"], &evidence["budget"]), (&handler["usage"], &handler["budget"]));
        }
        for words in [["proposals", "show", "latest"], ["replay", "show", "latest"]] {
            let shown = world.run(&words).stdout;
            assert_eq!(shown.contains(" %)") && shown.contains(" us ("), ran, "{shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerun_takes_the_settings_of_the_call_and_says_that_the_config_has_changed() {
    let world = World::new(Engine::Sqlite).await;
    waiver(&world, HANDLER, "INV-3002", "bank delay");
    with_setting(&world, "cap_cents_plus", Some(3000));
    let rerun = world.run(&["rerun", "latest", "--json"]);
    assert_eq!(rerun.exit, 0, "{rerun:?}");
    assert_eq!(rerun.json()["config_changed"], json!(true));
    assert_eq!(rerun.json()["column_types_checked"], json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_change_that_todays_columns_do_not_take_is_newly_refused() {
    let world = World::new(Engine::Sqlite).await;
    waiver(&world, HANDLER, "INV-3002", "bank delay");
    world.database.execute("ALTER TABLE invoices DROP COLUMN waiver_reason").await;
    let rerun = world.run(&["rerun", "latest", "--json"]);
    let document = rerun.json();
    assert_eq!((rerun.exit, &document["column_types_checked"]), (1, &json!(true)), "{rerun:?}");
    assert_eq!(document["now"]["code"], json!("SOURCE_SHAPE_MISMATCH"), "{document}");
    let history = world.ask(&["backtest", "--bundle", "handlers/late-fee"]);
    assert_eq!(
        (counts(&history), &history["column_types_checked"]),
        ([0, 0, 1, 0, 0], &json!(true)),
        "{history}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerun_that_cannot_be_faithful_is_refused() {
    let world = World::new(Engine::Sqlite).await;
    let refused = |words: &[&str]| {
        let answered = world.run(words);
        (answered.exit, answered.code())
    };
    waiver(&world, HANDLER, "INV-3002", "bank delay");
    assert_eq!(refused(&["rerun", "wrp_nobody", "--json"]).1, "PROPOSAL_NOT_FOUND");
    let c = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../handlers/late-fee-c");
    let c = c.to_str().expect("a path");
    let other = refused(&["rerun", "latest", "--bundle", c, "--json"]);
    assert_eq!(other, (1, "HANDLER_DIGEST_MISMATCH".to_owned()));
    assert_eq!(refused(&["rerun", "latest", "--bundle", "nowhere", "--json"]).0, 3);
    let mut config = world.config();
    config["capabilities"].as_array_mut().expect("capabilities").retain(|one| one["name"] != json!(HANDLER));
    world.write_config(&config);
    assert_eq!(refused(&["rerun", "latest", "--json"]), (1, "RERUN_INPUTS_MISSING".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn history_goes_through_another_version_and_what_differs_is_told_by_column() {
    let world = World::new(Engine::Sqlite).await;
    waiver(&world, HANDLER, "INV-3002", "bank delay");
    waiver(&world, HANDLER, "INV-3002", " ");
    // The same rule in C: another component, the same answers.
    let c = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../handlers/late-fee-c");
    let c = c.to_str().expect("a path");
    let same = world.ask(&["backtest", "--bundle", c, "--capability", HANDLER, "--fail-on", "any"]);
    assert_eq!((&same["ok"], counts(&same)), (&json!(true), [2, 0, 0, 0, 0]), "{same}");
    // By its name it decided nothing.
    let none = world.ask(&["backtest", "--bundle", c]);
    assert_eq!(none["calls"], json!(0), "{none}");

    with_setting(&world, "cap_cents_plus", Some(3000));
    let today = ["backtest", "--bundle", "handlers/late-fee", "--current-settings"];
    let other = world.ask(&today);
    assert_eq!((&other["ok"], counts(&other)), (&json!(true), [1, 1, 0, 0, 0]), "{other}");
    let column = &other["differences"][0]["columns"][0];
    assert_eq!(column["column"], json!("late_fee_cents"), "{other}");
    for (fail_on, exit) in [("any", 1), ("different", 1), ("refused,allowed,other-reads", 0)] {
        assert_eq!(world.run(&[&today[..], &["--fail-on", fail_on]].concat()).exit, exit, "{fail_on}");
    }
    let shown = world.run(&today).stdout;
    assert!(shown.contains("late_fee_cents 6500 -> 8500"), "{shown}");

    with_setting(&world, "waivers_per_year_max", Some(0));
    let refused = world.ask(&today);
    assert_eq!(counts(&refused), [1, 0, 1, 0, 0], "{refused}");
    let later = world.ask(&["backtest", "--bundle", "handlers/late-fee", "--since", "2999-01-01"]);
    assert_eq!(later["calls"], json!(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_refusal_may_be_newly_allowed_or_need_reads_that_nobody_recorded() {
    let world = World::new(Engine::Sqlite).await;
    with_setting(&world, "waivers_per_year_max", Some(0));
    let refused = waiver(&world, HANDLER, "INV-3002", "bank delay");
    assert_eq!(refused["error"]["handler_code"], json!("YEARLY_WAIVERS_USED"), "{refused}");
    with_setting(&world, "cap_cents_plus", None);
    let refused = waiver(&world, HANDLER, "INV-3002", "bank delay");
    assert_eq!(refused["error"]["handler_code"], json!("PLAN_WITHOUT_WAIVERS"), "{refused}");

    world.write_config(&world.config());
    let recorded = world.ask(&["backtest", "--bundle", "handlers/late-fee"]);
    assert_eq!(counts(&recorded), [2, 0, 0, 0, 0], "{recorded}");
    let today = world.ask(&["backtest", "--bundle", "handlers/late-fee", "--current-settings"]);
    assert_eq!(counts(&today), [0, 0, 0, 1, 1], "{today}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backtest_that_cannot_be_run_says_why() {
    let world = World::new(Engine::Sqlite).await;
    waiver(&world, HANDLER, "INV-3002", "bank delay");
    for (words, exit, code) in [
        (&["--bundle", "nowhere"][..], 3, "HANDLER_NOT_LOADED"),
        (&["--bundle", "handlers/late-fee", "--since", "yesterday"], 2, "INVALID_INPUT"),
        (&["--bundle", "handlers/late-fee", "--capability", "no.such"], 1, "RERUN_INPUTS_MISSING"),
    ] {
        let answered = world.run(&[&["backtest", "--json"], words].concat());
        assert_eq!((answered.exit, answered.code().as_str()), (exit, code), "{words:?} {answered:?}");
    }
    let usage = world.run(&["backtest", "--bundle", "handlers/late-fee", "--fail-on", "everything"]);
    assert_eq!(usage.exit, 2);
}
