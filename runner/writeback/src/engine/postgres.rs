//! The steps on PostgreSQL.
//!
//! Facts of sqlx 0.9, tried in `tests/driver_facts.rs`: `COMMIT` of a transaction the server had aborted answers success,
//! because the server answers `ROLLBACK` and the driver does not look. Hence the sentinel (S6) and the read-back (S8).

mod holdings;

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, Row as _};
use synapsor_config::EffectKind;
use synapsor_protocol::{Columns, Engine, WritebackJob};
use synapsor_source::{Connect, TableKind, TableShape, dialect};

use super::{Changed, Inserted, LOCK_WAIT_MS, Purpose, Session};
use crate::classify::{self, FaultClass};
use crate::desk::WriteSettings;
use crate::effects::{Effect, Site};
use crate::error::{Fault, Obstacle};
use crate::guard;
use crate::receipts::{self, ReceiptsTable, SourceReceipt};
use crate::rights::{Privilege, Right};
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
                 AND a.attname = 'idempotency_key') AS keyed,
       EXISTS (SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
               WHERE a.attrelid = c.oid AND a.attname = 'idempotency_key' AND l.collisdeterministic) AS by_bytes
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = pg_catalog.to_regclass('synapsor_writeback_receipts')";

/// What the target must not be. The first column tells whether it is partitioned, the second what is wrong with it.
///
/// An unlogged table forgets its rows in a crash that the receipt survives; a foreign partition is on another server,
/// which commits for itself; a changed partition key is a delete and an insert, which other triggers see.
const INSPECT_TARGET: &str = "
SELECT c.relkind = 'p',
       CASE WHEN c.relkind NOT IN ('r', 'p') THEN 'not a table'
            WHEN c.relpersistence <> 'p' THEN 'an unlogged or temporary table'
            WHEN EXISTS (SELECT FROM pg_catalog.pg_partition_tree(c.oid) t
                         JOIN pg_catalog.pg_class part ON part.oid = t.relid
                         WHERE part.relkind = 'f') THEN 'a table with a foreign partition'
            WHEN EXISTS (SELECT FROM pg_catalog.pg_partition_tree(c.oid) t
                         JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = t.relid
                         JOIN pg_catalog.pg_attribute a ON a.attrelid = t.relid AND a.attname::text = ANY ($3::text[])
                         WHERE a.attnum = ANY (p.partattrs::pg_catalog.int2[])
                            OR pg_catalog.strpos(pg_catalog.pg_get_expr(p.partexprs, p.partrelid), a.attname) > 0)
            THEN 'a table partitioned by a column this change writes'
       END
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2";

/// What acts when one of the columns `$3` changes: kind, name, definition.
///
/// Triggers and rules that are switched off do nothing; what Postgres made itself for a partition is a copy. A trigger
/// for certain columns also fires for a generated one that depends on them, and which do is not asked.
const FIND_EFFECTS: &str = r"
WITH target AS (
  SELECT c.oid, c.relname::text AS name, c.relforcerowsecurity AS forced
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relname = $2
), part AS (
  SELECT oid FROM target UNION SELECT t.relid FROM target, pg_catalog.pg_partition_tree(target.oid) t
), written AS (
  SELECT a.attrelid, a.attnum, a.attgenerated <> '' AS generated FROM pg_catalog.pg_attribute a JOIN part ON part.oid = a.attrelid
  WHERE a.attname::text = ANY ($3::text[]) OR a.attgenerated <> ''
)
SELECT 'trigger', CASE WHEN g.tgrelid = target.oid THEN '' ELSE c.relname || '.' END || g.tgname,
       pg_catalog.concat_ws(E'
', g.tgenabled, pg_catalog.pg_get_triggerdef(g.oid), pg_catalog.pg_get_functiondef(g.tgfoid))
FROM target, part JOIN pg_catalog.pg_trigger g ON g.tgrelid = part.oid JOIN pg_catalog.pg_class c ON c.oid = part.oid
WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND g.tgenabled IN ('O', 'A') AND g.tgtype & 16 <> 0
  AND (pg_catalog.cardinality(g.tgattr::pg_catalog.int2[]) = 0
       OR EXISTS (SELECT FROM written w WHERE w.attrelid = g.tgrelid AND w.attnum = ANY (g.tgattr::pg_catalog.int2[])))
UNION ALL
SELECT 'rule', r.rulename::text, pg_catalog.concat_ws(E'
', r.ev_enabled, pg_catalog.pg_get_ruledef(r.oid))
FROM target JOIN pg_catalog.pg_rewrite r ON r.ev_class = target.oid
WHERE r.ev_type = '2' AND r.ev_enabled IN ('O', 'A')
UNION ALL
SELECT 'row_security', target.name, pg_catalog.concat_ws(E'
', target.forced, (
         SELECT pg_catalog.string_agg(pg_catalog.concat_ws(E'
', p.polname, p.polcmd, p.polpermissive,
                  (SELECT pg_catalog.string_agg(r.rolname, ',' ORDER BY r.rolname) FROM pg_catalog.pg_roles r WHERE r.oid = ANY (p.polroles)),
                  pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)),
                E'
' ORDER BY p.polname)
         FROM pg_catalog.pg_policy p WHERE p.polrelid = target.oid))
FROM target WHERE pg_catalog.row_security_active(target.oid)
UNION ALL
SELECT 'cascade', c.relname || '.' || k.conname,
       pg_catalog.concat_ws(E'
', n.nspname, c.relname, pg_catalog.pg_get_constraintdef(k.oid))
FROM part JOIN pg_catalog.pg_constraint k ON k.confrelid = part.oid
     JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confupdtype IN ('c', 'n', 'd')
  AND EXISTS (SELECT FROM written w WHERE w.attrelid = k.confrelid AND w.attnum = ANY (k.confkey))
ORDER BY 1, 2";

/// Whether the role has a right on a table or one of its columns, through whatever role or grant.
const HAS_RIGHT: &str = "
SELECT CASE WHEN $3::text IS NULL THEN pg_catalog.has_table_privilege(c.oid, $4)
            ELSE pg_catalog.has_column_privilege(c.oid, $3::text, $4) END
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE CASE WHEN $1::text IS NULL THEN c.oid = pg_catalog.to_regclass($2) ELSE n.nspname = $1 AND c.relname = $2 END";

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

    async fn version(&mut self) -> Result<String, Fault> {
        sqlx::query_scalar("SELECT pg_catalog.current_setting('server_version')")
            .fetch_one(&mut self.connection)
            .await
            .map_err(fault)
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
        let target = &job.target;
        let written = guard::columns_written(job);
        let (shape, partitioned) = self.inspect_target(&target.schema, &target.table, &written).await?;
        Ground::new(&shape, partitioned, job)
    }

    async fn shape(&mut self, site: &Site) -> Result<TableShape, Obstacle> {
        let written: Vec<&str> = site.written.iter().map(String::as_str).collect();
        let (shape, _) = self.inspect_target(&site.schema, &site.table, &written).await?;
        Ok(shape)
    }

    async fn may(&mut self, right: &Right) -> Result<bool, Fault> {
        let sql = match right.privilege {
            Privilege::Create => {
                "SELECT pg_catalog.has_schema_privilege(pg_catalog.current_schema(), 'CREATE')"
            }
            Privilege::Usage => "SELECT pg_catalog.has_schema_privilege($1, 'USAGE')",
            _ => HAS_RIGHT,
        };
        let asked = sqlx::query_scalar(sql).bind(&right.schema);
        let asked = asked.bind(&right.table).bind(&right.column).bind(right.privilege.as_str());
        let may: Option<bool> = asked.fetch_optional(&mut self.connection).await.map_err(fault)?.flatten();
        // What is not there is somebody else's finding.
        Ok(may.unwrap_or(true))
    }

    async fn effects(&mut self, site: &Site) -> Result<Vec<Effect>, Obstacle> {
        let written: Vec<&str> = site.written.iter().map(String::as_str).collect();
        let find = sqlx::query_as(FIND_EFFECTS).bind(&site.schema).bind(&site.table).bind(written);
        let found: Vec<(String, String, String)> =
            find.fetch_all(&mut self.connection).await.map_err(fault)?;
        let effect = |(kind, name, definition): (String, String, String)| {
            let kind = match kind.as_str() {
                "rule" => EffectKind::Rule,
                "row_security" => EffectKind::RowSecurity,
                "cascade" => EffectKind::Cascade,
                _ => EffectKind::Trigger,
            };
            Effect { kind, name, definition: Some(definition) }
        };
        Ok(found.into_iter().map(effect).collect())
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

    async fn insert_receipt(&mut self, table: &ReceiptsTable, values: &[&str; 5]) -> Result<Inserted, Fault> {
        // ON CONFLICT DO NOTHING waits for another run that holds the key, and then inserts nothing.
        let mut insert = sqlx::query(AssertSqlSafe(table.insert(Engine::Postgres)));
        for value in values {
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
        let found: Option<(String, String, bool, i64, bool, bool)> =
            sqlx::query_as(FIND_RECEIPTS).fetch_optional(&mut self.connection).await.map_err(fault)?;
        let Some((schema, table, plain, columns, keyed, by_bytes)) = found else { return Ok(None) };
        let wrong = [
            (!plain, "it is not a plain, logged table"),
            (usize::try_from(columns) != Ok(receipts::COLUMNS.len()), "a text column is missing"),
            (!keyed, "its primary key is not `idempotency_key`, or is deferrable"),
            (!by_bytes, "`idempotency_key` is not compared byte by byte"),
        ];
        match wrong.into_iter().find(|(wrong, _)| *wrong) {
            Some((_, what)) => Err(Obstacle::ReceiptsTableShape { what }),
            None => Ok(Some(ReceiptsTable::at(dialect::qualified(Engine::Postgres, &schema, &table)))),
        }
    }

    async fn inspect_target(
        &mut self,
        schema: &str,
        table: &str,
        written: &[&str],
    ) -> Result<(TableShape, bool), Obstacle> {
        let missing = || Obstacle::Missing { what: format!("table `{schema}.{table}`") };
        let found: Option<PgRow> = sqlx::query(INSPECT_TARGET)
            .bind(schema)
            .bind(table)
            .bind(written)
            .fetch_optional(&mut self.connection)
            .await
            .map_err(fault)?;
        let found = found.ok_or_else(missing)?;
        let partitioned: bool = found.try_get(0).map_err(fault)?;
        let wrong: Option<String> = found.try_get(1).map_err(fault)?;
        if let Some(found) = wrong {
            return Err(Obstacle::NotWritable { table: table.to_owned(), found });
        }
        let shape = dialect::postgres::shape(&mut self.connection, schema, table).await;
        let shape = shape.map_err(fault)?.ok_or_else(missing)?;
        match shape.kind {
            TableKind::Table => Ok((shape, partitioned)),
            _ => Err(Obstacle::NotWritable { table: table.to_owned(), found: "not a table".into() }),
        }
    }
}

/// What the driver said, as a class; its text goes to the log.
pub(crate) fn fault(error: sqlx::Error) -> Fault {
    let class =
        dialect::postgres::sqlstate(&error).map_or_else(|| super::class_of(&error), classify::postgres);
    Fault::new(class, &error)
}
