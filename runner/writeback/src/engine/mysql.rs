//! The steps on MySQL and MariaDB.
//!
//! Facts of sqlx 0.9, tried in `tests/driver_facts.rs`: it always asks for `CLIENT_FOUND_ROWS`, so an update to the value
//! a column already holds counts as one row; it allows several statements in one unprepared query, so nothing built at
//! run time is ever sent that way; it does not report warnings, so they are asked for.
//!
//! Facts of the engine: a lock wait that times out rolls back one statement, not the transaction, and a deadlock rolls
//! back all of it, after which statements commit by themselves: hence no statement ever follows an error. DDL commits.
//! MyISAM does not take part in transactions at all.

mod holdings;

use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, SqlSafeStr as _};
use synapsor_config::EffectKind;
use synapsor_protocol::{Columns, Engine, WritebackJob};
use synapsor_source::{Connect, TableKind, TableShape, dialect};

use super::{Changed, Inserted, Purpose, Session};
use crate::classify::{self, FaultClass};
use crate::desk::WriteSettings;
use crate::effects::{Effect, Site};
use crate::error::{Fault, Obstacle};
use crate::receipts::{self, RECEIPTS_TABLE, ReceiptsTable, SourceReceipt};
use crate::rights::{Privilege, Right};
use crate::statement::{Ground, never_run};

/// `ER_DUP_ENTRY`.
const DUPLICATE: u16 = 1062;
/// `ER_UNKNOWN_SYSTEM_VARIABLE`.
const UNKNOWN_VARIABLE: u16 = 1193;

/// Finds a table and its storage engine. Aliased, because MySQL 8 prints the labels in upper case otherwise.
const FIND_TABLE: &str = "
SELECT CAST(table_type AS CHAR) AS kind, CAST(COALESCE(engine, '') AS CHAR) AS engine
FROM information_schema.tables WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ?";

/// The receipts table's columns: part of the primary key or not, room in characters, and how they are compared.
const RECEIPTS_COLUMNS: &str = "
SELECT CAST(c.column_name AS CHAR) AS name,
       CAST(c.column_key = 'PRI' AS SIGNED) AS keyed,
       CAST(COALESCE(c.character_maximum_length, 0) AS SIGNED) AS room,
       CAST(COALESCE(c.collation_name, 'binary') AS CHAR) AS compared
FROM information_schema.columns c
WHERE c.table_schema = DATABASE() AND c.table_name = 'synapsor_writeback_receipts'";

/// Whether this credential would be shown a trigger if there was one. MariaDB shows every trigger's name, and its text to
/// whoever has the right `TRIGGER`; MySQL hides all of it without that right. A name in `schema_privileges` is a pattern.
const SEES_TRIGGERS: &str = r#"
SELECT CAST(VERSION() LIKE '%MariaDB%' OR EXISTS (
  SELECT 1 FROM information_schema.user_privileges p WHERE p.grantee = me.grantee AND p.privilege_type = 'TRIGGER'
) OR EXISTS (
  SELECT 1 FROM information_schema.schema_privileges p
  WHERE p.grantee = me.grantee AND p.privilege_type = 'TRIGGER' AND ? LIKE p.table_schema
) OR EXISTS (
  SELECT 1 FROM information_schema.table_privileges p
  WHERE p.grantee = me.grantee AND p.privilege_type = 'TRIGGER' AND p.table_schema = ? AND p.table_name = ?
) AS SIGNED) AS seen
FROM (SELECT CONCAT("'", SUBSTRING_INDEX(CURRENT_USER(), '@', 1), "'@'", SUBSTRING_INDEX(CURRENT_USER(), '@', -1), "'") AS grantee) me"#;

/// Triggers that fire on an update, whichever columns it names; without a definition where the credential may not see it.
const FIND_TRIGGERS: &str = r"
SELECT CAST(trigger_name AS CHAR) AS name,
       IF(action_statement IS NULL, NULL,
          CAST(CONCAT_WS('
', action_timing, definer, sql_mode, action_statement) AS CHAR)) AS definition
FROM information_schema.triggers
WHERE event_object_schema = ? AND event_object_table = ? AND COALESCE(event_manipulation, 'UPDATE') LIKE '%UPDATE%'
ORDER BY trigger_name";

/// Foreign keys that follow a change, with the columns they follow. Those of tables the credential has no right on are
/// not shown to it, on any version.
const FIND_CASCADES: &str = r"
SELECT CAST(CONCAT(k.table_name, '.', k.constraint_name) AS CHAR) AS name,
       CAST(GROUP_CONCAT(k.referenced_column_name ORDER BY k.ordinal_position) AS CHAR) AS followed,
       CAST(CONCAT_WS('
', k.table_schema, k.table_name, r.update_rule,
            GROUP_CONCAT(k.column_name, ' ', k.referenced_column_name ORDER BY k.ordinal_position)) AS CHAR) AS definition
FROM information_schema.key_column_usage k
JOIN information_schema.referential_constraints r
  ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
WHERE k.referenced_table_schema = ? AND k.referenced_table_name = ?
  AND r.update_rule IN ('CASCADE', 'SET NULL', 'SET DEFAULT')
GROUP BY k.table_schema, k.table_name, k.constraint_name, r.update_rule
ORDER BY name";

/// What a writing session pins beyond the settings it shares with reads. `wait_timeout` frees the locks of a client that
/// vanished without a word.
const PRELUDE: &str = "
SET SESSION autocommit = 1, SESSION foreign_key_checks = 1, SESSION unique_checks = 1, SESSION sql_notes = 1,
    SESSION wait_timeout = 60, SESSION innodb_lock_wait_timeout = 3, SESSION lock_wait_timeout = 3;
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// One connection of its own.
pub(crate) struct Mysql {
    connection: MySqlConnection,
}

impl Session for Mysql {
    async fn connect(settings: &WriteSettings) -> Result<Self, Fault> {
        let Connect::Url(url) = &settings.connect else {
            return Err(Fault::new(FaultClass::Unreachable, &"a MySQL source needs a URL"));
        };
        let options = dialect::mysql::connect_options(url);
        let options = options.map_err(|error| Fault::new(FaultClass::Unreachable, &error))?;
        // Statements stay prepared until the connection goes: closing one is a packet without an answer, and what follows
        // it would wait 40 ms for the kernel's delayed acknowledgement.
        let connection = options.connect().await.map_err(fault)?;
        let mut session = Self { connection };
        session.pin_settings(settings.statement_timeout_ms).await.map_err(fault)?;
        Ok(session)
    }

    async fn version(&mut self) -> Result<String, Fault> {
        sqlx::query_scalar("SELECT CAST(VERSION() AS CHAR)")
            .fetch_one(&mut self.connection)
            .await
            .map_err(fault)
    }

    async fn receipts_table(&mut self, create: bool) -> Result<Option<ReceiptsTable>, Obstacle> {
        if self.find_table(None, RECEIPTS_TABLE).await?.is_none() {
            if !create {
                return Ok(None);
            }
            let created = self.connection.execute(receipts::receipts_table_ddl(Engine::Mysql)).await;
            created.map_err(|error| match fault(error) {
                Fault { class: FaultClass::Permission } => Obstacle::NoReceiptsTable,
                other => other.into(),
            })?;
        }
        self.check_receipts_table().await?;
        Ok(Some(ReceiptsTable::at(dialect::quoted(Engine::Mysql, RECEIPTS_TABLE))))
    }

    async fn inspect(&mut self, job: &WritebackJob) -> Result<Ground, Obstacle> {
        let sql = "SELECT CAST(@@global.read_only AS CHAR), CAST(@@global.innodb_read_only AS CHAR)";
        let (server, innodb): (String, String) =
            sqlx::query_as(sql).fetch_one(&mut self.connection).await.map_err(fault)?;
        // Asked, because an account with the right to ignore `read_only` would write to a replica.
        if [server, innodb].iter().any(|setting| !matches!(setting.as_str(), "0" | "OFF")) {
            return Err(Fault::new(FaultClass::ReadOnly, &"the server is read-only").into());
        }
        let shape = self.inspect_target(&job.target.schema, &job.target.table).await?;
        Ground::new(&shape, false, job)
    }

    async fn shape(&mut self, site: &Site) -> Result<TableShape, Obstacle> {
        self.inspect_target(&site.schema, &site.table).await
    }

    /// Asked by preparing what needs the right, because `information_schema` does not tell of rights that come from a role.
    async fn may(&mut self, right: &Right) -> Result<bool, Fault> {
        let receipts = ReceiptsTable::at(dialect::quoted(Engine::Mysql, RECEIPTS_TABLE));
        let sql = match (right.privilege, &right.schema, &right.column) {
            (Privilege::Usage, ..) => return Ok(true),
            (Privilege::Create, ..) => receipts::receipts_table_ddl(Engine::Mysql).to_owned(),
            (Privilege::Insert, ..) => receipts.insert(Engine::Mysql),
            (Privilege::Update, Some(schema), Some(column)) => {
                never_run(Engine::Mysql, schema, &right.table, std::slice::from_ref(column)).sql().to_owned()
            }
            (_, Some(schema), Some(column)) => {
                let mut read = dialect::Statement::new(Engine::Mysql, "SELECT ");
                read.name(column).text(" FROM ").table(schema, &right.table);
                read.sql().to_owned()
            }
            _ => receipts.select(Engine::Mysql),
        };
        match self.connection.prepare(AssertSqlSafe(sql).into_sql_str()).await.map_err(fault) {
            Err(Fault { class: FaultClass::Permission }) => Ok(false),
            // What is not there is somebody else's finding.
            Ok(_) | Err(Fault { class: FaultClass::Shape }) => Ok(true),
            Err(other) => Err(other),
        }
    }

    async fn effects(&mut self, site: &Site) -> Result<Vec<Effect>, Obstacle> {
        let seen: i64 = sqlx::query_scalar(SEES_TRIGGERS)
            .bind(&site.schema)
            .bind(&site.schema)
            .bind(&site.table)
            .fetch_one(&mut self.connection)
            .await
            .map_err(fault)?;
        if seen == 0 {
            return Err(Obstacle::Unseen { what: format!("any trigger of `{}`", site.table) });
        }
        let find = sqlx::query_as(FIND_TRIGGERS).bind(&site.schema).bind(&site.table);
        let triggers: Vec<(String, Option<String>)> =
            find.fetch_all(&mut self.connection).await.map_err(fault)?;
        let find = sqlx::query_as(FIND_CASCADES).bind(&site.schema).bind(&site.table);
        let cascades: Vec<(String, String, String)> =
            find.fetch_all(&mut self.connection).await.map_err(fault)?;
        let triggers = triggers.into_iter().map(|(name, definition)| Effect {
            kind: EffectKind::Trigger,
            name,
            definition,
        });
        let cascades = cascades.into_iter().filter(|(_, followed, _)| {
            followed
                .split(',')
                .any(|column| site.written.iter().any(|name| name.eq_ignore_ascii_case(column)))
        });
        let cascades = cascades.map(|(name, _, definition)| Effect {
            kind: EffectKind::Cascade,
            name,
            definition: Some(definition),
        });
        Ok(triggers.chain(cascades).collect())
    }

    async fn begin(&mut self, purpose: Purpose) -> Result<(), Fault> {
        let sql = match purpose {
            Purpose::Rehearse => "START TRANSACTION READ ONLY",
            Purpose::Apply | Purpose::ReadBack => "START TRANSACTION READ WRITE",
        };
        self.connection.execute(sql).await.map_err(fault)?;
        Ok(())
    }

    async fn read_row(&mut self, ground: &Ground, purpose: Purpose) -> Result<Option<Columns>, Fault> {
        let statement = if purpose == Purpose::Apply { &ground.lock_row } else { &ground.read_row };
        let row = dialect::mysql::query(statement).fetch_optional(&mut self.connection).await;
        let decode = |row: MySqlRow| dialect::mysql::columns(&row, &ground.columns);
        row.map_err(fault)?.map(decode).transpose().map_err(|error| Fault::new(FaultClass::Inexact, &error))
    }

    async fn insert_receipt(&mut self, table: &ReceiptsTable, values: &[&str; 5]) -> Result<Inserted, Fault> {
        let mut insert = sqlx::query(AssertSqlSafe(table.insert(Engine::Mysql)));
        for value in values {
            insert = insert.bind(value);
        }
        match insert.execute(&mut self.connection).await {
            Ok(_) => Ok(Inserted::Yes),
            // The statement touches one table with one unique key, so it is this key.
            Err(error) if dialect::mysql::error_number(&error) == Some(DUPLICATE) => Ok(Inserted::Duplicate),
            Err(error) => Err(fault(error)),
        }
    }

    async fn update_row(&mut self, ground: &Ground) -> Result<Changed, Fault> {
        let done = dialect::mysql::query(&ground.update_row).execute(&mut self.connection).await;
        let rows = done.map_err(fault)?.rows_affected();
        // Reading the count does not reset it, and it counts notes too: a rounded decimal is only a note.
        let (warnings,): (i64,) = sqlx::query_as("SELECT CAST(@@warning_count AS SIGNED)")
            .fetch_one(&mut self.connection)
            .await
            .map_err(fault)?;
        Ok(Changed { rows, warnings: warnings.unsigned_abs() })
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
        let select = sqlx::query_as(AssertSqlSafe(table.select(Engine::Mysql))).bind(&job.idempotency_key);
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

impl Mysql {
    async fn pin_settings(&mut self, statement_timeout_ms: u64) -> Result<(), sqlx::Error> {
        // MySQL limits only SELECTs by time; there the client's own limit and the dropped connection must do.
        dialect::mysql::pin_session(&mut self.connection, statement_timeout_ms).await?;
        self.connection.execute(PRELUDE).await?;
        match self.connection.execute("SET SESSION idle_transaction_timeout = 15").await {
            // MySQL knows no such limit; there `wait_timeout` does it, later.
            Err(error) if dialect::mysql::error_number(&error) == Some(UNKNOWN_VARIABLE) => Ok(()),
            done => done.map(drop),
        }
    }

    /// Kind and storage engine of a table; `None` for the schema is the connection's own.
    async fn find_table(
        &mut self,
        schema: Option<&str>,
        table: &str,
    ) -> Result<Option<(String, String)>, Fault> {
        let find = sqlx::query_as(FIND_TABLE).bind(schema).bind(table);
        find.fetch_optional(&mut self.connection).await.map_err(fault)
    }

    async fn check_receipts_table(&mut self) -> Result<(), Obstacle> {
        if let Some((kind, engine)) = self.find_table(None, RECEIPTS_TABLE).await? {
            require_transactional(RECEIPTS_TABLE, &kind, engine)?;
        }
        let found: Vec<(String, i64, i64, String)> =
            sqlx::query_as(RECEIPTS_COLUMNS).fetch_all(&mut self.connection).await.map_err(fault)?;
        let key: Vec<_> = found.iter().filter(|(_, keyed, ..)| *keyed == 1).collect();
        let by_bytes = |compared: &str| compared == "binary" || compared.ends_with("_bin");
        let what = match key.as_slice() {
            [(name, _, _, compared)] if name == "idempotency_key" => {
                (!by_bytes(compared)).then_some("`idempotency_key` is not compared byte by byte")
            }
            _ => Some("its primary key is not `idempotency_key`"),
        };
        let has_room = |(column, wanted): &(&str, i64)| {
            found.iter().any(|(name, _, room, _)| name == column && room >= wanted)
        };
        let narrow = !receipts::COLUMNS.into_iter().zip(receipts::CHARACTERS).all(|wanted| has_room(&wanted));
        match what.or(narrow.then_some("a column is missing or too narrow")) {
            Some(what) => Err(Obstacle::ReceiptsTableShape { what }),
            None => Ok(()),
        }
    }

    async fn inspect_target(&mut self, schema: &str, table: &str) -> Result<TableShape, Obstacle> {
        let missing = || Obstacle::Missing { what: format!("table `{schema}.{table}`") };
        let (kind, engine) = self.find_table(Some(schema), table).await?.ok_or_else(missing)?;
        require_transactional(table, &kind, engine)?;
        let shape = dialect::mysql::shape(&mut self.connection, schema, table).await;
        let shape = shape.map_err(fault)?.ok_or_else(missing)?;
        match shape.kind {
            TableKind::Table => Ok(shape),
            _ => Err(Obstacle::NotWritable { table: table.to_owned(), found: "not a table".into() }),
        }
    }
}

fn require_transactional(table: &str, kind: &str, engine: String) -> Result<(), Obstacle> {
    if kind != "BASE TABLE" {
        return Err(Obstacle::NotWritable { table: table.to_owned(), found: "not a table".into() });
    }
    if !engine.eq_ignore_ascii_case("InnoDB") {
        return Err(Obstacle::NotTransactional { table: table.to_owned(), engine });
    }
    Ok(())
}

/// What the driver said, as a class; its text goes to the log.
pub(crate) fn fault(error: sqlx::Error) -> Fault {
    let class = dialect::mysql::error_number(&error).map_or_else(|| super::class_of(&error), classify::mysql);
    Fault::new(class, &error)
}
