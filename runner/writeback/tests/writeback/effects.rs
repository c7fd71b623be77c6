//! What else acts when a row of the target changes: refused by name, unless the config acknowledges exactly that.

use synapsor_protocol::{Code, Engine, Outcome, ProposalState, Refusal, Value};
use synapsor_source::Connect;
use synapsor_writeback::receipts_table_ddl;

use crate::bench::Bench;
use crate::{on_engine, on_every_engine};

const WAIVED: (&str, Value) = ("fee_cents", Value::Integer(0));

on_every_engine!(
    a_trigger_nobody_acknowledged_is_refused_by_name_before_anything_starts,
    an_acknowledged_trigger_acts_on_the_approved_change,
    a_trigger_that_was_rewritten_since_is_drift,
    a_trigger_that_is_gone_is_drift,
    an_approval_from_before_the_acknowledgement_does_not_count,
    a_trigger_that_does_not_fire_needs_no_acknowledgement,
    a_foreign_key_that_follows_a_written_column_is_refused_until_acknowledged,
    a_foreign_key_that_follows_another_column_is_no_matter,
);

on_engine!(sqlite_only, Sqlite:
    a_trigger_of_another_table_that_would_be_set_in_motion_is_named_too,
    a_trigger_that_appears_between_the_look_and_the_lock_is_noticed
);
on_engine!(postgres_only, Postgres:
    a_trigger_that_appears_between_the_look_and_the_lock_is_noticed,
    an_acknowledged_rule_acts_on_the_approved_change,
    a_function_that_was_replaced_behind_its_trigger_is_drift,
    a_trigger_for_other_columns_and_one_that_is_off_need_no_acknowledgement,
    a_trigger_of_a_partition_is_named_with_it,
    a_column_that_decides_the_partition_is_not_written,
    row_level_security_is_refused_until_acknowledged
);
on_engine!(mysql_only, Mysql: a_trigger_the_credential_may_not_see_is_refused);

/// A table that notes every change of an invoice, and the trigger that fills it.
fn audit(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => {
            "CREATE TABLE noted (id TEXT);
             CREATE TRIGGER audit AFTER UPDATE ON invoices BEGIN INSERT INTO noted VALUES (NEW.id); END"
        }
        Engine::Postgres => {
            "CREATE TABLE noted (id text);
             CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS
               'BEGIN INSERT INTO public.noted VALUES (NEW.id); RETURN NEW; END';
             CREATE TRIGGER audit AFTER UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION audit()"
        }
        Engine::Mysql => {
            "CREATE TABLE noted (id varchar(32));
             CREATE TRIGGER audit AFTER UPDATE ON invoices FOR EACH ROW INSERT INTO noted VALUES (NEW.id)"
        }
    }
}

fn drop_audit(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres => "DROP TRIGGER audit ON invoices",
        Engine::Sqlite | Engine::Mysql => "DROP TRIGGER audit",
    }
}

async fn noted(bench: &Bench) -> Option<String> {
    bench.database.scalar("SELECT count(*) FROM noted").await
}

/// Applies, and insists on a refusal before anything started: no receipt, no table for one, the same row, still approved.
async fn refused(bench: &Bench, code: Code) -> Refusal {
    let id = bench.approved(&[WAIVED]).await;
    let row = bench.row().await;
    for dry_run in [true, false] {
        let refusal = bench.desk().apply(&id, dry_run).await.expect_err("a refusal");
        assert_eq!(refusal.code, code, "{refusal:?}");
    }
    assert!(!bench.has_receipts_table().await);
    assert_eq!(bench.row().await, row);
    assert_eq!(bench.state(&id).await, ProposalState::Approved);
    bench.apply(&id).await.expect_err("the same refusal")
}

async fn a_trigger_nobody_acknowledged_is_refused_by_name_before_anything_starts(engine: Engine) {
    let bench = Bench::on(engine).await;
    bench.execute(audit(engine)).await;
    let refusal = refused(&bench, Code::TargetNotAcknowledged).await;
    assert!(refusal.message.contains("trigger `audit` of `invoices`"), "{}", refusal.message);
    let hint = refusal.hint.expect("what to do");
    for part in ["\"kind\":\"trigger\"", "\"name\":\"audit\"", "sha256:", "`billing.waive_fee`"] {
        assert!(hint.contains(part), "{part} in {hint}");
    }
    assert_eq!(noted(&bench).await.as_deref(), Some("0"));
}

async fn an_acknowledged_trigger_acts_on_the_approved_change(engine: Engine) {
    let mut bench = Bench::on(engine).await;
    bench.execute(audit(engine)).await;
    bench.acknowledge().await;
    let id = bench.approved(&[WAIVED]).await;
    bench.apply_to(&id, Outcome::Applied).await;
    assert_eq!((bench.fee().await.as_str(), noted(&bench).await.as_deref()), ("0", Some("1")));
}

async fn a_trigger_that_was_rewritten_since_is_drift(engine: Engine) {
    let mut bench = Bench::on(engine).await;
    bench.execute(audit(engine)).await;
    bench.acknowledge().await;
    bench.execute(drop_audit(engine)).await;
    bench.execute("DROP TABLE noted").await;
    bench
        .execute(
            &audit(engine)
                .replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
                .replace("AFTER", "BEFORE"),
        )
        .await;
    let refusal = refused(&bench, Code::SchemaDrift).await;
    assert!(
        refusal.message.contains("trigger `audit` of `invoices`: expected definition"),
        "{}",
        refusal.message
    );
}

async fn a_trigger_that_is_gone_is_drift(engine: Engine) {
    let mut bench = Bench::on(engine).await;
    bench.execute(audit(engine)).await;
    bench.acknowledge().await;
    bench.execute(drop_audit(engine)).await;
    let refusal = refused(&bench, Code::SchemaDrift).await;
    assert!(refusal.message.contains("trigger `audit` of `invoices` is acknowledged and not there"));
}

/// Whoever approved did so under a config that did not speak of the trigger.
async fn an_approval_from_before_the_acknowledgement_does_not_count(engine: Engine) {
    let mut bench = Bench::on(engine).await;
    bench.execute(audit(engine)).await;
    bench.acknowledge().await;
    bench.setup.capability = "capability, with the acknowledgement";
    let refusal = refused(&bench, Code::SchemaDrift).await;
    assert!(refusal.message.contains("`billing.waive_fee`"), "{}", refusal.message);
}

async fn a_trigger_that_does_not_fire_needs_no_acknowledgement(engine: Engine) {
    let bench = Bench::on(engine).await;
    bench.execute(&audit(engine).replace("AFTER UPDATE", "AFTER INSERT")).await;
    let id = bench.approved(&[WAIVED]).await;
    bench.apply_to(&id, Outcome::Applied).await;
}

/// A child table that follows a column of the invoices.
fn child(engine: Engine, column: &str) -> String {
    let kind = if engine == Engine::Sqlite { "TEXT" } else { "varchar(32)" };
    let own = if engine == Engine::Mysql { "varchar(8)" } else { kind };
    let own = if column == "id" { kind } else { own };
    format!(
        "CREATE TABLE reminders (n int PRIMARY KEY, followed {own},
           CONSTRAINT follows FOREIGN KEY (followed) REFERENCES invoices ({column}) ON UPDATE CASCADE);
         INSERT INTO reminders SELECT 1, {column} FROM invoices"
    )
}

async fn a_foreign_key_that_follows_a_written_column_is_refused_until_acknowledged(engine: Engine) {
    let mut bench = Bench::on(engine).await;
    bench.execute("CREATE UNIQUE INDEX one_note ON invoices (note)").await;
    bench.execute(&child(engine, "note")).await;
    let refusal = refused(&bench, Code::TargetNotAcknowledged).await;
    assert!(refusal.message.contains("foreign key `reminders.follow"), "{}", refusal.message);
    bench.acknowledge().await;
    let id = bench.approved(&[("note", Value::Text("paid".into()))]).await;
    bench.apply_to(&id, Outcome::Applied).await;
    assert_eq!(bench.database.scalar("SELECT followed FROM reminders").await.as_deref(), Some("paid"));
}

async fn a_foreign_key_that_follows_another_column_is_no_matter(engine: Engine) {
    let bench = Bench::on(engine).await;
    bench.execute(&child(engine, "id")).await;
    let id = bench.approved(&[WAIVED]).await;
    bench.apply_to(&id, Outcome::Applied).await;
}

async fn a_trigger_of_another_table_that_would_be_set_in_motion_is_named_too(engine: Engine) {
    let bench = Bench::on(engine).await;
    bench.execute(audit(engine)).await;
    bench.execute("CREATE TABLE far (n); CREATE TRIGGER echo AFTER INSERT ON noted BEGIN INSERT INTO far VALUES (1); END").await;
    let refusal = refused(&bench, Code::TargetNotAcknowledged).await;
    assert!(refusal.message.contains("`audit`") && refusal.message.contains("`echo`"), "{}", refusal.message);
}

/// Somebody holds the row when the apply comes to it, and ends with a new trigger.
async fn a_trigger_that_appears_between_the_look_and_the_lock_is_noticed(engine: Engine) {
    let bench = Bench::on(engine).await;
    bench.execute(receipts_table_ddl(engine)).await;
    let id = bench.approved(&[WAIVED]).await;
    let mut somebody = bench.database.session().await;
    match engine {
        Engine::Sqlite => somebody.execute("BEGIN IMMEDIATE").await,
        _ => somebody.execute("BEGIN; SELECT 1 FROM invoices FOR UPDATE").await,
    }
    let trigger = async {
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        somebody.execute(audit(engine)).await;
        somebody.execute("COMMIT").await;
    };
    let (applied, ()) = tokio::join!(bench.apply(&id), trigger);
    let refusal = applied.expect_err("noticed");
    assert_eq!(refusal.code, Code::TargetNotAcknowledged, "{refusal:?}");
    assert_eq!((bench.fee().await.as_str(), noted(&bench).await.as_deref()), ("5500", Some("0")));
    assert_eq!(bench.receipts().await, Vec::<String>::new());
    assert_eq!(bench.state(&id).await, ProposalState::Approved);
}

async fn an_acknowledged_rule_acts_on_the_approved_change(engine: Engine) {
    let mut bench = Bench::on(engine).await;
    bench.execute("CREATE TABLE noted (n int); CREATE RULE also AS ON UPDATE TO invoices DO ALSO INSERT INTO public.noted VALUES (1)").await;
    let refusal = refused(&bench, Code::TargetNotAcknowledged).await;
    assert!(refusal.message.contains("rewrite rule `also` of `invoices`"), "{}", refusal.message);
    bench.acknowledge().await;
    let id = bench.approved(&[WAIVED]).await;
    bench.apply_to(&id, Outcome::Applied).await;
    assert_eq!(noted(&bench).await.as_deref(), Some("1"));
}

async fn a_function_that_was_replaced_behind_its_trigger_is_drift(engine: Engine) {
    let mut bench = Bench::on(engine).await;
    bench.execute(audit(engine)).await;
    bench.acknowledge().await;
    bench.execute("CREATE OR REPLACE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.noted; RETURN NEW; END'").await;
    refused(&bench, Code::SchemaDrift).await;
}

async fn a_trigger_for_other_columns_and_one_that_is_off_need_no_acknowledgement(engine: Engine) {
    let bench = Bench::on(engine).await;
    bench.execute(&audit(engine).replace("AFTER UPDATE ON", "AFTER UPDATE OF tenant_id ON")).await;
    bench
        .execute(
            "CREATE TRIGGER off AFTER UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION audit();
             ALTER TABLE invoices DISABLE TRIGGER off",
        )
        .await;
    let id = bench.approved(&[WAIVED]).await;
    bench.apply_to(&id, Outcome::Applied).await;
    bench.execute("ALTER TABLE invoices ENABLE TRIGGER off").await;
    let id = bench.approved(&[("note", Value::Text("paid".into()))]).await;
    let refusal = bench.apply(&id).await.expect_err("it is on now");
    assert!(refusal.message.contains("`off`") && !refusal.message.contains("`audit`"), "{}", refusal.message);
}

/// The invoices as a partitioned table with one partition.
async fn partition(bench: &Bench, by: &str) {
    bench
        .execute(&format!(
            "ALTER TABLE invoices RENAME TO invoices_all;
             CREATE TABLE invoices (LIKE invoices_all) PARTITION BY LIST ({by});
             CREATE TABLE invoices_1 PARTITION OF invoices DEFAULT;
             INSERT INTO invoices SELECT * FROM invoices_all"
        ))
        .await;
}

async fn a_trigger_of_a_partition_is_named_with_it(engine: Engine) {
    let bench = Bench::on(engine).await;
    partition(&bench, "id").await;
    bench.execute(&audit(engine).replace("ON invoices", "ON invoices_1")).await;
    let refusal = refused(&bench, Code::TargetNotAcknowledged).await;
    assert!(refusal.message.contains("trigger `invoices_1.audit`"), "{}", refusal.message);
    // One on the table itself is there once, not once more for each partition.
    bench
        .execute("CREATE TRIGGER whole AFTER UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION audit()")
        .await;
    let refusal = bench.desk().apply(&bench.approved(&[("note", Value::Null)]).await, true).await;
    assert_eq!(refusal.expect_err("still refused").message.matches("whole").count(), 1);
}

async fn a_column_that_decides_the_partition_is_not_written(engine: Engine) {
    for by in ["fee_cents", "(fee_cents / 100)"] {
        let bench = Bench::on(engine).await;
        partition(&bench, by).await;
        let refusal = refused(&bench, Code::TargetNotWritable).await;
        assert!(
            refusal.message.contains("partitioned by a column this change writes"),
            "{}",
            refusal.message
        );
    }
}

/// A role of the test's own, which the server keeps when the database is gone.
async fn with_role(bench: &mut Bench, grants: &str) -> String {
    let role = bench.database.name().expect("a server database").to_owned();
    bench.execute(&grants.replace("ROLE", &role)).await;
    bench.setup.connect = Some(Connect::Url(bench.database.url_as(&role, "secret")));
    role
}

async fn row_level_security_is_refused_until_acknowledged(engine: Engine) {
    let mut bench = Bench::on(engine).await;
    let role = with_role(
        &mut bench,
        "CREATE USER ROLE PASSWORD 'secret'; GRANT SELECT, UPDATE ON invoices TO ROLE; GRANT CREATE ON SCHEMA public TO ROLE;
         ALTER TABLE invoices ENABLE ROW LEVEL SECURITY; CREATE POLICY ours ON invoices USING (tenant_id = 'acme')",
    )
    .await;
    let mut writer = bench.setup.connect.take();
    let id = bench.approved(&[WAIVED]).await;
    std::mem::swap(&mut bench.setup.connect, &mut writer);
    let refusal = bench.apply(&id).await.expect_err("a refusal");
    assert_eq!(refusal.code, Code::TargetNotAcknowledged, "{refusal:?}");
    assert!(refusal.message.contains("row-level security of `invoices`"), "{}", refusal.message);
    bench.acknowledge().await;
    bench.execute("ALTER POLICY ours ON invoices USING (true)").await;
    assert_eq!(bench.apply(&id).await.expect_err("another policy").code, Code::SchemaDrift);
    bench.execute("ALTER POLICY ours ON invoices USING (tenant_id = 'acme')").await;
    bench.apply_to(&id, Outcome::Applied).await;
    bench.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

async fn a_trigger_the_credential_may_not_see_is_refused(engine: Engine) {
    let mut bench = Bench::on(engine).await;
    bench.execute(audit(engine)).await;
    let role = with_role(
        &mut bench,
        "CREATE USER ROLE@'%' IDENTIFIED BY 'secret'; GRANT SELECT, UPDATE ON invoices TO ROLE@'%'",
    )
    .await;
    let refusal = refused(&bench, Code::PermissionDenied).await;
    assert!(refusal.message.contains("trigger `audit` of `invoices`"), "{}", refusal.message);
    assert!(refusal.hint.is_some_and(|hint| hint.contains("`TRIGGER`")));
    bench.execute(&format!("GRANT TRIGGER ON invoices TO {role}@'%'")).await;
    assert_eq!(
        bench.apply(&bench.approved(&[("note", Value::Null)]).await).await.expect_err("seen now").code,
        Code::TargetNotAcknowledged
    );
    bench.execute(&format!("DROP USER {role}@'%'")).await;
}
