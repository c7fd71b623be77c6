//! What the source itself refuses or changes: rolled back, nothing left behind, and said plainly.

use synapsor_protocol::{Code, Engine, Outcome, ProposalState, SourceChanged, Value};

use crate::bench::Bench;
use crate::{on_engine, on_every_engine};

const WAIVED: (&str, Value) = ("fee_cents", Value::Integer(0));

on_every_engine!(
    a_constraint_that_says_no_leaves_nothing_behind,
    a_trigger_that_rewrites_the_value_is_rolled_back,
    a_trigger_that_swallows_or_refuses_the_update_is_a_failure,
    a_trigger_that_moves_the_version_itself_does_not_pass_for_ours,
    a_locked_row_leaves_the_proposal_approved,
);

on_engine!(servers_postgres, Postgres: a_credential_that_may_not_update_fails_for_good);
on_engine!(servers_mysql, Mysql: a_credential_that_may_not_update_fails_for_good);

on_engine!(rounding, Mysql: a_value_the_server_would_shorten_is_refused);
on_engine!(deferred, Postgres: a_deferred_constraint_that_fails_at_commit_is_a_failure);

/// Applies, and insists that it failed for good with this code and that nothing is left of it.
async fn fails(bench: &Bench, patch: &[(&str, Value)], code: Code) {
    let id = bench.approved(patch).await;
    let row = bench.row().await;
    let report = bench.apply_to(&id, Outcome::Failed).await;
    let receipt = report.receipt.expect("a receipt");
    assert_eq!((receipt.code, receipt.rows_affected), (Some(code), 0), "{receipt:?}");
    assert_eq!(report.source_changed, SourceChanged::No);
    assert_eq!(bench.row().await, row);
    assert_eq!(bench.receipts().await, Vec::<String>::new());
    assert_eq!(bench.state(&id).await, ProposalState::Failed);
}

/// On MySQL the upstream runner's CREATE TABLE had committed the transaction before this point.
async fn a_constraint_that_says_no_leaves_nothing_behind(engine: Engine) {
    let bench = Bench::on(engine).await;
    fails(&bench, &[("fee_cents", Value::Integer(13))], Code::ConstraintViolated).await;
}

/// Acknowledged triggers, all of them: what they do to the change is caught all the same.
async fn a_trigger_that_rewrites_the_value_is_rolled_back(engine: Engine) {
    let mut bench = Bench::on(engine).await;
    let sql = match engine {
        Engine::Sqlite => {
            "CREATE TRIGGER surcharge AFTER UPDATE OF fee_cents ON invoices
             BEGIN UPDATE invoices SET fee_cents = NEW.fee_cents + 1 WHERE id = NEW.id; END"
        }
        Engine::Postgres => {
            "CREATE FUNCTION surcharge() RETURNS trigger LANGUAGE plpgsql AS
               'BEGIN NEW.fee_cents := NEW.fee_cents + 1; RETURN NEW; END';
             CREATE TRIGGER surcharge BEFORE UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION surcharge()"
        }
        Engine::Mysql => {
            "CREATE TRIGGER surcharge BEFORE UPDATE ON invoices FOR EACH ROW SET NEW.fee_cents = NEW.fee_cents + 1"
        }
    };
    bench.execute(sql).await;
    bench.acknowledge().await;
    fails(&bench, &[WAIVED], Code::AfterImageMismatch).await;
}

async fn a_trigger_that_swallows_or_refuses_the_update_is_a_failure(engine: Engine) {
    let mut bench = Bench::on(engine).await;
    let sql = match engine {
        Engine::Sqlite => "CREATE TRIGGER frozen BEFORE UPDATE ON invoices BEGIN SELECT RAISE(IGNORE); END",
        Engine::Postgres => {
            "CREATE FUNCTION frozen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
             CREATE TRIGGER frozen BEFORE UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION frozen()"
        }
        Engine::Mysql => {
            "CREATE TRIGGER frozen BEFORE UPDATE ON invoices FOR EACH ROW
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'frozen'"
        }
    };
    bench.execute(sql).await;
    bench.acknowledge().await;
    fails(&bench, &[WAIVED], Code::ConstraintViolated).await;
}

async fn a_trigger_that_moves_the_version_itself_does_not_pass_for_ours(engine: Engine) {
    let mut bench = Bench::on(engine).await;
    let sql = match engine {
        Engine::Sqlite => {
            "CREATE TRIGGER bump AFTER UPDATE ON invoices
             BEGIN UPDATE invoices SET version = NEW.version + 1 WHERE id = NEW.id; END"
        }
        Engine::Postgres => {
            "CREATE FUNCTION bump() RETURNS trigger LANGUAGE plpgsql AS
               'BEGIN NEW.version := NEW.version + 1; RETURN NEW; END';
             CREATE TRIGGER bump BEFORE UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION bump()"
        }
        Engine::Mysql => {
            "CREATE TRIGGER bump BEFORE UPDATE ON invoices FOR EACH ROW SET NEW.version = NEW.version + 1"
        }
    };
    bench.execute(sql).await;
    bench.acknowledge().await;
    fails(&bench, &[WAIVED], Code::AfterImageMismatch).await;
}

async fn a_locked_row_leaves_the_proposal_approved(engine: Engine) {
    let bench = Bench::on(engine).await;
    let id = bench.approved(&[WAIVED]).await;
    let mut somebody = bench.database.session().await;
    let begin = if engine == Engine::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
    somebody.execute(begin).await;
    somebody.execute("UPDATE invoices SET note = 'busy' WHERE id = 'INV-1'").await;

    let refusal = bench.apply(&id).await.expect_err("a locked row");
    assert_eq!(refusal.code, Code::TransactionFailed, "{refusal:?}");
    assert!(refusal.code.retryable());
    assert_eq!(bench.state(&id).await, ProposalState::Approved);

    somebody.execute("ROLLBACK").await;
    bench.apply_to(&id, Outcome::Applied).await;
}

async fn a_credential_that_may_not_update_fails_for_good(engine: Engine) {
    let mut bench = Bench::on(engine).await;
    let role = bench.database.name().expect("a server database").to_owned();
    bench.execute(synapsor_writeback::receipts_table_ddl(engine)).await;
    let grants = match engine {
        // Locking a row needs UPDATE on some column; here it is not the one of the patch.
        Engine::Postgres => format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'secret'; GRANT SELECT, UPDATE (note) ON invoices TO {role};
             GRANT SELECT, INSERT ON synapsor_writeback_receipts TO {role}"
        ),
        _ => format!(
            "CREATE USER {role}@'%' IDENTIFIED BY 'secret'; GRANT SELECT, UPDATE (note) ON invoices TO {role}@'%';
             GRANT SELECT, INSERT ON synapsor_writeback_receipts TO {role}@'%'"
        ),
    };
    bench.execute(&grants).await;
    bench.setup.connect = Some(synapsor_source::Connect::Url(bench.database.url_as(&role, "secret")));
    fails(&bench, &[WAIVED], Code::PermissionDenied).await;
    let forget = match engine {
        Engine::Postgres => format!("DROP OWNED BY {role}; DROP ROLE {role}"),
        _ => format!("DROP USER {role}@'%'"),
    };
    bench.execute(&forget).await;
}

/// Whoever approved nine characters did not approve eight.
async fn a_value_the_server_would_shorten_is_refused(engine: Engine) {
    let bench = Bench::on(engine).await;
    fails(&bench, &[("note", Value::Text("123456789".into()))], Code::PatchValueInvalid).await;
}

async fn a_deferred_constraint_that_fails_at_commit_is_a_failure(engine: Engine) {
    let bench = Bench::on(engine).await;
    bench
        .execute(
            "ALTER TABLE invoices ADD CONSTRAINT one_note UNIQUE (note) DEFERRABLE INITIALLY DEFERRED;
             INSERT INTO invoices SELECT 'INV-2', tenant_id, fee_cents, 'taken', version, updated_at FROM invoices",
        )
        .await;
    fails(&bench, &[("note", Value::Text("taken".into()))], Code::ConstraintViolated).await;
}
