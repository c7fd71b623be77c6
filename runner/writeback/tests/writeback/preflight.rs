//! What is found before the transaction begins: the receipts table, and targets that cannot take part in it.

use synapsor_protocol::{Code, Engine, Outcome, ProposalState, Value};
use synapsor_writeback::receipts_table_ddl;

use crate::bench::{Bench, Setup, version};
use crate::{on_engine, on_every_engine};
use synapsor_protocol::Advance;
use synapsor_source::Connect;

const WAIVED: (&str, Value) = ("fee_cents", Value::Integer(0));

on_every_engine!(
    a_receipts_table_of_another_shape_is_refused,
    a_column_that_is_gone_is_refused,
    a_receipts_table_that_compares_keys_loosely_is_refused,
    a_view_is_not_written,
    a_receipts_table_the_config_leaves_to_an_administrator_is_never_made,
);

on_engine!(postgres_only, Postgres:
    a_pre_created_receipts_table_needs_no_right_to_create,
    without_the_table_and_without_the_right_the_refusal_says_what_to_do,
    an_unlogged_target_is_refused,
    a_foreign_table_is_not_written,
    a_table_with_a_foreign_partition_is_not_written,
    a_materialized_view_is_not_written,
    an_unlogged_receipts_table_is_refused,
    a_target_with_a_rewrite_rule_nobody_acknowledged_is_refused,
    a_partitioned_target_is_written,
    only_the_row_itself_is_written_not_an_inheriting_one,
    a_database_that_is_read_only_by_default_is_respected,
    a_trigger_that_relies_on_the_search_path_still_works
);
on_engine!(sqlite_only, Sqlite: a_virtual_table_is_not_written);
on_engine!(mysql_only, Mysql:
    a_pre_created_receipts_table_needs_no_right_to_create,
    without_the_table_and_without_the_right_the_refusal_says_what_to_do,
    a_target_outside_innodb_is_refused,
    a_receipts_table_too_narrow_for_a_receipt_is_refused,
    a_receipts_table_outside_innodb_is_refused
);

/// Applies, and insists that nothing happened and the proposal is still approved.
async fn obstructed(bench: &Bench, code: Code) -> synapsor_protocol::Refusal {
    let id = bench.approved(&[WAIVED]).await;
    let row = bench.row().await;
    let refusal = bench.apply(&id).await.expect_err("an obstacle");
    assert_eq!(refusal.code, code, "{refusal:?}");
    assert_eq!(bench.row().await, row);
    assert_eq!(bench.state(&id).await, ProposalState::Approved);
    refusal
}

/// As the published runner made it.
async fn a_receipts_table_of_another_shape_is_refused(engine: Engine) {
    let bench = Bench::on(engine).await;
    bench
        .execute(
            "CREATE TABLE synapsor_writeback_receipts (
               idempotency_key varchar(255) PRIMARY KEY, job_id varchar(255), proposal_id varchar(255),
               status varchar(64), result_hash varchar(128))",
        )
        .await;
    let id = bench.approved(&[WAIVED]).await;
    let refusal = bench.apply(&id).await.expect_err("an obstacle");
    assert_eq!(refusal.code, Code::ReceiptsTableMissing);
    assert_eq!(bench.fee().await, "5500");
}

async fn a_receipts_table_that_compares_keys_loosely_is_refused(engine: Engine) {
    let bench = Bench::on(engine).await;
    let ddl = receipts_table_ddl(engine);
    let loose = match engine {
        Engine::Sqlite => ddl.replace("COLLATE BINARY", "COLLATE NOCASE"),
        // The test's own collation, which finds capitals equal.
        Engine::Postgres => ddl.replace("COLLATE \"C\"", "COLLATE any_case"),
        Engine::Mysql => ddl.replace("ascii_bin", "ascii_general_ci"),
    };
    assert_ne!(loose, ddl);
    bench.execute(&loose).await;
    let refusal = obstructed(&bench, Code::ReceiptsTableMissing).await;
    assert!(refusal.message.contains("byte by byte"), "{}", refusal.message);
}

async fn a_column_that_is_gone_is_refused(engine: Engine) {
    let bench = Bench::on(engine).await;
    let id = bench.approved(&[WAIVED]).await;
    bench.execute("ALTER TABLE invoices DROP COLUMN note").await;
    let refusal = bench.apply(&id).await.expect_err("an obstacle");
    assert_eq!(refusal.code, Code::SourceShapeMismatch);
    assert!(refusal.message.contains("`note`"), "{}", refusal.message);
}

async fn a_view_is_not_written(engine: Engine) {
    let bench = Bench::on(engine).await;
    bench.execute("ALTER TABLE invoices RENAME TO invoices_all").await;
    bench.execute("CREATE VIEW invoices AS SELECT * FROM invoices_all").await;
    obstructed(&bench, Code::TargetNotWritable).await;
}

async fn a_receipts_table_the_config_leaves_to_an_administrator_is_never_made(engine: Engine) {
    let mut bench = Bench::on(engine).await;
    bench.setup.receipts = synapsor_config::ReceiptsMode::Precreated;
    let refusal = obstructed(&bench, Code::ReceiptsTableMissing).await;
    assert!(refusal.hint.is_some_and(|hint| hint.contains("synapsor writeback migration")));
    assert!(!bench.has_receipts_table().await);
    bench.execute(receipts_table_ddl(engine)).await;
    let id = bench.approved(&[("note", Value::Null)]).await;
    bench.apply_to(&id, Outcome::Applied).await;
}

/// A role that may work on the target and, where `receipts` says so, on the receipts table; and create nothing.
async fn least_privilege(bench: &mut Bench, receipts: bool) {
    let role = bench.database.name().expect("a server database").to_owned();
    let mut sql = match bench.engine() {
        Engine::Postgres => {
            format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'; GRANT SELECT, UPDATE ON invoices TO {role}")
        }
        _ => format!(
            "CREATE USER {role}@'%' IDENTIFIED BY 'secret'; GRANT SELECT, UPDATE ON invoices TO {role}@'%'"
        ),
    };
    if receipts {
        bench.execute(receipts_table_ddl(bench.engine())).await;
        let host = if bench.engine() == Engine::Postgres { "" } else { "@'%'" };
        sql.push_str(&format!("; GRANT SELECT, INSERT ON synapsor_writeback_receipts TO {role}{host}"));
    }
    bench.execute(&sql).await;
    bench.setup.connect = Some(Connect::Url(bench.database.url_as(&role, "secret")));
}

/// Roles belong to the server, not to the test's database.
async fn forget_role(bench: &Bench) {
    let role = bench.database.name().expect("a server database");
    let sql = match bench.engine() {
        Engine::Postgres => format!("DROP OWNED BY {role}; DROP ROLE {role}"),
        _ => format!("DROP USER {role}@'%'"),
    };
    bench.execute(&sql).await;
}

async fn a_pre_created_receipts_table_needs_no_right_to_create(engine: Engine) {
    let mut bench = Bench::on(engine).await;
    least_privilege(&mut bench, true).await;
    let id = bench.approved(&[WAIVED]).await;
    bench.apply_to(&id, Outcome::Applied).await;
    bench.apply_to(&id, Outcome::AlreadyApplied).await;
    forget_role(&bench).await;
}

async fn without_the_table_and_without_the_right_the_refusal_says_what_to_do(engine: Engine) {
    let mut bench = Bench::on(engine).await;
    least_privilege(&mut bench, false).await;
    let refusal = obstructed(&bench, Code::ReceiptsTableMissing).await;
    assert!(refusal.hint.is_some_and(|hint| hint.contains("administrator")));
    forget_role(&bench).await;
}

async fn an_unlogged_target_is_refused(engine: Engine) {
    let bench = Bench::on(engine).await;
    bench.execute("ALTER TABLE invoices SET UNLOGGED").await;
    obstructed(&bench, Code::TargetNotWritable).await;
}

/// Approves, puts something else in the table's place, and insists that it is refused by name.
async fn replaced(bench: &Bench, sql: &str, found: &str) {
    let id = bench.approved(&[WAIVED]).await;
    bench.execute(sql).await;
    let refusal = bench.apply(&id).await.expect_err("an obstacle");
    assert_eq!(refusal.code, Code::TargetNotWritable, "{refusal:?}");
    assert!(refusal.message.contains("`invoices`") && refusal.message.contains(found), "{}", refusal.message);
    assert_eq!(bench.state(&id).await, ProposalState::Approved);
    assert!(!bench.has_receipts_table().await, "nothing was begun");
}

/// A server that nobody ever asks anything.
const ELSEWHERE: &str =
    "CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER elsewhere FOREIGN DATA WRAPPER nowhere;
    ALTER TABLE invoices RENAME TO invoices_all;";

async fn a_foreign_table_is_not_written(engine: Engine) {
    let bench = Bench::on(engine).await;
    let foreign = "CREATE FOREIGN TABLE invoices (
        id text, tenant_id text, fee_cents bigint, note varchar(8), version bigint, updated_at timestamptz) SERVER elsewhere";
    replaced(&bench, &format!("{ELSEWHERE} {foreign}"), "not a table").await;
}

async fn a_table_with_a_foreign_partition_is_not_written(engine: Engine) {
    let bench = Bench::on(engine).await;
    let parts = "CREATE TABLE invoices (LIKE invoices_all) PARTITION BY LIST (id);
        CREATE TABLE invoices_1 PARTITION OF invoices DEFAULT;
        CREATE FOREIGN TABLE invoices_2 PARTITION OF invoices FOR VALUES IN ('INV-2') SERVER elsewhere";
    replaced(&bench, &format!("{ELSEWHERE} {parts}"), "foreign partition").await;
}

async fn a_materialized_view_is_not_written(engine: Engine) {
    let bench = Bench::on(engine).await;
    let view = "ALTER TABLE invoices RENAME TO invoices_all;
        CREATE MATERIALIZED VIEW invoices AS SELECT * FROM invoices_all";
    replaced(&bench, view, "not a table").await;
}

async fn a_virtual_table_is_not_written(engine: Engine) {
    let bench = Bench::on(engine).await;
    let searched = "ALTER TABLE invoices RENAME TO invoices_all;
        CREATE VIRTUAL TABLE invoices USING fts5 (id, tenant_id, fee_cents, note, version, updated_at)";
    replaced(&bench, searched, "virtual table").await;
}

async fn an_unlogged_receipts_table_is_refused(engine: Engine) {
    let bench = Bench::on(engine).await;
    bench.execute(&receipts_table_ddl(engine).replace("CREATE TABLE", "CREATE UNLOGGED TABLE")).await;
    obstructed(&bench, Code::ReceiptsTableMissing).await;
}

async fn a_target_with_a_rewrite_rule_nobody_acknowledged_is_refused(engine: Engine) {
    let bench = Bench::on(engine).await;
    bench
        .execute(
            "CREATE TABLE other (n int); \
             CREATE RULE also AS ON UPDATE TO invoices DO ALSO INSERT INTO other VALUES (1)",
        )
        .await;
    obstructed(&bench, Code::TargetNotAcknowledged).await;
}

async fn a_partitioned_target_is_written(engine: Engine) {
    let bench = Bench::on(engine).await;
    bench
        .execute(
            "ALTER TABLE invoices RENAME TO invoices_all;
             CREATE TABLE invoices (LIKE invoices_all) PARTITION BY LIST (id);
             CREATE TABLE invoices_1 PARTITION OF invoices DEFAULT;
             INSERT INTO invoices SELECT * FROM invoices_all",
        )
        .await;
    let id = bench.approved(&[WAIVED]).await;
    bench.apply_to(&id, Outcome::Applied).await;
    assert_eq!(bench.fee().await, "0");
}

async fn only_the_row_itself_is_written_not_an_inheriting_one(engine: Engine) {
    let bench = Bench::on(engine).await;
    let id = bench.approved(&[WAIVED]).await;
    bench
        .execute(
            "CREATE TABLE archived () INHERITS (invoices); INSERT INTO archived SELECT * FROM ONLY invoices",
        )
        .await;
    bench.apply_to(&id, Outcome::Applied).await;
    assert_eq!(bench.database.scalar("SELECT fee_cents FROM archived").await.as_deref(), Some("5500"));
}

async fn a_database_that_is_read_only_by_default_is_respected(engine: Engine) {
    let bench = Bench::on(engine).await;
    bench.execute(receipts_table_ddl(engine)).await;
    let id = bench.approved(&[WAIVED]).await;
    let name = bench.database.name().expect("a server database");
    bench.execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
    assert_eq!(bench.apply(&id).await.expect_err("read-only").code, Code::SourceReadOnly);
    assert_eq!(bench.state(&id).await, ProposalState::Approved);
}

async fn a_trigger_that_relies_on_the_search_path_still_works(engine: Engine) {
    let mut bench = Setup::on(engine).guard(version(Advance::None)).bench().await;
    bench
        .execute(
            "CREATE TABLE history (id text);
             CREATE FUNCTION note_history() RETURNS trigger LANGUAGE plpgsql AS
               'BEGIN INSERT INTO history VALUES (NEW.id); RETURN NEW; END';
             CREATE TRIGGER note_history AFTER UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION note_history()",
        )
        .await;
    bench.acknowledge().await;
    let id = bench.approved(&[WAIVED]).await;
    bench.apply_to(&id, Outcome::Applied).await;
    assert_eq!(bench.database.scalar("SELECT count(*) FROM history").await.as_deref(), Some("1"));
}

async fn a_target_outside_innodb_is_refused(engine: Engine) {
    let bench = Bench::on(engine).await;
    for storage in ["MyISAM", "MEMORY", "Aria"] {
        bench.execute(&format!("ALTER TABLE invoices ENGINE = {storage}")).await;
        let refusal = obstructed(&bench, Code::TargetNotTransactional).await;
        assert!(refusal.message.contains(&format!("`{storage}`")), "{}", refusal.message);
    }
}

async fn a_receipts_table_too_narrow_for_a_receipt_is_refused(engine: Engine) {
    let bench = Bench::on(engine).await;
    bench.execute(&receipts_table_ddl(engine).replace("varchar(80)", "varchar(32)")).await;
    let refusal = obstructed(&bench, Code::ReceiptsTableMissing).await;
    assert!(refusal.message.contains("too narrow"), "{}", refusal.message);
}

async fn a_receipts_table_outside_innodb_is_refused(engine: Engine) {
    let bench = Bench::on(engine).await;
    bench.execute(&receipts_table_ddl(engine).replace("InnoDB", "MyISAM")).await;
    obstructed(&bench, Code::TargetNotTransactional).await;
}
