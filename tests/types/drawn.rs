//! Values nobody listed: rows are drawn, proposed and applied, and the database holds what was approved or what it held.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use synapsor_config::ConflictGuard;
use synapsor_protocol::{Code, Columns, Engine, Outcome, Value};

use crate::table::{bytes, decimal, integer, text};
use crate::witness;
use crate::world::{Call, World};

/// Rows drawn per engine.
const ROWS: u32 = 48;

/// A column: its name, its type, and the values proposed for it.
type Column = (&'static str, &'static str, fn() -> BoxedStrategy<Value>);

fn types(engine: Engine) -> &'static [Column] {
    match engine {
        Engine::Postgres => &[
            ("flag", "boolean", booleans),
            ("small", "smallint", integers_16),
            ("big", "bigint", integers_64),
            ("money", "numeric(12,2)", decimals_2),
            ("exact", "numeric", decimals),
            ("word", "varchar(12)", words),
            ("note", "text", texts),
            ("code", "char(4)", codes),
            ("raw", "bytea", blobs),
            ("day", "date", days),
            ("wall", "timestamp", wall_clocks),
            ("instant", "timestamptz(3)", instants),
            ("uid", "uuid", uuids),
            ("doc", "json", documents),
        ],
        Engine::Mysql => &[
            ("flag", "tinyint(1)", booleans),
            ("small", "smallint", integers_16),
            ("big", "bigint", integers_64),
            ("huge", "bigint unsigned", naturals_64),
            ("money", "decimal(12,2)", decimals_2),
            ("exact", "decimal(65,20)", decimals),
            ("word", "varchar(12)", words),
            ("note", "text", texts),
            ("old", "varchar(12) CHARACTER SET latin1", words),
            ("code", "char(4)", codes),
            ("raw", "varbinary(64)", blobs),
            ("day", "date", days),
            ("wall", "datetime(6)", wall_clocks),
            ("instant", "timestamp(3) NULL", instants),
            ("uid", "uuid", uuids),
        ],
        Engine::Sqlite => &[
            ("flag", "BOOLEAN", booleans),
            ("big", "INTEGER", integers_64),
            ("money", "NUMERIC", decimals_2),
            ("exact", "TEXT", decimals),
            ("word", "VARCHAR(12)", words),
            ("note", "TEXT", texts),
            ("any", "", texts),
            ("raw", "BLOB", blobs),
            ("day", "DATE", days),
            ("wall", "DATETIME", wall_clocks),
        ],
    }
}

fn booleans() -> BoxedStrategy<Value> {
    any::<bool>().prop_map(Value::Boolean).boxed()
}

fn integers_16() -> BoxedStrategy<Value> {
    prop_oneof![9 => any::<i16>().prop_map(|n| integer(n.into())), 1 => any::<i32>().prop_map(|n| integer(n.into()))]
        .boxed()
}

fn integers_64() -> BoxedStrategy<Value> {
    prop_oneof![any::<i64>(), -3..3_i64, Just(i64::MAX), Just(i64::MIN), Just((1 << 53) + 1)]
        .prop_map(integer)
        .boxed()
}

fn naturals_64() -> BoxedStrategy<Value> {
    any::<u64>().prop_map(|n| i64::try_from(n).map_or_else(|_| decimal(&n.to_string()), integer)).boxed()
}

fn decimals_2() -> BoxedStrategy<Value> {
    prop_oneof![19 => "-?[0-9]{1,10}(\\.[0-9]{1,2}0{0,3})?", 1 => "-?[0-9]{1,12}\\.[0-9]{3}"]
        .prop_map(|digits| decimal(&digits))
        .boxed()
}

fn decimals() -> BoxedStrategy<Value> {
    "-?[0-9]{1,40}(\\.[0-9]{1,20})?".prop_map(|digits| decimal(&digits)).boxed()
}

fn words() -> BoxedStrategy<Value> {
    prop_oneof![9 => "[ -~]{0,12}", 1 => "\\PC{0,13}"].prop_map(|word| text(&word)).boxed()
}

fn texts() -> BoxedStrategy<Value> {
    prop_oneof![
        any::<String>().prop_map(|any| any.replace('\0', "")),
        "[ '\"\\\\%_$?;\u{301}\u{1F980}\n\t]{0,20}",
    ]
    .prop_map(|any| text(&any))
    .boxed()
}

fn codes() -> BoxedStrategy<Value> {
    prop_oneof![9 => "( ?[a-zäß🦀]){0,2}", 1 => "[a-z ]{0,5}"].prop_map(|code| text(&code)).boxed()
}

fn blobs() -> BoxedStrategy<Value> {
    proptest::collection::vec(any::<u8>(), 0..64).prop_map(|blob| bytes(&blob)).boxed()
}

fn days() -> BoxedStrategy<Value> {
    prop_oneof![
        9 => (1..=9999_i16, 1..=12_u8, 1..=28_u8),
        1 => (0..=9999_i16, 0..=13_u8, 0..=32_u8),
    ]
    .prop_map(|(year, month, day)| text(&format!("{year:04}-{month:02}-{day:02}")))
    .boxed()
}

fn clocks(years: std::ops::RangeInclusive<u16>, digits: usize) -> impl Strategy<Value = String> {
    let fraction = proptest::collection::vec(b'0'..=b'9', 0..=digits);
    (years, 1..=12_u8, 1..=28_u8, 0..=23_u8, 0..=59_u8, 0..=59_u8, fraction).prop_map(
        |(year, month, day, hour, minute, second, fraction)| {
            let fraction = String::from_utf8(fraction).expect("digits");
            let point = if fraction.is_empty() { "" } else { "." };
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{point}{fraction}")
        },
    )
}

fn wall_clocks() -> BoxedStrategy<Value> {
    clocks(1..=9999, 6).prop_map(|clock| text(&clock)).boxed()
}

fn instants() -> BoxedStrategy<Value> {
    let offset = prop_oneof!["Z", "[+-]0[0-9]:[0-5][0-9]"];
    let near = clocks(1971..=2037, 3);
    let far = clocks(1..=9999, 4);
    (prop_oneof![9 => near, 1 => far], offset).prop_map(|(clock, offset)| text(&(clock + &offset))).boxed()
}

fn uuids() -> BoxedStrategy<Value> {
    "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}".prop_map(|uuid| text(&uuid)).boxed()
}

fn documents() -> BoxedStrategy<Value> {
    (any::<String>(), any::<i64>())
        .prop_map(|(name, number)| {
            let document =
                serde_json::json!({ "name": name.replace('\0', ""), "numbers": [number, null, true] });
            Value::Json(document.to_string())
        })
        .boxed()
}

/// Some columns of the row, each with a value or none.
fn rows(engine: Engine) -> impl Strategy<Value = Columns> {
    let columns: Vec<_> = types(engine)
        .iter()
        .map(|(name, _, values)| {
            let value = prop_oneof![1 => Just(Value::Null), 9 => values()];
            proptest::option::weighted(0.5, value.prop_map(|value| ((*name).to_owned(), value)))
        })
        .collect();
    columns
        .prop_map(|drawn| drawn.into_iter().flatten().collect::<Columns>())
        .prop_filter("a patch patches something", |row| !row.is_empty())
}

fn check(engine: Engine) {
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let threads = threads.expect("a runtime");
    let world = threads.block_on(async {
        let world = World::on(engine).await;
        let columns: Vec<String> =
            types(engine).iter().map(|(name, column_type, _)| format!("{name} {column_type}")).collect();
        let sql = format!(
            "CREATE TABLE t (id integer PRIMARY KEY, tenant varchar(20), {}); INSERT INTO t (id, tenant) VALUES (1, 'acme')",
            columns.join(", ")
        );
        world.database.execute(&sql).await;
        world
    });
    let applied = std::cell::Cell::new(0);
    let config = Config { cases: ROWS, failure_persistence: None, max_shrink_iters: 64, ..Config::default() };
    let ran = TestRunner::new(config).run(&rows(engine), |patch| {
        if threads.block_on(once(&world, patch))? {
            applied.set(applied.get() + 1);
        }
        Ok(())
    });
    if let Err(error) = ran {
        panic!("{engine}: {error}");
    }
    assert!(applied.get() > ROWS / 4, "{engine}: only {} of {ROWS} rows were applied", applied.get());
    threads.block_on(async move { drop(world) });
}

/// Whether the row was applied; an error when neither all of it nor nothing happened.
async fn once(world: &World, patch: Columns) -> Result<bool, TestCaseError> {
    let before = row(world).await;
    let call = Call {
        table: "t".into(),
        tenant_column: "tenant",
        tenant: "acme".into(),
        key_column: "id",
        key: Value::Integer(1),
        guard: ConflictGuard::WeakAck,
        // Every column guards, also with the values of earlier draws.
        captured: types(world.engine()).iter().map(|(name, ..)| (*name).to_owned()).collect(),
        patch,
    };
    let desk = world.desk(call);
    let proposal = match desk.propose().await {
        Ok(proposal) => proposal,
        Err(refusal) => {
            let expected = [Code::PatchValueInvalid, Code::PatchEmpty];
            prop_assert!(expected.contains(&refusal.code), "{:?}", refusal);
            prop_assert_eq!(row(world).await, before);
            return Ok(false);
        }
    };
    let report = desk.carry_out(&proposal).await;
    let report = report.map_err(|refusal| TestCaseError::fail(format!("{refusal:?}")))?;
    let code = report.receipt.as_ref().and_then(|receipt| receipt.code);
    prop_assert_eq!((report.outcome, code), (Some(Outcome::Applied), None));
    let (engine, after) = (world.engine(), &proposal.change_set.after);
    let columns: Vec<String> =
        after.iter().map(|(column, approved)| witness::canonical(engine, column, approved)).collect();
    let stored = world.seen(&format!("SELECT {} FROM t", columns.join(", "))).await.swap_remove(0);
    let approved: Vec<_> = after.values().map(|approved| witness::expected(engine, approved)).collect();
    prop_assert_eq!(stored, approved);
    Ok(true)
}

async fn row(world: &World) -> Vec<Vec<Option<String>>> {
    let columns: Vec<String> =
        types(world.engine()).iter().map(|(name, ..)| witness::fingerprint(world.engine(), name)).collect();
    world.seen(&format!("SELECT {} FROM t", columns.join(", "))).await
}

#[test]
fn drawn_rows_on_postgres() {
    check(Engine::Postgres);
}

#[test]
fn drawn_rows_on_mysql() {
    check(Engine::Mysql);
}

#[test]
fn drawn_rows_on_sqlite() {
    check(Engine::Sqlite);
}
