//! Facts about the drivers that the design rests on. When one of these fails after an upgrade, read
//! `docs/decisions/0002-apply-is-one-transaction.md` again.

use sqlx::{Connection as _, Executor as _, MySqlConnection, PgConnection};

/// The reason for S6 and S8: COMMIT of an aborted transaction looks like success.
#[tokio::test]
async fn postgres_commit_of_an_aborted_transaction_answers_success() {
    let database = synapsor_test_servers::postgres().await;
    database.execute("CREATE TABLE t (n int PRIMARY KEY)").await;
    for by_transaction in [true, false] {
        let mut connection = PgConnection::connect(database.url()).await.expect("a connection");
        let committed = if by_transaction {
            let mut transaction = connection.begin().await.expect("BEGIN");
            transaction.execute("INSERT INTO t VALUES (1)").await.expect("a row");
            transaction.execute("SELECT 1/0").await.expect_err("division by zero");
            transaction.commit().await
        } else {
            connection.execute("BEGIN").await.expect("BEGIN");
            connection.execute("INSERT INTO t VALUES (1)").await.expect("a row");
            connection.execute("SELECT 1/0").await.expect_err("division by zero");
            connection.execute("SELECT 1").await.expect_err("the sentinel notices");
            connection.execute("COMMIT").await.map(drop)
        };
        assert!(committed.is_ok(), "{committed:?}");
        assert_eq!(database.scalar("SELECT count(*) FROM t").await.as_deref(), Some("0"));
    }
}

#[tokio::test]
async fn mysql_connections_count_found_rows_not_changed_ones() {
    let database = synapsor_test_servers::mysql().await;
    database.execute("CREATE TABLE t (n int)").await;
    database.execute("INSERT INTO t VALUES (1)").await;
    let mut connection = MySqlConnection::connect(database.url()).await.expect("a connection");
    let done = connection.execute("UPDATE t SET n = 1").await.expect("an update");
    assert_eq!(done.rows_affected(), 1);
}

/// A rounded decimal is only a note, the update counts one row, and the driver says nothing: hence `@@warning_count`.
#[tokio::test]
async fn mysql_warnings_must_be_asked_for_and_survive_the_question() {
    let database = synapsor_test_servers::mysql().await;
    database.execute("CREATE TABLE t (n decimal(5,2))").await;
    database.execute("INSERT INTO t VALUES (1)").await;
    let mut connection = MySqlConnection::connect(database.url()).await.expect("a connection");
    let done =
        sqlx::query("UPDATE t SET n = ?").bind("1.005").execute(&mut connection).await.expect("an update");
    assert_eq!(done.rows_affected(), 1);
    let (warnings,): (i64,) = sqlx::query_as("SELECT CAST(@@warning_count AS SIGNED)")
        .fetch_one(&mut connection)
        .await
        .expect("a count");
    assert_eq!(warnings, 1);
}

/// The reason for R-ONE-ERROR: what comes after a failed statement may be committed without it.
#[tokio::test]
async fn mysql_lock_timeouts_roll_back_one_statement_only() {
    let database = synapsor_test_servers::mysql().await;
    database.execute("CREATE TABLE t (n int PRIMARY KEY, m int) ENGINE = InnoDB").await;
    database.execute("INSERT INTO t VALUES (1, 0)").await;
    let mut holder = database.session().await;
    holder.execute("BEGIN").await;
    holder.execute("UPDATE t SET m = 1 WHERE n = 1").await;

    let mut connection = MySqlConnection::connect(database.url()).await.expect("a connection");
    connection.execute("SET innodb_lock_wait_timeout = 1").await.expect("a setting");
    connection.execute("BEGIN").await.expect("BEGIN");
    connection.execute("INSERT INTO t VALUES (2, 0)").await.expect("the receipt, so to speak");
    connection.execute("UPDATE t SET m = 2 WHERE n = 1").await.expect_err("a lock wait timeout");
    connection.execute("COMMIT").await.expect("COMMIT succeeds all the same");
    holder.execute("ROLLBACK").await;
    assert_eq!(database.scalar("SELECT count(*) FROM t WHERE n = 2").await.as_deref(), Some("1"));
    assert_eq!(database.scalar("SELECT m FROM t WHERE n = 1").await.as_deref(), Some("0"));
}
