//! The steps on PostgreSQL.
//!
//! Facts of sqlx 0.9, tried in `tests/driver_facts.rs`: `COMMIT` of a transaction the server had aborted answers success,
//! because the server answers `ROLLBACK` and the driver does not look. Hence the sentinel (S6) and the read-back (S8).

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, Row as _};
use synapsor_protocol::{Columns, Engine, Target, WritebackJob};
use synapsor_source::{Connect, TableKind, TableShape, dialect};

use super::{Changed, Inserted, LOCK_WAIT_MS, Purpose, Session};
use crate::classify::{self, FaultClass};
use crate::desk::WriteSettings;
use crate::error::{Fault, Obstacle};
use crate::guard::Decision;
use crate::receipts::{self, ReceiptsTable, SourceReceipt};
use crate::statement::Ground;

/// Finds the receipts table on the role's own search path, with what must be true of it.
///
/// A deferrable key would let two runs insert and only one of them learn of it, at COMMIT.
const FIND_RECEIPTS: &str = "
SELECT n.nspname::text, c.relname::text,
       c.relkind = 'r' AND c.relpersistence = 'p' AS plain,
       (SELECT count(*) FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.atttypid = 'pg_catalog.text'::pg_catalog.regtype
          AND a.attname IN ('idempotency_key', 'job_id', 'proposal_id', 'proposal_digest', 'decision')) AS columns,
       EXISTS (SELECT FROM pg_catalog.pg_index i
               JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
               WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
                 AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = 1
                 AND a.attname = 'idempotency_key') AS keyed
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = pg_catalog.to_regclass('synapsor_writeback_receipts')";

/// What the target must not be. The first column tells whether it is partitioned, the second what is wrong with it.
///
/// An unlogged table forgets its rows in a crash that the receipt survives; a rewrite rule turns one UPDATE into others;
/// a foreign partition is on another server, which commits for itself.
const INSPECT_TARGET: &str = "
SELECT c.relkind = 'p',
       CASE WHEN c.relkind NOT IN ('r', 'p') THEN 'not a table'
            WHEN c.relpersistence <> 'p' THEN 'an unlogged or temporary table'
            WHEN c.relhasrules THEN 'a table with rewrite rules'
            WHEN EXISTS (SELECT FROM pg_catalog.pg_partition_tree(c.oid) t
                         JOIN pg_catalog.pg_class part ON part.oid = t.relid
                         WHERE part.relkind = 'f') THEN 'a table with a foreign partition'
       END
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2";

/// A replica, or a role or database that an administrator made read-only.
const ACCEPTS_WRITES: &str = "
SELECT NOT pg_catalog.pg_is_in_recovery()
       AND pg_catalog.current_setting('default_transaction_read_only') = 'off'";

/// One connection of its own.
pub(crate) struct Postgres {
    connection: PgConnection,
    statement_timeout_ms: u64,
}

impl Session for Postgres {
    async fn connect(settings: &WriteSettings) -> Result<Self, Fault> {
        let Connect::Url(url) = &settings.connect else {
            return Err(Fault::new(FaultClass::Unreachable, &"a PostgreSQL source needs a URL"));
        };
        let options = dialect::postgres::connect_options(url);
        let options = options.map_err(|error| Fault::new(FaultClass::Unreachable, &error))?;
        let options = options.application_name("synapsor-writeback").statement_cache_capacity(0);
        let connection = options.connect().await.map_err(fault)?;
        Ok(Self { connection, statement_timeout_ms: settings.statement_timeout_ms })
    }

    async fn receipts_table(&mut self, create: bool) -> Result<Option<ReceiptsTable>, Obstacle> {
        if let Some(table) = self.find_receipts().await? {
            return Ok(Some(table));
        }
        if !create {
            return Ok(None);
        }
        let created = self.connection.execute(receipts::receipts_table_ddl(Engine::Postgres)).await;
        if let Err(error) = created {
            // Two runners may create it at once; the loser is told of a duplicate, and the table is there.
            let fault = fault(error);
            return match self.find_receipts().await? {
                None if fault.class == FaultClass::Permission => Err(Obstacle::NoReceiptsTable),
                None => Err(fault.into()),
                found => Ok(found),
            };
        }
        self.find_receipts().await
    }

    async fn inspect(&mut self, job: &WritebackJob) -> Result<Ground, Obstacle> {
        let writable: bool =
            sqlx::query_scalar(ACCEPTS_WRITES).fetch_one(&mut self.connection).await.map_err(fault)?;
        if !writable {
            return Err(Fault::new(FaultClass::ReadOnly, &"a replica, or read-only by default").into());
        }
        let (shape, partitioned) = self.inspect_target(&job.target).await?;
        Ground::new(&shape, partitioned, job)
    }

    async fn begin(&mut self, purpose: Purpose) -> Result<(), Fault> {
        let access = match purpose {
            Purpose::Rehearse => "READ ONLY",
            Purpose::Apply | Purpose::ReadBack => "READ WRITE",
        };
        // READ COMMITTED is pinned: a stricter level turns the wait for another runner's receipt into an error.
        // `synchronous_commit` is pinned: a database's default cannot make a receipt forgettable.
        // `pg_catalog` comes first, so that no operator of another schema stands in for `=`; the role's own path stays
        // behind it, because the table's triggers may rely on it.
        let sql = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED {access};
             SET LOCAL synchronous_commit = on;
             SET LOCAL lock_timeout = {LOCK_WAIT_MS};
             SET LOCAL statement_timeout = {};
             SET LOCAL idle_in_transaction_session_timeout = '15s';
             SET LOCAL TimeZone = 'UTC';
             SET LOCAL DateStyle = 'ISO, YMD';
             SET LOCAL IntervalStyle = 'postgres';
             SET LOCAL bytea_output = 'hex';
             SET LOCAL extra_float_digits = 1;
             SELECT pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ', 'pg_catalog',
               nullif(pg_catalog.current_setting('search_path'), '')), true)",
            self.statement_timeout_ms
        );
        self.connection.execute(AssertSqlSafe(sql)).await.map_err(fault)?;
        Ok(())
    }

    async fn read_row(&mut self, ground: &Ground, purpose: Purpose) -> Result<Option<Columns>, Fault> {
        let statement = if purpose == Purpose::Apply { &ground.lock_row } else { &ground.read_row };
        let row = dialect::postgres::query(statement).fetch_optional(&mut self.connection).await;
        let decode = |row: PgRow| dialect::postgres::columns(&row, &ground.columns);
        row.map_err(fault)?.map(decode).transpose().map_err(|error| Fault::new(FaultClass::Inexact, &error))
    }

    async fn insert_receipt(
        &mut self,
        table: &ReceiptsTable,
        job: &WritebackJob,
        decision: &Decision,
    ) -> Result<Inserted, Fault> {
        // ON CONFLICT DO NOTHING waits for another run that holds the key, and then inserts nothing.
        let mut insert = sqlx::query(AssertSqlSafe(table.insert(Engine::Postgres)));
        for value in receipts::values(job, decision) {
            insert = insert.bind(value);
        }
        let done = insert.execute(&mut self.connection).await.map_err(fault)?;
        Ok(if done.rows_affected() == 1 { Inserted::Yes } else { Inserted::Duplicate })
    }

    async fn update_row(&mut self, ground: &Ground) -> Result<Changed, Fault> {
        let done = dialect::postgres::query(&ground.update_row).execute(&mut self.connection).await;
        Ok(Changed { rows: done.map_err(fault)?.rows_affected(), warnings: 0 })
    }

    async fn check_alive(&mut self) -> Result<(), Fault> {
        self.connection.execute("SELECT 1").await.map_err(fault)?;
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Fault> {
        self.connection.execute("COMMIT").await.map_err(fault)?;
        Ok(())
    }

    async fn read_receipt(
        &mut self,
        table: &ReceiptsTable,
        job: &WritebackJob,
    ) -> Result<Option<SourceReceipt>, Fault> {
        let select = sqlx::query_as(AssertSqlSafe(table.select(Engine::Postgres))).bind(&job.idempotency_key);
        let found: Option<(String, String, String)> =
            select.fetch_optional(&mut self.connection).await.map_err(fault)?;
        Ok(found.map(SourceReceipt::from))
    }

    async fn abandon(mut self) {
        // Closing the connection rolls back in any case; this frees the locks a moment earlier.
        let _ = self.connection.execute("ROLLBACK").await;
        let _ = self.connection.close().await;
    }
}

impl Postgres {
    async fn find_receipts(&mut self) -> Result<Option<ReceiptsTable>, Obstacle> {
        let found: Option<(String, String, bool, i64, bool)> =
            sqlx::query_as(FIND_RECEIPTS).fetch_optional(&mut self.connection).await.map_err(fault)?;
        let Some((schema, table, plain, columns, keyed)) = found else { return Ok(None) };
        let wrong = [
            (!plain, "it is not a plain, logged table"),
            (usize::try_from(columns) != Ok(receipts::COLUMNS.len()), "a text column is missing"),
            (!keyed, "its primary key is not `idempotency_key`, or is deferrable"),
        ];
        match wrong.into_iter().find(|(wrong, _)| *wrong) {
            Some((_, what)) => Err(Obstacle::ReceiptsTableShape { what }),
            None => Ok(Some(ReceiptsTable::at(dialect::qualified(Engine::Postgres, &schema, &table)))),
        }
    }

    async fn inspect_target(&mut self, target: &Target) -> Result<(TableShape, bool), Obstacle> {
        let missing = || Obstacle::Missing { what: format!("table `{}.{}`", target.schema, target.table) };
        let found: Option<PgRow> = sqlx::query(INSPECT_TARGET)
            .bind(&target.schema)
            .bind(&target.table)
            .fetch_optional(&mut self.connection)
            .await
            .map_err(fault)?;
        let found = found.ok_or_else(missing)?;
        let partitioned: bool = found.try_get(0).map_err(fault)?;
        let wrong: Option<String> = found.try_get(1).map_err(fault)?;
        if let Some(found) = wrong {
            return Err(Obstacle::NotWritable { table: target.table.clone(), found });
        }
        let shape = dialect::postgres::shape(&mut self.connection, &target.schema, &target.table).await;
        let shape = shape.map_err(fault)?.ok_or_else(missing)?;
        match shape.kind {
            TableKind::Table => Ok((shape, partitioned)),
            _ => Err(Obstacle::NotWritable { table: target.table.clone(), found: "not a table".into() }),
        }
    }
}

fn fault(error: sqlx::Error) -> Fault {
    let class =
        dialect::postgres::sqlstate(&error).map_or_else(|| super::class_of(&error), classify::postgres);
    Fault::new(class, &error)
}
