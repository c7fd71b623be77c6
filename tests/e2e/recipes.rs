//! `synapsor recipes list|show|init`: every recipe from a table to a proposal that is applied, its handler built from source.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;
use synapsor_test_servers::TestDatabase;
use tempfile::TempDir;

use crate::handler::TOOLS;
use crate::world::{Answered, BINARY};

/// A recipe, the row it meets, what a caller says, and what becomes of one column.
struct Cooked {
    recipe: &'static str,
    /// The columns of the table beside `id`, `tenant_id` and `updated_at`, with the row's values.
    columns: &'static [(&'static str, &'static str)],
    arguments: &'static str,
    /// The column, and its text when it was applied.
    becomes: (&'static str, &'static str),
    /// What nobody may propose, and the code it is refused with.
    refused: (&'static str, &'static str),
}

const DECLARED: &[Cooked] = &[
    Cooked {
        recipe: "billing.late_fee_waiver",
        columns: &[("late_fee_cents INTEGER", "5500"), ("waiver_reason TEXT", "NULL")],
        arguments: r#"{"invoice_id":"A-1","late_fee_cents":0,"reason":"bank delay"}"#,
        becomes: ("late_fee_cents", "0"),
        refused: (r#"{"invoice_id":"A-1","late_fee_cents":10001,"reason":"x"}"#, "ARGUMENT_ABOVE_MAXIMUM"),
    },
    Cooked {
        recipe: "support.ticket_resolution",
        columns: &[("status TEXT", "'pending_review'"), ("resolution TEXT", "NULL")],
        arguments: r#"{"ticket_id":"A-1","status":"resolved","resolution":"restarted"}"#,
        becomes: ("status", "resolved"),
        refused: (
            r#"{"ticket_id":"A-1","status":"pending_review","resolution":"x"}"#,
            "PATCH_TRANSITION_NOT_ALLOWED",
        ),
    },
    Cooked {
        recipe: "orders.refund_review",
        columns: &[("refund_cents INTEGER", "0"), ("refund_reason TEXT", "NULL")],
        arguments: r#"{"order_id":"A-1","refund_cents":2500,"reason":"broken"}"#,
        becomes: ("refund_cents", "2500"),
        refused: (r#"{"order_id":"A-1","refund_cents":100001,"reason":"x"}"#, "ARGUMENT_ABOVE_MAXIMUM"),
    },
    Cooked {
        recipe: "accounts.trial_extension",
        columns: &[("trial_days INTEGER", "14"), ("extension_reason TEXT", "NULL")],
        arguments: r#"{"account_id":"A-1","trial_days":30,"reason":"holidays"}"#,
        becomes: ("trial_days", "30"),
        refused: (r#"{"account_id":"A-1","trial_days":61,"reason":"x"}"#, "ARGUMENT_ABOVE_MAXIMUM"),
    },
    Cooked {
        recipe: "credits.account_credit",
        columns: &[("credit_cents INTEGER", "0"), ("credit_reason TEXT", "NULL")],
        arguments: r#"{"account_id":"A-1","credit_cents":700,"reason":"outage"}"#,
        becomes: ("credit_cents", "700"),
        refused: (r#"{"account_id":"A-1","credit_cents":-1,"reason":"x"}"#, "ARGUMENT_BELOW_MINIMUM"),
    },
];

const COMPUTED: &[Cooked] = &[
    Cooked {
        recipe: "orders.remaining_refund",
        columns: &[
            ("status TEXT", "'delivered'"),
            ("total_cents INTEGER", "5000"),
            ("refunded_cents INTEGER", "2000"),
            ("refund_reason TEXT", "NULL"),
        ],
        arguments: r#"{"order_id":"A-1","refund_reason":"arrived broken"}"#,
        becomes: ("refunded_cents", "5000"),
        refused: (r#"{"order_id":"A-1","refund_reason":"again"}"#, "HANDLER_REFUSED"),
    },
    Cooked {
        recipe: "subscriptions.proration_credit",
        columns: &[
            ("price_cents INTEGER", "3000"),
            ("period_starts_on TEXT", "'9999-01-01'"),
            ("period_ends_on TEXT", "'9999-02-01'"),
            ("credit_cents INTEGER", "0"),
            ("credit_reason TEXT", "NULL"),
        ],
        arguments: r#"{"subscription_id":"A-1","credit_reason":"moved away"}"#,
        becomes: ("credit_cents", "3000"),
        refused: (r#"{"subscription_id":"A-2","credit_reason":"x"}"#, "ROW_NOT_FOUND"),
    },
    Cooked {
        recipe: "inventory.reorder",
        columns: &[
            ("on_hand INTEGER", "7"),
            ("reorder_point INTEGER", "10"),
            ("target_level INTEGER", "50"),
            ("pack_size INTEGER", "12"),
            ("order_quantity INTEGER", "0"),
            ("order_note TEXT", "NULL"),
        ],
        arguments: r#"{"item_id":"A-1","order_note":"spring"}"#,
        becomes: ("order_quantity", "48"),
        refused: (r#"{"item_id":"A-1","order_quantity":1000}"#, "ARGUMENT_UNKNOWN"),
    },
    Cooked {
        recipe: "support.escalation",
        columns: &[("priority TEXT", "'high'"), ("escalation_reason TEXT", "NULL")],
        arguments: r#"{"ticket_id":"A-1","escalation_reason":"waits for days"}"#,
        becomes: ("priority", "urgent"),
        refused: (r#"{"ticket_id":"A-1","escalation_reason":"still"}"#, "HANDLER_REFUSED"),
    },
    Cooked {
        recipe: "accounts.credit_limit",
        columns: &[
            ("credit_limit_cents INTEGER", "100000"),
            ("on_time_payments INTEGER", "13"),
            ("limit_reason TEXT", "NULL"),
        ],
        arguments: r#"{"account_id":"A-1","limit_reason":"good customer"}"#,
        becomes: ("credit_limit_cents", "120000"),
        refused: (r#"{"account_id":"A-1"}"#, "ARGUMENT_REQUIRED"),
    },
];

/// A folder with a database that has the table a recipe is for.
struct Kitchen {
    database: TestDatabase,
    folder: TempDir,
}

impl Kitchen {
    async fn new(cooked: &Cooked) -> Self {
        let database = synapsor_test_servers::database(Engine::Sqlite).await;
        let columns: Vec<&str> = cooked.columns.iter().map(|(column, _)| *column).collect();
        let values: Vec<&str> = cooked.columns.iter().map(|(_, value)| *value).collect();
        let table = format!(
            "CREATE TABLE things (id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, {}, updated_at TEXT NOT NULL);
             INSERT INTO things VALUES ('A-1', 'acme', {}, '2026-06-20T14:31:08.123456Z');",
            columns.join(", "),
            values.join(", "),
        );
        database.execute(&table).await;
        Self { database, folder: tempfile::tempdir().expect("a folder") }
    }

    #[expect(clippy::disallowed_methods, reason = "a test cleans what its own cargo set")]
    fn output(&self, words: &[&str], target: Option<&Path>) -> Output {
        let mut command = Command::new(BINARY);
        for (name, _) in
            std::env::vars().filter(|(name, _)| name.starts_with("CARGO") && name != "CARGO_HOME")
        {
            command.env_remove(name);
        }
        if let Some(target) = target {
            command.envs(TOOLS.iter().map(|(name, value)| (name, value.as_str())));
            command.env("CARGO_TARGET_DIR", target);
        }
        command.args(words).current_dir(self.folder.path()).stdin(Stdio::null());
        command.output().expect("the binary runs")
    }

    fn run(&self, words: &[&str]) -> Answered {
        self.output(words, None).into()
    }

    fn init(&self, recipe: &str, words: &[&str]) -> Answered {
        let path = self.database.path().display().to_string();
        let usual =
            ["recipes", "init", recipe, "--from", &path, "--dev-tenant", "acme", "--dev-principal", "me"];
        self.run(&[&usual[..], words].concat())
    }

    fn config(&self) -> Json {
        let path = self.folder.path().join("synapsor.runner.json");
        serde_json::from_str(&std::fs::read_to_string(path).expect("a config")).expect("JSON")
    }

    /// Builds the handler, runs its cases, and pins what was built.
    fn build(&self, bundle: &str, target: &Path) {
        let built: Answered = self.output(&["handler", "build", bundle, "--json"], Some(target)).into();
        assert_eq!(built.exit, 0, "{bundle}: {built:?}");
        let valid = self.run(&["validate", bundle, "--json"]);
        assert_eq!(valid.exit, 0, "{bundle}: {}", valid.stdout);
        assert_eq!(valid.json()["reports"][0]["cases"].as_array().map(Vec::len), Some(2), "{bundle}");
        assert_eq!(self.run(&["validate", "--write-digest", "synapsor.runner.json", bundle]).exit, 0);
    }

    async fn is_applied(&self, cooked: &Cooked) {
        let Cooked { recipe, arguments, becomes: (column, text), refused: (wrong, code), .. } = cooked;
        let config = self.config();
        let capability = config["capabilities"][1]["name"].as_str().expect("a proposal");
        let proposed = self.run(&["propose", capability, "--args", arguments, "--json"]);
        assert_eq!(proposed.json()["ok"], json!(true), "{recipe}: {proposed:?}");
        assert_eq!(self.run(&["proposals", "approve", "latest", "--yes"]).exit, 0, "{recipe}");
        let applied = self.run(&["apply", "latest"]);
        assert_eq!(applied.exit, 0, "{recipe}: {applied:?}");
        let now = self.database.query_text(&format!("SELECT CAST({column} AS TEXT) FROM things")).await;
        assert_eq!(now[0][0].as_deref(), Some(*text), "{recipe}");
        let refused = self.run(&["propose", capability, "--args", wrong, "--json"]);
        assert_eq!((refused.exit, refused.code().as_str()), (1, *code), "{recipe}: {refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_declared_recipe_leads_from_a_table_to_an_applied_proposal() {
    for cooked in DECLARED {
        let kitchen = Kitchen::new(cooked).await;
        let written = kitchen.init(cooked.recipe, &["--table", "things", "--yes", "--try-id", "A-1"]);
        assert_eq!(written.exit, 0, "{}: {written:?}", cooked.recipe);
        kitchen.is_applied(cooked).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recipe_with_a_handler_is_built_passes_its_cases_and_is_applied() {
    // One for all of them: what they share is compiled once.
    let target = tempfile::tempdir().expect("a folder");
    for cooked in COMPUTED {
        let kitchen = Kitchen::new(cooked).await;
        let written = kitchen.init(cooked.recipe, &["--table", "things", "--yes"]);
        assert_eq!(written.exit, 0, "{}: {written:?}", cooked.recipe);
        let bundle = kitchen.config()["capabilities"][1]["handler"]["bundle"].clone();
        kitchen.build(bundle.as_str().expect("a bundle"), target.path());
        kitchen.is_applied(cooked).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_what_is_run_here_and_each_is_shown() {
    let kitchen = Kitchen::new(&DECLARED[0]).await;
    let listed = kitchen.run(&["recipes", "list", "--json"]).json();
    let mut listed: Vec<&str> = listed["recipes"]
        .as_array()
        .expect("recipes")
        .iter()
        .filter_map(|recipe| recipe["id"].as_str())
        .collect();
    let mut cooked: Vec<&str> = DECLARED.iter().chain(COMPUTED).map(|cooked| cooked.recipe).collect();
    listed.sort_unstable();
    cooked.sort_unstable();
    assert_eq!(listed, cooked);
    for recipe in cooked {
        let shown = kitchen.run(&["recipes", "show", recipe]);
        assert!(shown.exit == 0 && shown.stdout.contains("recipes init"), "{shown:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipe_that_does_not_fit_is_refused_and_nothing_is_written() {
    let kitchen = Kitchen::new(&DECLARED[0]).await;
    let unknown = kitchen.init("billing.nothing", &["--yes"]);
    assert!(unknown.exit == 1 && unknown.stderr.contains("billing.late_fee_waiver"), "{unknown:?}");
    let other_table = kitchen.init("orders.refund_review", &["--table", "things", "--yes"]);
    assert!(other_table.exit == 2 && other_table.stdout.contains("`refund_cents`"), "{other_table:?}");
    let no_table = kitchen.init("billing.late_fee_waiver", &["--yes"]);
    assert_eq!(no_table.exit, 2, "{no_table:?}");
    let twice = kitchen.init("billing.late_fee_waiver", &["--answers", "answers.json", "--yes"]);
    assert_eq!(twice.exit, 1, "{twice:?}");
    assert!(twice.stderr.contains("`synapsor recipes show billing.late_fee_waiver --json`"), "{twice:?}");
    assert!(!kitchen.folder.path().join("synapsor.runner.json").exists());
}
