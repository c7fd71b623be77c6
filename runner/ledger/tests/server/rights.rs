//! Who may do what on the server, and what is no ledger there.

use synapsor_ledger::{Error, Ledger, Server};
use synapsor_test_servers::TestDatabase;

use crate::ground::{edit_tables, open, server};
use crate::story::{Call, Fixture, code, opening};

/// The rights that the guide lists.
pub(crate) const ENOUGH: &str = "GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA synapsor_ledger TO ROLE;
    GRANT UPDATE ON synapsor_ledger.meta, synapsor_ledger.proposals, synapsor_ledger.writeback_jobs TO ROLE";

async fn refused(server: Server, create: bool) -> Error {
    Ledger::open(server, opening(create)).await.expect_err("refused")
}

/// A role that may sign in and see the ledger's tables.
pub(crate) async fn role(database: &TestDatabase, rights: &str) -> Server {
    let name = database.name().expect("a name");
    let sql = format!(
        "CREATE ROLE {name} LOGIN PASSWORD 'secret'; GRANT USAGE ON SCHEMA synapsor_ledger TO {name};
         {}",
        rights.replace("ROLE", name)
    );
    database.execute(&sql).await;
    Server::at(&database.url_as(name, "secret")).expect("a URL")
}

pub(crate) async fn forget(database: &TestDatabase) {
    let name = database.name().expect("a name");
    database.execute(&format!("DROP OWNED BY {name}; DROP ROLE {name}")).await;
}

#[tokio::test]
async fn a_role_with_the_rights_the_guide_lists_can_do_everything() {
    let fixture = Fixture::new().await;
    let server = role(&fixture.database, ENOUGH).await;
    let ledger = Ledger::open(server, opening(true)).await.expect("opens");
    let same = Fixture { ledger, database: fixture.database };
    let job = same.started(&Call::default()).await;
    let receipt = crate::story::receipt(&job, synapsor_protocol::Outcome::Applied);
    same.ledger.finish_writeback(&receipt).await.expect("finished");
    assert_eq!(same.events().await, 5);
    let Fixture { ledger, database } = same;
    drop(ledger);
    forget(&database).await;
}

#[tokio::test]
async fn a_role_that_may_only_read_is_told_so_when_it_opens_the_ledger() {
    let fixture = Fixture::new().await;
    let rights = "GRANT SELECT ON ALL TABLES IN SCHEMA synapsor_ledger TO ROLE";
    let error = refused(role(&fixture.database, rights).await, true).await;
    assert_eq!(code(&error), "LEDGER_READ_ONLY");
    assert!(error.refusal().hint.expect("a hint").contains("docs/guides/ledger.md"));
    forget(&fixture.database).await;
}

#[tokio::test]
async fn a_database_whose_sessions_only_read_by_default_is_written_all_the_same() {
    let fixture = Fixture::new().await;
    let name = fixture.database.name().expect("a name");
    fixture.database.execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
    let ledger = fixture.reopened().await;
    let call = Call::default();
    ledger.notebook().record_read(call.evidence(), call.audit(None)).await.expect("our transactions say so");
}

#[tokio::test]
async fn a_database_without_a_ledger_is_left_as_it_is_unless_one_is_asked_for() {
    let database = synapsor_test_servers::postgres().await;
    let error = refused(server(&database), false).await;
    assert_eq!(code(&error), "LEDGER_UNAVAILABLE");
    assert!(error.refusal().hint.is_some());
    let schemas = "SELECT count(*)::text FROM pg_namespace WHERE nspname = 'synapsor_ledger'";
    assert_eq!(database.scalar(schemas).await.as_deref(), Some("0"));
    assert!(open(&database).await.verify().await.expect("readable").holds());
}

#[tokio::test]
async fn a_ledger_of_a_later_release_is_refused_and_left_as_it_is() {
    let Fixture { ledger, database } = Fixture::new().await;
    drop(ledger);
    edit_tables(&database, "UPDATE meta SET value = '99' WHERE name = 'schema_version'").await;
    let error = refused(server(&database), true).await;
    assert_eq!(code(&error), "LEDGER_TOO_NEW");
    assert!(error.to_string().contains("`99`"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_or_does_not_let_us_in_is_said_without_its_password() {
    let database = synapsor_test_servers::postgres().await;
    let wrong = [database.url_as("nobody", "hunter2"), "postgres://ledger:hunter2@127.0.0.1:1/books".into()];
    for url in wrong {
        let error = refused(Server::at(&url).expect("a URL"), true).await;
        let refusal = error.refusal();
        assert_eq!(refusal.code.as_str(), "LEDGER_UNAVAILABLE", "{}", refusal.message);
        assert!(!refusal.message.contains("hunter2") && !refusal.message.contains("127.0.0.1"));
    }
}

#[tokio::test]
async fn what_happened_can_only_be_added_to() {
    let fixture = Fixture::new().await;
    let job = fixture.started(&Call::default()).await;
    let receipt = crate::story::receipt(&job, synapsor_protocol::Outcome::Applied);
    fixture.ledger.finish_writeback(&receipt).await.expect("finished");
    let tables = ["events", "evidence", "query_audit", "approvals", "receipts", "proposals"];
    for table in tables {
        let column = if table == "events" { "payload" } else { "document" };
        for change in [
            format!("DELETE FROM synapsor_ledger.{table}"),
            format!("TRUNCATE synapsor_ledger.{table} CASCADE"),
            format!("UPDATE synapsor_ledger.{table} SET {column} = '{{}}'"),
        ] {
            // The database itself says no, even to its superuser.
            let tried = format!(
                "DO $$ BEGIN {change}; RAISE EXCEPTION 'went through'; EXCEPTION WHEN raise_exception THEN
                 IF SQLERRM <> 'append-only' THEN RAISE EXCEPTION 'not refused: %', SQLERRM USING ERRCODE = 'XX000'; END IF;
                 END $$"
            );
            fixture.database.execute(&tried).await;
        }
    }
    assert_eq!(fixture.events().await, 5);
}

#[tokio::test]
async fn a_document_with_a_character_the_server_has_no_text_for_comes_back_byte_for_byte() {
    let fixture = Fixture::new().await;
    let note = synapsor_protocol::Value::Text("a\0b \u{1F980} \\u0000 \u{FFFD}".into());
    let stored = fixture.propose(&Call { note, ..Call::default() }).await;
    let read = fixture.ledger.proposal(&stored.proposal.proposal_id).await.expect("there");
    assert_eq!(read, stored);
    assert!(read.intact);
    assert_eq!(fixture.events().await, 2);
    let notebook = fixture.ledger.notebook();
    assert!(notebook.proposal("wrp_\0", "acme").await.expect("readable").is_none());
}
