//! Every kind of value a source serves is written as approved and recognised when it is read back.

use std::collections::BTreeMap;

use synapsor_protocol::{Columns, Engine, Value, WritebackJob};
use synapsor_source::Connect;

use super::{Mysql, Postgres, Sqlite};
use crate::desk::WriteSettings;
use crate::effects::Reviewed;
use crate::effects::tests::nothing_acknowledged;
use crate::ending::Ending;
use crate::error::Obstacle;
use crate::guard::tests::job;
use crate::resolve::Attempt;
use crate::resolve::tests::run;
use crate::stop::StopSignal;

async fn apply(
    settings: &WriteSettings,
    job: &WritebackJob,
    reviewed: &Reviewed,
    stop: &StopSignal,
) -> Result<Attempt, Obstacle> {
    match settings.engine {
        Engine::Sqlite => run::<Sqlite>(settings, job, reviewed, stop).await,
        Engine::Postgres => run::<Postgres>(settings, job, reviewed, stop).await,
        Engine::Mysql => run::<Mysql>(settings, job, reviewed, stop).await,
    }
}

/// A column's declaration, and a value of its kind as the database prints it.
type Kind = (&'static str, &'static str, Value);

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn kinds(engine: Engine) -> Vec<Kind> {
    let timestamp = |text: &str| Value::Timestamp(text.into());
    let decimal = |text: &str| Value::Decimal(text.into());
    match engine {
        Engine::Sqlite => vec![
            ("an_integer", "INTEGER", Value::Integer(i64::MIN)),
            ("a_text", "TEXT", text("naïve \u{1f600} 'quoted'")),
            ("some_bytes", "BLOB", Value::Bytes(vec![0, 255, b'\''])),
            ("a_null", "TEXT DEFAULT 'x'", Value::Null),
        ],
        Engine::Postgres => vec![
            ("a_boolean", "boolean", Value::Boolean(true)),
            ("an_integer", "bigint", Value::Integer(i64::MIN)),
            ("a_decimal", "numeric(30,10)", decimal("12345678901234567890.0123456789")),
            ("a_text", "text", text("naïve \u{1f600} 'quoted'")),
            // Printed without its padding.
            ("a_padded", "char(4)", text("ab")),
            ("some_bytes", "bytea", Value::Bytes(vec![0, 255, b'\''])),
            ("a_date", "date", Value::Date("2026-02-28".into())),
            ("an_instant", "timestamptz", timestamp("2026-02-28T23:59:59.999999Z")),
            ("a_reading", "timestamp(3)", timestamp("2026-02-28T23:59:59.999000")),
            ("a_uuid", "uuid", Value::Uuid("0190a5d4-3b1c-7c6e-9c3f-1f2e3d4c5b6a".into())),
            // Printed back with other spacing and in another order.
            ("a_jsonb", "jsonb", Value::Json(r#"{"longer":1.50,"b":[1,2],"a":null}"#.into())),
            ("a_json", "json", Value::Json(r#"{"b": 1,  "a":2}"#.into())),
            ("a_null", "text DEFAULT 'x'", Value::Null),
        ],
        Engine::Mysql => vec![
            ("a_flag", "tinyint(1)", Value::Integer(1)),
            ("an_integer", "bigint", Value::Integer(i64::MIN)),
            ("an_unsigned", "bigint unsigned", decimal("18446744073709551615")),
            ("a_decimal", "decimal(30,10)", decimal("12345678901234567890.0123456789")),
            ("a_text", "varchar(40)", text("naïve \u{1f600} 'quoted'")),
            ("a_label", "enum('open','it''s')", text("it's")),
            ("some_bytes", "varbinary(8)", Value::Bytes(vec![0, 255, b'\''])),
            ("a_date", "date", Value::Date("2026-02-28".into())),
            ("an_instant", "timestamp(6) NULL", timestamp("2026-02-28T23:59:59.999999Z")),
            ("a_reading", "datetime(3)", timestamp("2026-02-28T23:59:59.999000")),
            ("a_null", "varchar(8) DEFAULT 'x'", Value::Null),
        ],
    }
}

async fn every_kind_of_value_is_written_and_recognised(engine: Engine) {
    let database = synapsor_test_servers::database(engine).await;
    let kinds = kinds(engine);
    let declared: Vec<String> = kinds.iter().map(|(name, kind, _)| format!("{name} {kind}")).collect();
    let table = format!(
        "CREATE TABLE invoices (id varchar(32) PRIMARY KEY, tenant_id varchar(32), fee_cents bigint, version bigint, {})",
        declared.join(", ")
    );
    database.execute(&table).await;
    let row = "INSERT INTO invoices (id, tenant_id, fee_cents, version) VALUES ('INV-1', 'acme', 5500, 7)";
    database.execute(row).await;
    let connect = match engine {
        Engine::Sqlite => Connect::File(database.path().to_owned()),
        Engine::Postgres | Engine::Mysql => Connect::Url(database.url().to_owned()),
    };
    let settings = WriteSettings { name: "billing".into(), engine, connect, statement_timeout_ms: 5_000 };

    let patch: Columns = kinds.into_iter().map(|(name, _, value)| (name.to_owned(), value)).collect();
    let first = job_on(engine, database.schema(), patch.clone());
    let (reviewed, never) = (nothing_acknowledged(&first), StopSignal::never());
    let ending = apply(&settings, &first, &reviewed, &never).await.map(|attempt| attempt.ending);
    assert!(matches!(ending, Ok(Ending::Applied { .. })), "{engine}: {ending:?}");

    // The same values are recognised as what was reviewed, too.
    let mut second =
        job_on(engine, database.schema(), BTreeMap::from([("fee_cents".into(), Value::Integer(0))]));
    let reviewed = patch.into_iter().filter(|(_, value)| !matches!(value, Value::Json(_)));
    second.before.extend(reviewed);
    second.before.insert("version".into(), Value::Integer(8));
    if let synapsor_protocol::Guard::Version { expected, .. } = &mut second.guard {
        *expected = Value::Integer(8);
    }
    second.idempotency_key = "b".repeat(64);
    let reviewed = nothing_acknowledged(&second);
    let ending = apply(&settings, &second, &reviewed, &never).await.map(|attempt| attempt.ending);
    assert!(matches!(ending, Ok(Ending::Applied { .. })), "{engine}: {ending:?}");
}

fn job_on(engine: Engine, schema: &str, patch: Columns) -> WritebackJob {
    let mut job = job();
    job.target.engine = engine;
    job.target.schema = schema.to_owned();
    job.patch = patch;
    job
}

#[tokio::test]
async fn on_sqlite_every_kind_of_value_is_written_and_recognised() {
    every_kind_of_value_is_written_and_recognised(Engine::Sqlite).await;
}

#[tokio::test]
async fn on_postgres_every_kind_of_value_is_written_and_recognised() {
    every_kind_of_value_is_written_and_recognised(Engine::Postgres).await;
}

#[tokio::test]
async fn on_mysql_every_kind_of_value_is_written_and_recognised() {
    every_kind_of_value_is_written_and_recognised(Engine::Mysql).await;
}
