//! What can be wrong with a server, and the code each is told by: nothing was recorded, and nothing is guessed.

use std::time::Duration;

use synapsor_ledger::{Ledger, Server};

use crate::ground::edit_tables;
use crate::rights::{ENOUGH, forget, role};
use crate::story::{Call, Fixture, code, opening};

/// What is wrong, how it came to that, and what opening the ledger says.
const CASES: [(&str, &str, &str); 12] = [
    ("no right to connect", "REVOKE CONNECT ON DATABASE DATABASE_NAME FROM PUBLIC", "LEDGER_READ_ONLY"),
    ("no right to the schema", "REVOKE USAGE ON SCHEMA synapsor_ledger FROM ROLE_NAME", "LEDGER_READ_ONLY"),
    ("no right to read", "REVOKE SELECT ON meta FROM ROLE_NAME", "LEDGER_READ_ONLY"),
    ("no right to take turns", "REVOKE UPDATE ON meta FROM ROLE_NAME", "LEDGER_READ_ONLY"),
    ("no right to add", "REVOKE INSERT ON receipts FROM ROLE_NAME", "LEDGER_READ_ONLY"),
    ("no right to move a proposal", "REVOKE UPDATE ON proposals FROM ROLE_NAME", "LEDGER_READ_ONLY"),
    ("a later version", "UPDATE meta SET value = '99' WHERE name = 'schema_version'", "LEDGER_TOO_NEW"),
    ("a version that is none", "UPDATE meta SET value = 'x' WHERE name = 'schema_version'", "LEDGER_CORRUPT"),
    ("no version", "DELETE FROM meta WHERE name = 'schema_version'", "LEDGER_CORRUPT"),
    ("no id", "DELETE FROM meta WHERE name = 'ledger_id'", "LEDGER_CORRUPT"),
    ("a table is gone", "DROP TABLE receipts", "LEDGER_CORRUPT"),
    (
        "a copy that is not finished",
        "UPDATE meta SET name = 'unfinished_ledger_id' WHERE name = 'ledger_id'",
        "LEDGER_UNAVAILABLE",
    ),
];

#[tokio::test]
async fn what_is_wrong_with_a_server_is_said_when_the_ledger_is_opened() {
    for (what, change, expected) in CASES {
        let Fixture { ledger, database } = Fixture::new().await;
        drop(ledger);
        let server = role(&database, ENOUGH).await;
        Ledger::open(server.clone(), opening(false)).await.expect("opens before");
        let name = database.name().expect("a name");
        // A database of these tests and its role have one name.
        edit_tables(&database, &change.replace("DATABASE_NAME", name).replace("ROLE_NAME", name)).await;
        let refused = Ledger::open(server, opening(true)).await.expect_err(what);
        assert_eq!(code(&refused), expected, "{what}: {refused}");
        let message = refused.refusal().message;
        assert!(!message.contains("SELECT") && !message.contains(name), "{what}: {message}");
        forget(&database).await;
    }
}

#[tokio::test]
async fn a_statement_that_was_canceled_is_a_busy_ledger() {
    let fixture = Fixture::new().await;
    let mut holder = fixture.database.session().await;
    holder.execute("BEGIN; SELECT 1 FROM synapsor_ledger.meta WHERE name = 'ledger_id' FOR UPDATE").await;
    let ledger = fixture.ledger.clone();
    let call = Call::default();
    let recording =
        tokio::spawn(async move { ledger.notebook().record_read(call.evidence(), call.audit(None)).await });
    let cancel = "SELECT pg_cancel_backend(pid)::text FROM pg_stat_activity
                  WHERE application_name = 'synapsor-ledger' AND datname = current_database() AND wait_event_type = 'Lock'";
    while fixture.database.query_text(cancel).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let error = recording.await.expect("joined").expect_err("canceled");
    assert_eq!(code(&error), "LEDGER_BUSY");
    holder.execute("ROLLBACK").await;
    fixture.record(&Call::default()).await.expect("recorded");
    assert_eq!(fixture.events().await, 2, "what was canceled is not there");
}

#[tokio::test]
async fn a_server_that_lets_nobody_in_is_unavailable_until_it_does() {
    let fixture = Fixture::new().await;
    fixture.record(&Call::order(1)).await.expect("recorded");
    let name = fixture.database.name().expect("a name");
    let other = synapsor_test_servers::postgres().await;
    let mut elsewhere = other.session().await;
    let closed = format!(
        "ALTER DATABASE {name} ALLOW_CONNECTIONS false;
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND application_name = 'synapsor-ledger'"
    );
    elsewhere.execute(&closed).await;
    let error = fixture.record(&Call::order(2)).await.expect_err("nobody is let in");
    assert_eq!(code(&error), "LEDGER_UNAVAILABLE");
    let error = fixture.ledger.proposals(&Default::default()).await.expect_err("nobody is let in");
    assert_eq!(code(&error), "LEDGER_UNAVAILABLE");
    let server = Server::at(fixture.database.url()).expect("a URL");
    assert_eq!(code(&Ledger::open(server, opening(true)).await.expect_err("nobody")), "LEDGER_UNAVAILABLE");
    elsewhere.execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
    fixture.record(&Call::order(3)).await.expect("the same ledger, without opening it again");
    assert_eq!(fixture.events().await, 3);
}
