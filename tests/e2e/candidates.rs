//! A handler's candidate in shadow, from outside: version 2 beside version 1 of a bundle, and everything that can be wrong with it.

use std::time::Duration;

use expect_test::expect_file;
use serde_json::{Value as Json, json};
use synapsor_protocol::{Digest, Engine};
use synapsor_test_guests::guest;

use crate::http::peer::{Answer, Request};
use crate::http::server::Server;
use crate::screens::settled;
use crate::world::{World, call};

const METRICS_TOKEN: &str = "metrics-token-0123456789-0123456789";
const WAIVE: &str = "billing__propose_plan_waiver";
const LIVE: &[u8] = include_bytes!("../../handlers/late-fee/late-fee.wasm");

/// The live component with an empty custom section: another one that does the same.
fn twin() -> Vec<u8> {
    let mut component = LIVE.to_vec();
    component.extend([0, 2, 1, b'x']);
    component
}

/// Puts a candidate of this component beside the live handler, and into the config under that digest.
fn tries(world: &World, component: &[u8], pinned: &Digest) {
    let (live, tried) =
        (world.folder.path().join("handlers/late-fee"), world.folder.path().join("handlers/two"));
    std::fs::create_dir_all(&tried).expect("a folder");
    let manifest = std::fs::read_to_string(live.join("handler.json")).expect("the manifest");
    let mut manifest: Json = serde_json::from_str(&manifest).expect("JSON");
    manifest["version"] = json!("0.2.0");
    manifest["component"]["digest"] = json!(Digest::of_bytes(component));
    std::fs::write(tried.join("handler.json"), manifest.to_string()).expect("written");
    std::fs::write(tried.join("late-fee.wasm"), component).expect("written");
    names(world, "handlers/two", pinned);
}

fn names(world: &World, bundle: &str, pinned: &Digest) {
    let mut config = world.config();
    World::capability(&mut config, "billing.propose_plan_waiver")["handler"]["shadow"] =
        json!({ "bundle": bundle, "digest": pinned });
    world.write_config(&config);
}

/// The candidate's line of the report, once it has so many runs.
async fn reported(world: &World, runs: u64) -> Json {
    for _ in 0..600 {
        let report = world.ask(&["shadow", "report", "--from", "1d"]);
        if report["candidates"][0]["runs"].as_u64().is_some_and(|found| found >= runs) {
            return report["candidates"][0].clone();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the candidate did not run: {}", world.ask(&["shadow", "report"]));
}

/// What the call is answered, without what differs from call to call.
async fn asked(world: &World) -> (bool, Json) {
    let client = world.client().await;
    let arguments = json!({ "invoice_id": "INV-3002", "reason": "x" });
    let answer = call(&client, WAIVE, arguments).await;
    let proposal = &answer.content["proposal"];
    let told = json!([proposal["diff"], proposal["state"], answer.content["error"]["reason"]]);
    let run = reported(world, 1).await;
    client.close().await;
    (answer.is_error, json!([told, run]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_version_is_compared_on_the_calls_of_the_first() {
    let world = World::new(Engine::Sqlite).await;
    tries(&world, &twin(), &Digest::of_bytes(&twin()));
    let client = world.client().await;
    for invoice in ["INV-3001", "INV-3002"] {
        call(&client, WAIVE, json!({ "invoice_id": invoice, "reason": "x" })).await;
    }
    let run = reported(&world, 2).await;
    assert_eq!(
        (&run["same"], &run["failed"], &run["not_shown"]),
        (&json!(2), &json!({}), &json!(0)),
        "{run}"
    );
    assert_eq!(run["average"]["live"]["fuel"], run["average"]["candidate"]["fuel"], "{run}");
    assert_eq!(run["candidate"], json!(Digest::of_bytes(&twin())));
    client.close().await;
    assert_eq!(world.ask(&["store", "verify"])["ok"], json!(true));
    assert_eq!(world.ask(&["store", "stats"])["records"]["candidate_runs"], json!(2));
    let shown = world.run(&["config", "show"]).stdout;
    assert!(shown.contains("in shadow") && shown.contains("handlers/two"), "{shown}");
    let config = world.config_path();
    let judged = world.run(&["validate", config.to_str().expect("text"), "--json"]).json();
    let handlers = judged["reports"][0]["handlers"].as_array();
    assert_eq!(handlers.map(Vec::len), Some(2), "the candidate is judged too: {judged}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_is_missing_or_another_or_answers_rubbish_changes_nothing_of_the_call() {
    let alone = World::new(Engine::Sqlite).await;
    let client = alone.client().await;
    let answer = call(&client, WAIVE, json!({ "invoice_id": "INV-3002", "reason": "x" })).await;
    let proposal = &answer.content["proposal"];
    let expected = json!([proposal["diff"], proposal["state"], Json::Null]);
    client.close().await;
    let other = Digest::of_bytes(b"another");
    for what in ["missing", "another", "rubbish", "loops"] {
        let world = World::new(Engine::Sqlite).await;
        let code = match what {
            "missing" => {
                names(&world, "handlers/nowhere", &other);
                "HANDLER_NOT_LOADED"
            }
            "another" => {
                tries(&world, &twin(), &other);
                "HANDLER_DIGEST_MISMATCH"
            }
            "rubbish" => {
                tries(&world, b"no component", &Digest::of_bytes(b"no component"));
                "HANDLER_INVALID"
            }
            _ => {
                let looping = synapsor_test_guests::component(
                    &synapsor_test_guests::fixtures().join("hostile/endless_loop.wat"),
                );
                tries(&world, &looping, &Digest::of_bytes(&looping));
                "GUEST_FUEL"
            }
        };
        let (refused, told) = asked(&world).await;
        assert!(!refused, "{what}: {told}");
        assert_eq!(told[0], expected, "{what}");
        assert_eq!(told[1]["failed"], json!({ code: 1 }), "{what}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_loses_no_call_a_candidate_was_to_be_shown() {
    for over_http in [false, true] {
        let mut world = World::new(Engine::Sqlite).await;
        tries(&world, &twin(), &Digest::of_bytes(&twin()));
        let arguments = json!({ "invoice_id": "INV-3002", "reason": "x" });
        if over_http {
            let server = Server::start(&mut world, &[]);
            for _ in 0..3 {
                let call = json!({ "name": WAIVE, "arguments": arguments });
                assert_eq!(server.send(&Request::alone("tools/call", call)).status, 200);
            }
            assert!(server.stop().0.success());
        } else {
            let client = world.client().await;
            for _ in 0..3 {
                assert!(!call(&client, WAIVE, arguments.clone()).await.is_error);
            }
            client.close().await;
        }
        let run = reported(&world, 0).await;
        let [runs, not_shown] = ["runs", "not_shown"].map(|count| run[count].as_u64().expect("a number"));
        assert_eq!(runs + not_shown, 3, "over HTTP: {over_http}: {run}");
        assert_eq!(run["failed"], json!({}), "{run}");
        assert_eq!(world.ask(&["store", "verify"])["ok"], json!(true));
    }
}

/// Has the server serve another config, under which the live handler and its candidate are the same.
fn reloads(world: &World, server: &Server) {
    let text = std::fs::read_to_string(world.config_path()).expect("a config");
    let mut config: Json = serde_json::from_str(&text).expect("JSON");
    config["rate_limits"] = json!({ "calls_per_minute_per_capability": 1_000 });
    world.write_config(&config);
    server.logs("the changed config is served");
}

/// How many calls the report knows of: shown to the candidate, and not shown.
async fn told_of(world: &World) -> (u64, u64) {
    let run = reported(world, 0).await;
    let [runs, not_shown] = ["runs", "not_shown"].map(|count| run[count].as_u64().expect("a number"));
    (runs, not_shown)
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_an_earlier_config_that_wait_for_a_candidate_are_not_lost_when_the_server_stops() {
    let mut world = World::new(Engine::Sqlite).await;
    let looping = synapsor_test_guests::component(
        &synapsor_test_guests::fixtures().join("hostile/endless_loop_unmetered.wat"),
    );
    tries(&world, &looping, &Digest::of_bytes(&looping));
    // A run takes as long as the engine lets one, which is longer than a server that stops has for all of them.
    let text = std::fs::read_to_string(world.config_path()).expect("a config");
    let mut config: Json = serde_json::from_str(&text).expect("JSON");
    World::capability(&mut config, "billing.propose_plan_waiver")["handler"]["limits"] =
        json!({ "fuel": 1_000_000_000_000_u64, "timeout_ms": 10_000 });
    world.write_config(&config);
    let manifest = world.folder.path().join("handlers/two/handler.json");
    let needs = std::fs::read_to_string(&manifest).expect("a manifest");
    let mut needs: Json = serde_json::from_str(&needs).expect("JSON");
    needs["limits"] = json!({ "fuel": 1_000_000_000_000_u64, "timeout_ms": 10_000 });
    std::fs::write(&manifest, needs.to_string()).expect("written");
    let server = Server::start(&mut world, &[]);
    let call = Request::alone(
        "tools/call",
        json!({ "name": WAIVE, "arguments": { "invoice_id": "INV-3002", "reason": "x" } }),
    );
    for _ in 0..3 {
        assert_eq!(server.send(&call).status, 200);
    }
    reloads(&world, &server);
    assert_eq!(server.send(&call).status, 200);
    let (status, log) = server.stop();
    assert!(status.success() && !log.contains("not all recorded"), "{log}");
    let (runs, not_shown) = told_of(&world).await;
    assert_eq!(runs + not_shown, 4, "three of the earlier config, and one of this");
    assert_eq!(world.ask(&["store", "verify"])["ok"], json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_ends_after_its_config_was_replaced_is_shown_to_its_candidate_too() {
    let mut world = World::new(Engine::Sqlite).await;
    tries(&world, &twin(), &Digest::of_bytes(&twin()));
    let server = Server::start(&mut world, &[]);
    let call = Request::alone(
        "tools/call",
        json!({ "name": WAIVE, "arguments": { "invoice_id": "INV-3002", "reason": "x" } }),
    );
    let mut lock = world.database.session().await;
    lock.execute("BEGIN EXCLUSIVE").await;
    let bytes = call.bytes(&server.address);
    let address = server.address.clone();
    let asked = std::thread::spawn(move || Answer::of(&address, &bytes));
    // It has arrived, and waits for the row.
    tokio::time::sleep(Duration::from_millis(500)).await;
    reloads(&world, &server);
    lock.execute("ROLLBACK").await;
    let answered = asked.join().expect("asked");
    assert_eq!((answered.status, answered.code().as_str()), (200, "-"), "{answered:?}");
    assert!(server.stop().0.success());
    let (runs, not_shown) = told_of(&world).await;
    assert_eq!(runs + not_shown, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_metrics_counts_what_became_of_each_call() {
    let mut world = World::new(Engine::Sqlite).await;
    let waives = guest("waives_fee");
    tries(&world, &waives, &Digest::of_bytes(&waives));
    world.set("SYNAPSOR_METRICS_TOKEN", METRICS_TOKEN);
    let server = Server::start(&mut world, &[]);
    let call = json!({ "name": WAIVE, "arguments": { "invoice_id": "INV-3002", "reason": "x" } });
    assert_eq!(server.send(&Request::alone("tools/call", call)).status, 200);
    let run = reported(&world, 1).await;
    let became = if run["same"] == json!(1) { "same" } else { "differed" };
    let bearer = format!("Bearer {METRICS_TOKEN}");
    let page = || server.send(&Request::bare("GET", "/metrics").with("Authorization", &bearer)).body;
    let counted = format!(
        r#"synapsor_candidate_calls_total{{capability="billing.propose_plan_waiver",outcome="{became}"}} 1"#
    );
    // It is told a moment after it is on record.
    for _ in 0..600 {
        if page().contains(&counted) && page().contains("synapsor_candidate_waiting 0") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{counted}\n{}", page());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_what_is_wrong_with_a_candidate_and_that_no_call_fails_by_it() {
    let world = World::new(Engine::Sqlite).await;
    let found = |words: &[&str]| -> Vec<(String, String)> {
        let told = world.ask(&[&["doctor"], words].concat());
        assert_eq!(told["verdict"], json!("healthy"), "{told}");
        let sections = told["sections"].as_array().expect("sections");
        let handlers =
            sections.iter().find(|section| section["name"] == json!("handlers")).expect("a section");
        let part = |found: &Json, part: &str| found[part].as_str().expect("a text").to_owned();
        let findings = handlers["findings"].as_array().expect("findings").iter();
        findings.map(|found| (part(found, "code"), part(found, "what"))).collect()
    };
    let other = Digest::of_bytes(b"another");
    tries(&world, &twin(), &Digest::of_bytes(&twin()));
    for words in [&[][..], &["--check-handlers"]] {
        assert_eq!(found(words), [], "{words:?}");
    }
    let rubbish = b"no component";
    for (breaks, words, what) in [
        (0, &[][..], "HANDLER_NOT_LOADED"),
        (1, &["--check-handlers"], "HANDLER_DIGEST_MISMATCH"),
        (2, &["--check-handlers"], "HANDLER_INVALID"),
    ] {
        match breaks {
            0 => names(&world, "handlers/nowhere", &other),
            1 => tries(&world, &twin(), &other),
            _ => tries(&world, rubbish, &Digest::of_bytes(rubbish)),
        }
        let told = found(words);
        let [(code, said)] = told.as_slice() else { panic!("{what}: {told:?}") };
        assert_eq!(code, "DOCTOR_CANDIDATE_UNUSABLE", "{said}");
        assert!(said.contains(what), "{what}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_of_a_candidate_is_told_word_for_word() {
    let world = World::new(Engine::Sqlite).await;
    let waives = guest("waives_fee");
    tries(&world, &waives, &Digest::of_bytes(&waives));
    let client = world.client().await;
    call(&client, WAIVE, json!({ "invoice_id": "INV-3002", "reason": "x" })).await;
    reported(&world, 1).await;
    client.close().await;
    let mut told = String::new();
    for words in [&["shadow", "report"][..], &["shadow", "report", "--format", "markdown"]] {
        let answered = world.run(words);
        told.push_str(&format!("$ synapsor {}\n{}{}\n", words.join(" "), answered.stdout, answered.stderr));
    }
    // The last two columns of what a call takes are times.
    let times = regex::Regex::new(r"(\d{4,} +(?:\| )?\d{4,}) .*").expect("a pattern");
    expect_file!["screens/candidates.txt"].assert_eq(&times.replace_all(&settled(&told), "$1 TIMES"));
}
