//! `synapsor doctor`: broken set-ups, each found by its code, and each mended by what the finding says.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::world::World;

/// A way in which a set-up is broken.
struct Broken {
    what: &'static str,
    breaks: fn(&mut World),
    /// What is found that is not found in the set-up as it was.
    codes: &'static [&'static str],
    mends: fn(&mut World),
}

/// The codes of everything that is found.
fn found(world: &World, words: &[&str]) -> BTreeSet<String> {
    let told = world.ask(&[&["doctor"], words].concat());
    let sections = told["sections"].as_array().unwrap_or_else(|| panic!("{told}"));
    let findings = sections.iter().flat_map(|section| section["findings"].as_array().expect("findings"));
    findings
        .inspect(|finding| {
            for part in ["about", "what", "why", "fix"] {
                assert!(finding[part].as_str().is_some_and(|text| !text.is_empty()), "{finding}");
            }
        })
        .map(|finding| finding["code"].as_str().expect("a code").to_owned())
        .collect()
}

/// The config with a change.
fn change(world: &World, change: impl FnOnce(&mut Json)) {
    let mut config = world.config();
    change(&mut config);
    world.write_config(&config);
}

fn put_back(world: &mut World) {
    world.write_config(&world.config());
    world.unset("APP_READ_URL");
    world.unset("APP_WRITE_URL");
}

/// A server where nobody answers, with these URLs.
fn on_a_server(world: &mut World, read: Option<&str>, write: Option<&str>) {
    change(world, |config| {
        config["sources"]["app"] =
            json!({ "engine": "postgres", "read_url_env": "APP_READ_URL", "write_url_env": "APP_WRITE_URL" });
    });
    for (name, value) in [("APP_READ_URL", read), ("APP_WRITE_URL", write)] {
        match value {
            Some(value) => world.set(name, value),
            None => world.unset(name),
        }
    }
}

const READER: &str = "postgres://reader:hunter2@127.0.0.1:1/app";
const WRITER: &str = "postgres://writer:hunter2@127.0.0.1:1/app";

const WAIVER: &str = "billing.propose_plan_waiver";

fn waiver(world: &World) -> String {
    let arguments = r#"{ "invoice_id": "INV-3002", "reason": "bank delay" }"#;
    world.run(&["propose", WAIVER, "--args", arguments, "--json"]).code()
}

fn file(world: &World, name: &str) -> std::path::PathBuf {
    world.folder.path().join(name)
}

const BROKEN: &[Broken] = &[
    Broken {
        what: "the config is no JSON",
        breaks: |world| std::fs::write(world.config_path(), "{").expect("written"),
        codes: &["DOCTOR_CONFIG_UNUSABLE"],
        mends: put_back,
    },
    Broken {
        what: "the config has a key that is none",
        breaks: |world| change(world, |config| config["capabilitys"] = json!([])),
        codes: &["DOCTOR_CONFIG_UNUSABLE"],
        mends: put_back,
    },
    Broken {
        what: "a URL stands in the config",
        breaks: |world| change(world, |config| config["sources"]["app"]["url"] = json!(READER)),
        codes: &["DOCTOR_CONFIG_UNUSABLE"],
        mends: put_back,
    },
    Broken {
        what: "no variable holds the reading URL",
        breaks: |world| on_a_server(world, None, Some(WRITER)),
        codes: &["DOCTOR_READ_URL_MISSING"],
        mends: put_back,
    },
    Broken {
        what: "no variable holds the writing URL",
        breaks: |world| on_a_server(world, Some(READER), None),
        codes: &["DOCTOR_WRITE_URL_MISSING", "DOCTOR_SOURCE_UNREACHABLE"],
        mends: put_back,
    },
    Broken {
        what: "a variable holds the example's text",
        breaks: |world| on_a_server(world, Some("postgres://USER:PASSWORD@<host>/app"), Some(WRITER)),
        codes: &["DOCTOR_VARIABLE_PLACEHOLDER", "DOCTOR_URL_UNUSABLE", "DOCTOR_SOURCE_UNREACHABLE"],
        mends: put_back,
    },
    Broken {
        what: "reads and writes share a credential",
        breaks: |world| on_a_server(world, Some(WRITER), Some(WRITER)),
        codes: &["DOCTOR_SHARED_CREDENTIAL", "DOCTOR_SOURCE_UNREACHABLE"],
        mends: put_back,
    },
    Broken {
        what: "a parameter of the URL is misspelt",
        breaks: |world| {
            on_a_server(world, Some("postgres://reader@127.0.0.1:1/app?ssl_mode=require"), Some(WRITER))
        },
        codes: &["DOCTOR_URL_UNUSABLE", "DOCTOR_SOURCE_UNREACHABLE"],
        mends: put_back,
    },
    Broken {
        what: "nothing requires TLS on the way to another machine",
        breaks: |world| on_a_server(world, Some("postgres://reader@db.invalid/app"), Some(WRITER)),
        codes: &["DOCTOR_TLS_OFF", "DOCTOR_SOURCE_UNREACHABLE"],
        mends: put_back,
    },
    Broken {
        what: "nobody checks who answers on another machine",
        breaks: |world| {
            on_a_server(world, Some("postgres://reader@db.invalid/app?sslmode=require"), Some(WRITER))
        },
        codes: &["DOCTOR_TLS_UNVERIFIED", "DOCTOR_SOURCE_UNREACHABLE"],
        mends: put_back,
    },
    Broken {
        what: "no variable holds the tenant",
        breaks: |world| {
            change(world, |config| config["contexts"]["desk"] = json!({ "provider": "environment" }))
        },
        codes: &["DOCTOR_CONTEXT_MISSING"],
        mends: |world| {
            world.set("SYNAPSOR_TENANT_ID", "acme");
            world.set("SYNAPSOR_PRINCIPAL", "support.agent");
        },
    },
    Broken {
        what: "the database's file is not there",
        breaks: |world| change(world, |config| config["sources"]["app"]["path"] = json!("./nowhere.db")),
        codes: &["DOCTOR_SOURCE_UNREACHABLE"],
        mends: put_back,
    },
    Broken {
        what: "a capability's table is not there",
        breaks: |world| {
            change(world, |config| config["capabilities"][0]["target"]["table"] = json!("bills"));
        },
        codes: &["DOCTOR_TABLE_MISSING"],
        mends: put_back,
    },
    Broken {
        what: "a capability's column is not there",
        breaks: |world| {
            change(world, |config| config["capabilities"][0]["visible_columns"] = json!(["id", "late_fee"]));
        },
        codes: &["DOCTOR_COLUMN_MISSING"],
        mends: put_back,
    },
    Broken {
        what: "a key is no key",
        breaks: |world| {
            change(world, |config| config["capabilities"][0]["target"]["primary_key"] = json!("customer_id"));
        },
        codes: &["DOCTOR_KEY_NOT_UNIQUE"],
        mends: put_back,
    },
    Broken {
        what: "a handler's folder is not there",
        breaks: |world| std::fs::rename(file(world, "handlers"), file(world, "moved")).expect("moved"),
        codes: &["DOCTOR_HANDLER_UNUSABLE"],
        mends: |world| std::fs::rename(file(world, "moved"), file(world, "handlers")).expect("moved"),
    },
    Broken {
        what: "another component is pinned",
        breaks: |world| {
            change(world, |config| {
                World::capability(config, "billing.propose_plan_waiver")["handler"]["digest"] =
                    json!(format!("sha256:{}", "0".repeat(64)));
            });
        },
        codes: &["DOCTOR_HANDLER_UNUSABLE"],
        mends: put_back,
    },
    Broken {
        what: "a handler is stopped in call after call",
        breaks: |world| {
            change(world, |config| {
                World::capability(config, WAIVER)["handler"]["limits"] = json!({ "output_bytes": 1 });
            });
            for _ in 0..5 {
                assert_eq!(waiver(world), "GUEST_OUTPUT_TOO_LARGE");
            }
        },
        codes: &["DOCTOR_HANDLER_BREAKING"],
        mends: |world| {
            put_back(world);
            assert_eq!(waiver(world), "no refusal", "one answer brings it back");
        },
    },
    Broken {
        what: "an executor's variable is not set",
        breaks: |world| {
            change(world, |config| {
                config["executors"] = json!({ "books": { "type": "http_handler", "url_env": "BOOKS_URL" } });
            });
        },
        codes: &["DOCTOR_EXECUTOR_VARIABLE_MISSING"],
        mends: |world| world.set("BOOKS_URL", "http://127.0.0.1:1/books"),
    },
    Broken {
        what: "the ledger is another file",
        breaks: |world| {
            std::fs::create_dir_all(file(world, ".synapsor")).expect("made");
            std::fs::write(
                world.ledger_path(),
                "not a ledger, and long enough to be looked at as a database's header",
            )
            .expect("written");
        },
        codes: &["DOCTOR_LEDGER_UNUSABLE"],
        mends: |world| std::fs::remove_file(world.ledger_path()).expect("removed"),
    },
    Broken {
        what: "a client's file holds a password",
        breaks: |world| {
            let leaked = json!({ "mcpServers": { "synapsor": { "env": { "APP_READ_URL": READER } } } });
            std::fs::write(file(world, ".mcp.json"), leaked.to_string()).expect("written");
        },
        codes: &["DOCTOR_CLIENT_SECRET"],
        mends: |world| std::fs::remove_file(file(world, ".mcp.json")).expect("removed"),
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn every_broken_set_up_is_found_by_its_code_and_mended() {
    for Broken { what, breaks, codes, mends } in BROKEN {
        let mut world = World::new(Engine::Sqlite).await;
        let healthy = found(&world, &[]);
        breaks(&mut world);
        let broken = found(&world, &[]);
        for code in *codes {
            assert!(broken.contains(*code), "{what}: expected {code}, found {broken:?}");
        }
        let known: BTreeSet<String> = codes.iter().map(|code| (*code).to_owned()).collect();
        let more: Vec<&String> =
            broken.iter().filter(|code| !known.contains(*code) && !healthy.contains(*code)).collect();
        assert!(more.is_empty(), "{what}: found {more:?} as well");
        mends(&mut world);
        let mended = found(&world, &[]);
        assert!(known.intersection(&mended).next().is_none(), "{what}: still {mended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_of_a_variable_stands_in_a_diagnosis_or_a_report() {
    let mut world = World::new(Engine::Sqlite).await;
    on_a_server(&mut world, Some(READER), Some(WRITER));
    for words in [&["doctor"][..], &["doctor", "--json"], &["doctor", "--check-writeback"]] {
        let answered = world.run(words);
        assert_eq!(answered.exit, 1, "{answered:?}");
        assert!(!format!("{answered:?}").contains("hunter2"), "{answered:?}");
    }
    let written = world.run(&["doctor", "--report", "--redact", "--output", "synapsor-doctor.md"]);
    assert_eq!(written.exit, 1, "{written:?}");
    let page = std::fs::read_to_string(file(&world, "synapsor-doctor.md")).expect("a report");
    assert!(page.contains("SOURCE\\_UNREACHABLE") || page.contains("SOURCE_UNREACHABLE"), "{page}");
    assert!(!page.contains("hunter2") && !page.contains("127.0.0.1"), "{page}");
    let again = world.run(&["doctor", "--report", "--output", "synapsor-doctor.md"]);
    assert_eq!(again.exit, 2, "a report that is there is not replaced: {again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diagnosis_makes_no_ledger_and_changes_no_source() {
    let world = World::new(Engine::Sqlite).await;
    let before = world.invoice("INV-3001").await;
    let answered = world.run(&["doctor", "--check-writeback", "--check-handlers"]);
    assert_eq!(answered.exit, 0, "{answered:?}");
    assert!(!world.ledger_path().exists());
    assert_eq!((world.invoice("INV-3001").await, world.receipts().await), (before, 0));
}
