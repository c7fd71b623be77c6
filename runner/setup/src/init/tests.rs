//! Drafts and questions over an inspected SQLite file: no hand-made catalog says what a database really tells.

use expect_test::{Expect, expect};
use synapsor_protocol::{Engine, Moment};
use synapsor_source::{Connect, SourceSettings};

use super::*;
use crate::inspect::Inspection;

const SCHEMA: &str = "
CREATE TABLE invoices (
  id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, status TEXT NOT NULL, late_fee_cents INTEGER NOT NULL,
  waiver_reason TEXT, api_key TEXT, updated_at TEXT NOT NULL
);
CREATE TABLE lines (invoice_id TEXT NOT NULL, number INTEGER NOT NULL, note TEXT, PRIMARY KEY (invoice_id, number));
CREATE VIEW open_invoices AS SELECT id, tenant_id FROM invoices WHERE status = 'open';
";

pub(super) async fn inspected() -> Inspection {
    let database = synapsor_test_servers::database(Engine::Sqlite).await;
    database.execute(SCHEMA).await;
    let settings = SourceSettings {
        name: "app".into(),
        engine: Engine::Sqlite,
        connect: Connect::File(database.path().into()),
        statement_timeout_ms: 5_000,
        connections_max: 1,
        acquire_timeout_ms: 5_000,
    };
    crate::inspect(settings, None, "2026-06-20T00:00:00Z".parse::<Moment>().expect("a moment"))
        .await
        .expect("the file is inspected")
}

/// Answers as a file has them, and what becomes of them.
async fn drafted(answers: &str) -> Result<Draft, Vec<Question>> {
    let answers = Answers::read(answers).expect("answers");
    draft(&answers, &DatabasePlace::File("./app.db".into()), &inspected().await)
}

async fn check(answers: &str, expected: Expect) {
    let told = match drafted(answers).await {
        Ok(draft) => draft.text,
        Err(questions) => questions
            .iter()
            .map(|question| {
                let choices: Vec<&str> =
                    question.choices.iter().map(|choice| choice.value.as_str()).collect();
                let table = question.table.as_deref().unwrap_or("-");
                format!("{table} {} {:?}: {}\n", question.flag, choices, question.what)
            })
            .collect(),
    };
    expected.assert_eq(&told);
}

#[tokio::test]
async fn every_open_decision_is_asked_at_once() {
    let answers = r#"{ "mode": "review", "tables": [
        { "table": "invoices", "patch": ["late_fee_cents=fixed:0"] },
        { "table": "lines" }, { "table": "nowhere" }
    ] }"#;
    check(answers, expect![[r#"
        invoices --tenant-key ["tenant_id"]: nothing says whose its rows are; where all belong to one tenant: --single-tenant-dev
        invoices --conflict-column ["updated_at"]: nothing says which version of a row was seen; to compare every captured column instead: --weak-guard
        lines --primary-key []: its key is 2 columns together, and a capability finds a row by one: name a column that is unique by itself, or within a tenant
        lines --tenant-key []: nothing says whose its rows are; where all belong to one tenant: --single-tenant-dev
        nowhere --table []: no table of that name is visible to this credential
    "#]]).await;
}

#[tokio::test]
async fn answers_become_a_config_that_can_be_used() {
    let answers = r#"{ "namespace": "billing", "dev_tenant": "acme", "dev_principal": "me", "tables": [{
        "table": "invoices", "tenant_key": "tenant_id", "conflict_column": "updated_at",
        "patch": ["late_fee_cents=fixed:0", "waiver_reason=arg:reason"],
        "numeric_bounds": ["late_fee_cents=0:10000"], "approval_role": "billing_lead"
    }] }"#;
    check(answers, expect![[r#"
        {
          "version": 1,
          "mode": "review",
          "result_format": 2,
          "storage": {
            "sqlite_path": "./.synapsor/local.db"
          },
          "sources": {
            "app": {
              "engine": "sqlite",
              "path": "./app.db",
              "statement_timeout_ms": 3000
            }
          },
          "trusted_context": {
            "provider": "static_dev",
            "values": {
              "tenant_id": "acme",
              "principal": "me"
            }
          },
          "capabilities": [
            {
              "name": "billing.inspect_invoice",
              "kind": "read",
              "description": "Shows one invoice of the current tenant.",
              "source": "app",
              "target": {
                "schema": "main",
                "table": "invoices",
                "primary_key": "id",
                "tenant_key": "tenant_id"
              },
              "args": {
                "invoice_id": {
                  "type": "string",
                  "max_length": 128,
                  "description": "Which invoice: its `id`."
                }
              },
              "lookup": {
                "id_from_arg": "invoice_id"
              },
              "visible_columns": [
                "id",
                "tenant_id",
                "status",
                "late_fee_cents",
                "waiver_reason",
                "updated_at"
              ]
            },
            {
              "name": "billing.propose_invoice_update",
              "kind": "proposal",
              "description": "Proposes a change of one invoice: late_fee_cents, waiver_reason. A person decides; nothing changes until then.",
              "source": "app",
              "target": {
                "schema": "main",
                "table": "invoices",
                "primary_key": "id",
                "tenant_key": "tenant_id"
              },
              "args": {
                "invoice_id": {
                  "type": "string",
                  "max_length": 128,
                  "description": "Which invoice: its `id`."
                },
                "reason": {
                  "type": "string",
                  "max_length": 500,
                  "description": "The new `waiver_reason`."
                }
              },
              "lookup": {
                "id_from_arg": "invoice_id"
              },
              "visible_columns": [
                "id",
                "tenant_id",
                "status",
                "late_fee_cents",
                "waiver_reason",
                "updated_at"
              ],
              "patch": {
                "late_fee_cents": {
                  "fixed": 0
                },
                "waiver_reason": {
                  "from_arg": "reason"
                }
              },
              "allowed_columns": [
                "late_fee_cents",
                "waiver_reason"
              ],
              "numeric_bounds": {
                "late_fee_cents": {
                  "minimum": 0,
                  "maximum": 10000
                }
              },
              "conflict_guard": {
                "column": "updated_at",
                "advance": "now"
              },
              "approval": {
                "mode": "human",
                "required_role": "billing_lead"
              }
            }
          ]
        }
    "#]]).await;
    let draft = drafted(answers).await.expect("a draft");
    assert!(draft.variables.is_empty(), "{:?}", draft.variables);
    assert_eq!(draft.first_call.argument, "invoice_id");
}

#[tokio::test]
async fn suggestions_are_taken_only_where_a_person_says_so() {
    let table = r#""tables": [{ "table": "invoices" }]"#;
    assert!(drafted(&format!("{{ {table} }}")).await.is_err());
    let draft = drafted(&format!(r#"{{ "accept_suggested": true, {table} }}"#)).await.expect("a draft");
    let target = &draft.config.capabilities[0].target;
    assert_eq!(target.tenant_key.as_deref(), Some("tenant_id"));
    assert!(!draft.config.capabilities[0].visible_columns.contains(&"api_key".to_owned()));
}

#[tokio::test]
async fn what_does_not_fit_is_asked_and_never_written() {
    let answers = r#"{ "accept_suggested": true, "mode": "read_only", "tables": [
        { "table": "open_invoices", "primary_key": "id", "patch": ["status=fixed:paid"] },
        { "table": "invoices", "tenant_key": "owner", "single_tenant_dev": true, "handler": "rust",
          "patch": ["late_fee_cents", "late_fee_cents=fixed:0", "late_fee_cents=fixed:1"] }
    ] }"#;
    check(answers, expect![[r#"
        - --mode []: a runner that only reads proposes nothing: leave the patch out, or choose another mode
        open_invoices --table []: nothing is applied to a view: take the table itself, or leave the patch out
        open_invoices --conflict-column []: nothing says which version of a row was seen; to compare every captured column instead: --weak-guard
        open_invoices --patch []: the table has no column `status`
        invoices --single-tenant-dev []: there is a tenant column, or there is one tenant; not both
        invoices --patch []: a value has another form than expected
        invoices --patch []: the column `late_fee_cents` is named twice
        invoices --handler []: a patch is declared, or a handler computes it; not both
        invoices --allowed-columns []: nothing says which columns the handler may set
    "#]]).await;
}

#[tokio::test]
async fn a_rule_of_the_config_itself_is_asked_about_too() {
    let answers = r#"{ "accept_suggested": true, "tables": [
        { "table": "invoices", "patch": ["waiver_reason=arg:tenant_id"] }
    ] }"#;
    let questions = drafted(answers).await.expect_err("questions");
    assert!(
        questions.iter().any(|question| question.what.contains("MODEL_CONTROLLED_RESERVED_ARG")),
        "{questions:?}"
    );
}
