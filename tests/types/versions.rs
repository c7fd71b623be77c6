//! The version column after an apply that advances it, and the ones that cannot be advanced.

use synapsor_config::ConflictGuard;
use synapsor_protocol::{Advance, Code, Engine, Outcome, Value};

use crate::table::{decimal, integer};
use crate::witness;
use crate::world::{Call, World};

fn increments(engine: Engine) -> &'static [(&'static str, &'static str, &'static str)] {
    match engine {
        Engine::Postgres => &[
            ("smallint", "32766", "32767"),
            ("integer", "-1", "0"),
            ("bigint", "9223372036854775806", "9223372036854775807"),
            ("numeric", "1.50", "2.50"),
            ("numeric(10,2)", "99999998.99", "99999999.99"),
            ("numeric", "9223372036854775807", "9223372036854775808"),
        ],
        Engine::Mysql => &[
            ("tinyint", "126", "127"),
            ("int", "-1", "0"),
            ("bigint", "9223372036854775806", "9223372036854775807"),
            ("bigint unsigned", "9223372036854775807", "9223372036854775808"),
            ("bigint unsigned", "18446744073709551614", "18446744073709551615"),
            ("decimal(10,2)", "1.50", "2.50"),
        ],
        Engine::Sqlite => &[
            ("INTEGER", "-1", "0"),
            ("INTEGER", "9223372036854775806", "9223372036854775807"),
            ("NUMERIC", "7", "8"),
        ],
    }
}

/// Column type, stored version, how it is to be advanced.
fn stuck(engine: Engine) -> &'static [(&'static str, &'static str, Advance)] {
    use Advance::{Increment, Now};
    match engine {
        Engine::Postgres => &[
            ("smallint", "32767", Increment),
            ("integer", "2147483647", Increment),
            ("bigint", "9223372036854775807", Increment),
            ("numeric(3,2)", "9.50", Increment),
            ("numeric(2,4)", "0.0099", Increment),
            ("text", "'7'", Increment),
            ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", Increment),
            ("timestamptz", "'2026-01-02Z'", Increment),
            ("integer GENERATED ALWAYS AS (id) STORED", "DEFAULT", Increment),
            ("integer", "7", Now),
            ("text", "'2026-01-02T03:04:05Z'", Now),
            ("date", "'2026-01-02'", Now),
        ],
        Engine::Mysql => &[
            ("tinyint", "127", Increment),
            ("bigint", "9223372036854775807", Increment),
            ("bigint unsigned", "18446744073709551615", Increment),
            ("year", "2155", Increment),
            ("decimal(3,2)", "9.50", Increment),
            ("varchar(9)", "'7'", Increment),
            ("datetime(6)", "'2026-01-02'", Increment),
            ("int", "7", Now),
            ("date", "'2026-01-02'", Now),
        ],
        Engine::Sqlite => &[
            ("INTEGER", "9223372036854775807", Increment),
            ("INTEGER", "'seven'", Increment),
            ("TEXT", "'7'", Increment),
            ("BLOB", "x'07'", Increment),
            ("INTEGER", "7", Now),
        ],
    }
}

fn clocks(engine: Engine) -> &'static [(&'static str, &'static str)] {
    match engine {
        Engine::Postgres => &[
            ("timestamptz", "'2026-01-02 03:04:05.000001Z'"),
            ("timestamp", "'2026-01-02 03:04:05.000001'"),
            ("timestamptz(3)", "'9998-01-02 03:04:05.999Z'"),
            ("timestamp(0)", "'9998-12-31 23:59:59'"),
        ],
        Engine::Mysql => &[
            ("datetime(6)", "'2026-01-02 03:04:05.000001'"),
            ("timestamp(6) NULL", "'2026-01-02 03:04:05.000001'"),
            ("datetime", "'9998-12-31 23:59:59'"),
        ],
        Engine::Sqlite => &[("TEXT", "'2026-01-02T03:04:05.000Z'"), ("DATETIME", "'2026-01-02 03:04:05'")],
    }
}

async fn place(world: &World, at: usize, column_type: &str, literal: &str, advance: Advance) -> Call {
    let table = format!("t{at}_{}", format!("{advance:?}").to_lowercase());
    let tenant = if world.engine() == Engine::Sqlite { "TEXT" } else { "varchar(20)" };
    let sql = format!(
        "CREATE TABLE {table} (id integer PRIMARY KEY, tenant {tenant} NOT NULL, note {tenant}, v {column_type});"
    );
    world.database.execute(&sql).await;
    let columns = if literal == "DEFAULT" { "" } else { ", v" };
    let value = if literal == "DEFAULT" { String::new() } else { format!(", {literal}") };
    world
        .database
        .execute(&format!("INSERT INTO {table} (id, tenant{columns}) VALUES (1, 'acme'{value})"))
        .await;
    Call {
        table,
        tenant_column: "tenant",
        tenant: "acme".into(),
        key_column: "id",
        key: Value::Integer(1),
        guard: ConflictGuard::Column { column: "v".into(), advance },
        captured: Vec::new(),
        patch: [("note".to_owned(), Value::Text("seen".into()))].into(),
    }
}

async fn incremented(engine: Engine) {
    let world = World::on(engine).await;
    for (at, (column_type, literal, next)) in increments(engine).iter().enumerate() {
        let call = place(&world, at, column_type, literal, Advance::Increment).await;
        let (table, desk) = (call.table.clone(), world.desk(call));
        let proposal = desk.propose().await.expect(column_type);
        let report = desk.carry_out(&proposal).await.expect(column_type);
        assert_eq!(report.outcome, Some(Outcome::Applied), "{engine} {column_type} {literal}: {report:?}");
        let receipt = report.receipt.expect("a receipt");
        let version = receipt.new_version.expect("a version");
        let next = match next.parse() {
            Ok(number) if matches!(version, Value::Integer(_)) => integer(number),
            _ => decimal(next),
        };
        assert_eq!(version, next, "{engine} {column_type} {literal}");
        let column = witness::canonical(engine, "v", &version);
        let stored = world.seen(&format!("SELECT {column} FROM {table}")).await.swap_remove(0).swap_remove(0);
        assert_eq!(stored, witness::expected(engine, &version), "{engine} {column_type} {literal}");
    }
}

async fn moved_by_the_clock(engine: Engine) {
    let world = World::on(engine).await;
    for (at, (column_type, literal)) in clocks(engine).iter().enumerate() {
        let call = place(&world, at, column_type, literal, Advance::Now).await;
        let (table, desk) = (call.table.clone(), world.desk(call));
        let proposal = desk.propose().await.expect(column_type);
        let report = desk.carry_out(&proposal).await.expect(column_type);
        assert_eq!(report.outcome, Some(Outcome::Applied), "{engine} {column_type} {literal}: {report:?}");
        let receipt = report.receipt.expect("a receipt");
        let (before, after) = (receipt.previous_version.expect("read"), receipt.new_version.expect("moved"));
        assert!(after.to_string() > before.to_string(), "{engine} {column_type}: {before} to {after}");
        let column = witness::canonical(engine, "v", &after);
        let stored = world.seen(&format!("SELECT {column} FROM {table}")).await.swap_remove(0).swap_remove(0);
        assert_eq!(stored, witness::expected(engine, &after), "{engine} {column_type} {literal}");
    }
}

async fn refused_when_proposed(engine: Engine) {
    let world = World::on(engine).await;
    let mut wrong = Vec::new();
    for (at, (column_type, literal, advance)) in stuck(engine).iter().enumerate() {
        let call = place(&world, at, column_type, literal, *advance).await;
        match world.desk(call).propose().await {
            Err(refusal) if refusal.code == Code::SourceShapeMismatch => {}
            other => wrong.push(format!("{column_type} {literal} {advance:?}: {:?}", other.map(drop))),
        }
    }
    assert!(wrong.is_empty(), "{engine}:\n{}", wrong.join("\n"));
}

macro_rules! on_every_engine {
    ($($case:ident => $name:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $name() {
            for engine in [Engine::Sqlite, Engine::Postgres, Engine::Mysql] {
                $case(engine).await;
            }
        }
    )+};
}

on_every_engine! {
    incremented => a_version_goes_up_by_one_whatever_its_type,
    moved_by_the_clock => a_version_of_any_clock_type_moves_on_and_is_read_back,
    refused_when_proposed => a_version_that_cannot_move_is_refused_before_anybody_reviews,
}
