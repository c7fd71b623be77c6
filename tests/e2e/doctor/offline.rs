//! Broken set-ups of a file, a config and an environment: what is wrong with each is found, and what the finding says mends it.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use super::follow::{Known, follow};
use super::{Finding, READER, WRITER, file, findings, on_a_server};
use crate::world::World;

/// A way in which a set-up is broken.
struct Broken {
    what: &'static str,
    breaks: fn(&mut World),
    /// What is found that is not found in the set-up as it was: the cause, then what follows from it.
    codes: &'static [&'static str],
    mends: Mends,
}

/// What makes it good again.
enum Mends {
    /// What the finding says, and what only a person knows.
    AsSaid(Known<'static>),
    /// The finding says what is wrong, and only a person knows what was meant.
    ByHand(fn(&mut World)),
}
use Mends::{AsSaid, ByHand};

/// The config with a change.
fn change(world: &World, change: impl FnOnce(&mut Json)) {
    let mut config = world.config();
    change(&mut config);
    world.write_config(&config);
}

fn put_back(world: &mut World) {
    world.write_config(&world.config());
}

/// Changes the database itself, as its owner would.
fn execute(world: &World, sql: &str) {
    let running = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| running.block_on(world.database.execute(sql)));
}

const WAIVER: &str = "billing.propose_plan_waiver";
const PATCH: &str = "billing.propose_late_fee_waiver";

fn waiver(world: &World) -> String {
    let arguments = r#"{ "invoice_id": "INV-3002", "reason": "bank delay" }"#;
    world.run(&["propose", WAIVER, "--args", arguments, "--json"]).code()
}

const LETTER: &str = ", tenant_id TEXT NOT NULL, status TEXT)";

const BROKEN: &[Broken] = &[
    Broken {
        what: "the config is no JSON",
        breaks: |world| std::fs::write(world.config_path(), "{").expect("written"),
        codes: &["DOCTOR_CONFIG_UNUSABLE"],
        mends: ByHand(put_back),
    },
    Broken {
        what: "the config has a key that is none",
        breaks: |world| {
            change(world, |config| {
                World::capability(config, PATCH)["approval"] =
                    json!({ "mode": "human", "requird_role": "billing_lead" });
            });
        },
        codes: &["DOCTOR_CONFIG_UNUSABLE"],
        mends: AsSaid(&[]),
    },
    Broken {
        what: "a URL stands in the config",
        breaks: |world| change(world, |config| config["sources"]["app"]["url"] = json!(READER)),
        codes: &["DOCTOR_CONFIG_UNUSABLE"],
        mends: ByHand(put_back),
    },
    Broken {
        what: "no variable holds the reading URL",
        breaks: |world| on_a_server(world, None, Some(WRITER)),
        codes: &["DOCTOR_READ_URL_MISSING"],
        mends: AsSaid(&[("APP_READ_URL", READER)]),
    },
    Broken {
        what: "no variable holds the writing URL",
        breaks: |world| on_a_server(world, Some(READER), None),
        codes: &["DOCTOR_WRITE_URL_MISSING", "DOCTOR_SOURCE_UNREACHABLE"],
        mends: AsSaid(&[("APP_WRITE_URL", WRITER)]),
    },
    Broken {
        what: "a variable holds the example's text",
        breaks: |world| on_a_server(world, Some("postgres://USER:PASSWORD@<host>/app"), Some(WRITER)),
        codes: &["DOCTOR_VARIABLE_PLACEHOLDER", "DOCTOR_URL_UNUSABLE", "DOCTOR_SOURCE_UNREACHABLE"],
        mends: AsSaid(&[("APP_READ_URL", READER)]),
    },
    Broken {
        what: "reads and writes share a credential",
        breaks: |world| on_a_server(world, Some(WRITER), Some(WRITER)),
        codes: &["DOCTOR_SHARED_CREDENTIAL", "DOCTOR_SOURCE_UNREACHABLE"],
        mends: AsSaid(&[("APP_READ_URL", READER)]),
    },
    Broken {
        what: "a parameter of the URL is misspelt",
        breaks: |world| {
            on_a_server(world, Some("postgres://reader@127.0.0.1:1/app?ssl_mode=require"), Some(WRITER))
        },
        codes: &["DOCTOR_URL_UNUSABLE", "DOCTOR_SOURCE_UNREACHABLE"],
        mends: AsSaid(&[("APP_READ_URL", READER)]),
    },
    Broken {
        what: "nothing requires TLS on the way to another machine",
        breaks: |world| on_a_server(world, Some("postgres://reader@db.invalid/app"), Some(WRITER)),
        codes: &["DOCTOR_TLS_OFF", "DOCTOR_SOURCE_UNREACHABLE"],
        mends: AsSaid(&[]),
    },
    Broken {
        what: "nobody checks who answers on another machine",
        breaks: |world| {
            on_a_server(world, Some("postgres://reader@db.invalid/app?sslmode=require"), Some(WRITER))
        },
        codes: &["DOCTOR_TLS_UNVERIFIED", "DOCTOR_SOURCE_UNREACHABLE"],
        mends: AsSaid(&[]),
    },
    Broken {
        what: "no variable holds the tenant",
        breaks: |world| {
            change(world, |config| config["contexts"]["desk"] = json!({ "provider": "environment" }))
        },
        codes: &["DOCTOR_CONTEXT_MISSING"],
        mends: AsSaid(&[("SYNAPSOR_TENANT_ID", "acme"), ("SYNAPSOR_PRINCIPAL", "support.agent")]),
    },
    Broken {
        what: "the database's file is not there",
        breaks: |world| change(world, |config| config["sources"]["app"]["path"] = json!("./nowhere.db")),
        codes: &["DOCTOR_SOURCE_UNREACHABLE"],
        mends: ByHand(put_back),
    },
    Broken {
        what: "a capability's table is not there",
        breaks: |world| {
            change(world, |config| config["capabilities"][0]["target"]["table"] = json!("bills"));
        },
        codes: &["DOCTOR_TABLE_MISSING"],
        mends: ByHand(put_back),
    },
    Broken {
        what: "a capability's column is not there",
        breaks: |world| {
            change(world, |config| config["capabilities"][0]["visible_columns"] = json!(["id", "late_fee"]));
        },
        codes: &["DOCTOR_COLUMN_MISSING"],
        mends: ByHand(put_back),
    },
    Broken {
        what: "a key is no key",
        breaks: |world| {
            change(world, |config| config["capabilities"][0]["target"]["primary_key"] = json!("customer_id"));
        },
        codes: &["DOCTOR_KEY_NOT_UNIQUE"],
        mends: AsSaid(&[]),
    },
    Broken {
        what: "a handler's folder is not there",
        breaks: |world| std::fs::rename(file(world, "handlers"), file(world, "moved")).expect("moved"),
        codes: &["DOCTOR_HANDLER_UNUSABLE"],
        mends: ByHand(|world| std::fs::rename(file(world, "moved"), file(world, "handlers")).expect("moved")),
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
        mends: AsSaid(&[]),
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
        mends: ByHand(|world| {
            put_back(world);
            assert_eq!(waiver(world), "no refusal", "one answer brings it back");
        }),
    },
    Broken {
        what: "an executor's variable is not set",
        breaks: |world| {
            change(world, |config| {
                config["executors"] = json!({ "books": { "type": "http_handler", "url_env": "BOOKS_URL" } });
            });
        },
        codes: &["DOCTOR_EXECUTOR_VARIABLE_MISSING"],
        mends: AsSaid(&[("BOOKS_URL", "http://127.0.0.1:1/books")]),
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
        mends: ByHand(|world| std::fs::remove_file(world.ledger_path()).expect("removed")),
    },
    Broken {
        what: "somebody edited the record",
        breaks: |world| {
            assert_eq!(waiver(world), "no refusal");
            let copy = world.run(&["store", "backup", "backup.db"]);
            assert_eq!(copy.exit, 0, "{copy:?}");
            crate::store::edit(&world.ledger_path(), "UPDATE events SET actor = 'eve' WHERE seq = 1");
        },
        codes: &["DOCTOR_LEDGER_MISFIT"],
        mends: ByHand(|world| {
            let restored = world.run(&["store", "restore", "backup.db", "--force", "--yes"]);
            assert_eq!(restored.exit, 0, "{restored:?}");
        }),
    },
    Broken {
        what: "a client's file holds a password",
        breaks: |world| {
            let leaked = json!({ "mcpServers": { "synapsor": { "env": { "APP_READ_URL": READER } } } });
            std::fs::write(file(world, ".mcp.json"), leaked.to_string()).expect("written");
        },
        codes: &["DOCTOR_CLIENT_SECRET"],
        mends: AsSaid(&[]),
    },
    Broken {
        what: "a proposal changes a view",
        breaks: |world| {
            execute(world, "CREATE VIEW invoice_view AS SELECT * FROM invoices");
            change(world, |config| {
                World::capability(config, PATCH)["target"]["table"] = json!("invoice_view");
            });
        },
        codes: &["DOCTOR_TARGET_NOT_A_TABLE"],
        mends: ByHand(put_back),
    },
    Broken {
        what: "a proposal may set what the database computes",
        breaks: |world| {
            execute(
                world,
                "ALTER TABLE invoices ADD COLUMN due_cents INTEGER AS (balance_cents + late_fee_cents)",
            );
            change(world, |config| {
                World::capability(config, PATCH)["allowed_columns"] =
                    json!(["late_fee_cents", "waiver_reason", "due_cents"]);
            });
        },
        codes: &["DOCTOR_COLUMN_COMPUTED"],
        mends: AsSaid(&[]),
    },
    Broken {
        what: "a secret's column is shown",
        breaks: |world| {
            execute(world, "ALTER TABLE invoices ADD COLUMN api_key TEXT");
            change(world, |config| {
                config["capabilities"][0]["visible_columns"] = json!(["id", "status", "api_key"]);
            });
        },
        codes: &["DOCTOR_SENSITIVE_COLUMN"],
        mends: AsSaid(&[]),
    },
    Broken {
        what: "small and capital letters are one key",
        breaks: |world| {
            execute(
                world,
                &format!("CREATE TABLE letters (id TEXT PRIMARY KEY NOT NULL COLLATE NOCASE{LETTER}"),
            );
            change(world, |config| {
                config["capabilities"][0]["target"]["table"] = json!("letters");
                config["capabilities"][0]["visible_columns"] = json!(["id", "status"]);
            });
        },
        codes: &["DOCTOR_COLLATION_FOLDS"],
        mends: ByHand(|world| {
            let anew = format!("CREATE TABLE anew (id TEXT PRIMARY KEY NOT NULL{LETTER}");
            let named = "INSERT INTO anew SELECT * FROM letters; DROP TABLE letters; ALTER TABLE anew RENAME TO letters";
            execute(world, &format!("{anew}; {named}"));
        }),
    },
    Broken {
        what: "a model is told of a password",
        breaks: |world| {
            change(world, |config| {
                config["capabilities"][0]["description"] = json!("Shows one invoice, given the password.");
            });
        },
        codes: &["DOCTOR_TOOL_BOUNDARY"],
        mends: ByHand(put_back),
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_that_is_broken_is_mended_by_what_the_finding_says() {
    let mut failed = Vec::new();
    for Broken { what, breaks, codes, mends } in BROKEN {
        let mut world = World::new(Engine::Sqlite).await;
        let healthy = findings(&world, &[]);
        breaks(&mut world);
        let broken = findings(&world, &[]);
        let new: Vec<&Finding> = broken.iter().filter(|finding| !healthy.contains(finding)).collect();
        let found: BTreeSet<&str> = new.iter().map(|finding| finding.code.as_str()).collect();
        if found != codes.iter().copied().collect() {
            failed.push(format!("{what}: expected {codes:?}, found {new:#?}"));
        }
        let causes = new.iter().filter(|finding| finding.code == codes[0]);
        match mends {
            ByHand(mends) => mends(&mut world),
            AsSaid(known) => {
                for cause in causes {
                    follow(&mut world, cause, known).await;
                }
            }
        }
        let mended = findings(&world, &[]);
        let still = mended.iter().find(|finding| finding.code == codes[0] && !healthy.contains(finding));
        failed.extend(still.map(|finding| format!("{what}: still {finding:#?}")));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
