//! A value that SQL takes for the reviewed one is not the reviewed one: the apply is a conflict and changes nothing.

use synapsor_config::ConflictGuard;
use synapsor_protocol::{Advance, Code, Engine, Outcome, Value};

use crate::table::text;
use crate::witness;
use crate::world::{Call, World};

/// Column type, the literal that is reviewed, and the one that stands there when the change is applied.
type Twins = (&'static str, &'static str, &'static str);

fn twins(engine: Engine) -> &'static [Twins] {
    match engine {
        Engine::Postgres => &[
            ("numeric", "1.0", "1.00"),
            ("numeric", "0", "0.0"),
            ("text", "'a'", "'a '"),
            ("text", "''", "NULL"),
            ("text", "NULL", "''"),
            ("text", r"E'\u00e9'", r"E'e\u0301'"),
            ("text COLLATE loose", "'acme'", "'ACME'"),
            ("text COLLATE loose", "'straße'", "'STRASSE'"),
            ("citext", "'acme'", "'ACME'"),
            ("char(3)", "'a'", r"E'a\t'"),
            ("timestamptz", "'2026-01-02 03:04:05Z'", "'2026-01-02 03:04:05.000001Z'"),
            ("json", r#"'{"a":1}'"#, r#"'{"a": 1}'"#),
            ("json", "'1.0'", "'1.00'"),
            ("jsonb", "'1.0'", "'1.00'"),
            ("jsonb", "'null'", "NULL"),
            ("bytea", "''", "NULL"),
            ("bytea", r"'\x00'", r"'\x0000'"),
            ("boolean", "false", "NULL"),
            ("bigint", "9007199254740992", "9007199254740993"),
        ],
        Engine::Mysql => &[
            ("varchar(20)", "'acme'", "'ACME'"),
            ("varchar(20)", "'acme'", "'acme '"),
            ("varchar(20)", "''", "'  '"),
            ("varchar(20)", "''", "NULL"),
            ("varchar(20)", "'é'", "'e'"),
            ("varchar(20)", "_utf8mb4 x'c3a9'", "_utf8mb4 x'65cc81'"),
            ("varchar(20) COLLATE utf8mb4_unicode_ci", "'straße'", "'strasse'"),
            ("varchar(20) CHARACTER SET latin1", "'é'", "'E'"),
            ("varbinary(4)", "x'61'", "x'6100'"),
            ("varbinary(4)", "'a'", "'a '"),
            ("timestamp(6) NULL", "'2026-01-02 03:04:05'", "'2026-01-02 03:04:05.000001'"),
            ("json", r#"'{"a":1}'"#, r#"'{"a": 1}'"#),
            ("bigint unsigned", "18446744073709551615", "18446744073709551614"),
            ("bigint", "9007199254740992", "9007199254740993"),
            ("tinyint(1)", "0", "NULL"),
            ("tinyint(1)", "1", "2"),
        ],
        Engine::Sqlite => &[
            ("TEXT COLLATE NOCASE", "'acme'", "'ACME'"),
            ("TEXT COLLATE RTRIM", "'acme'", "'acme '"),
            ("TEXT", "''", "NULL"),
            ("", "5", "'5'"),
            ("", "'5'", "x'35'"),
            ("", "''", "x''"),
            ("BLOB", "x'00'", "x'0000'"),
            ("TEXT", "'a'", "'a' || char(0)"),
            ("INTEGER", "9007199254740992", "9007199254740993"),
        ],
    }
}

async fn not_each_other(engine: Engine) {
    let world = World::on(engine).await;
    if engine == Engine::Postgres {
        let loose = "CREATE EXTENSION citext;
             CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)";
        world.database.execute(loose).await;
    }
    let mut wrong = Vec::new();
    for (at, twins) in twins(engine).iter().enumerate() {
        let captured = end(&world, &format!("c{at}"), twins, ConflictGuard::WeakAck).await;
        if captured != (Some(Outcome::Conflict), Some(Code::RowChangedAfterProposal)) {
            wrong.push(format!("{twins:?} as captured: {captured:?}"));
        }
        // A version of NULL guards nothing and is not proposed on.
        if twins.1 == "NULL" {
            continue;
        }
        let version = ConflictGuard::Column { column: "c".into(), advance: Advance::None };
        let version = end(&world, &format!("v{at}"), twins, version).await;
        if version != (Some(Outcome::Conflict), Some(Code::VersionConflict)) {
            wrong.push(format!("{twins:?} as version: {version:?}"));
        }
    }
    assert!(wrong.is_empty(), "{engine}:\n{}", wrong.join("\n"));
}

/// How an apply ends before which the reviewed value was replaced by its twin.
async fn end(
    world: &World,
    table: &str,
    (column_type, reviewed, twin): &Twins,
    guard: ConflictGuard,
) -> (Option<Outcome>, Option<Code>) {
    let sql = format!(
        "CREATE TABLE {table} (id integer PRIMARY KEY, tenant varchar(20), note varchar(20), c {column_type});
         INSERT INTO {table} (id, tenant, c) VALUES (1, 'acme', {reviewed})"
    );
    world.database.execute(&sql).await;
    let desk = world.desk(Call {
        table: table.to_owned(),
        tenant_column: "tenant",
        tenant: "acme".into(),
        key_column: "id",
        key: Value::Integer(1),
        guard,
        captured: vec!["c".into()],
        patch: [("note".to_owned(), text("seen"))].into(),
    });
    let proposal = desk.propose().await.unwrap_or_else(|refusal| panic!("{column_type}: {refusal:?}"));
    world.database.execute(&format!("UPDATE {table} SET c = {twin}")).await;
    let look = format!("SELECT {}, note FROM {table}", witness::fingerprint(world.engine(), "c"));
    let before = world.seen(&look).await;
    let report = desk.carry_out(&proposal).await;
    let report = report.unwrap_or_else(|refusal| panic!("{column_type}: {refusal:?}"));
    assert_eq!(world.seen(&look).await, before, "{column_type} {reviewed} {twin}");
    (report.outcome, report.receipt.and_then(|receipt| receipt.code))
}

#[tokio::test]
async fn what_postgres_finds_equal_is_a_conflict() {
    not_each_other(Engine::Postgres).await;
}

#[tokio::test]
async fn what_mysql_finds_equal_is_a_conflict() {
    not_each_other(Engine::Mysql).await;
}

#[tokio::test]
async fn what_sqlite_finds_equal_is_a_conflict() {
    not_each_other(Engine::Sqlite).await;
}
