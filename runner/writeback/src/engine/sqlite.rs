//! The steps on an SQLite file.
//!
//! Facts of the engine: `BEGIN IMMEDIATE` takes the one write lock at once and waits for it, where a deferred
//! transaction that upgrades fails without waiting (`SQLITE_BUSY_SNAPSHOT`). An error such as a full disk may already have
//! rolled the transaction back, after which statements would commit by themselves: so S6 asks whether the transaction is
//! still there. Journal mode is the connection's own here (`DELETE`, or `WAL` where the file says so), never `OFF`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::hooks::{AuthContext, Authorization};
use rusqlite::{Connection, InterruptHandle, OptionalExtension as _, params_from_iter};
use synapsor_config::EffectKind;
use synapsor_protocol::{Columns, Engine, WritebackJob};
use synapsor_source::dialect::sqlite::Access;
use synapsor_source::{Connect, TableKind, TableShape, dialect};

use super::{Changed, Inserted, LOCK_WAIT_MS, Purpose, Session};
use crate::classify::{self, FaultClass};
use crate::desk::WriteSettings;
use crate::effects::{Effect, Site};
use crate::error::{Fault, Obstacle};
use crate::receipts::{self, RECEIPTS_TABLE, ReceiptsTable, SourceReceipt};
use crate::rights::Right;
use crate::statement::{Ground, never_run};

/// One connection of its own. SQLite blocks, so each step runs on a thread for blocking work.
pub(crate) struct Sqlite {
    /// `None` while a step runs, and for good after one panicked.
    connection: Option<Connection>,
    interrupt: Arc<InterruptHandle>,
}

impl Session for Sqlite {
    async fn connect(settings: &WriteSettings) -> Result<Self, Fault> {
        let Connect::File(path) = &settings.connect else {
            return Err(Fault::new(FaultClass::Unreachable, &"an SQLite source needs a file"));
        };
        let path = path.clone();
        let connection = blocking(move || open(&path)).await?;
        Ok(Self { interrupt: Arc::new(connection.get_interrupt_handle()), connection: Some(connection) })
    }

    async fn version(&mut self) -> Result<String, Fault> {
        Ok(rusqlite::version().to_owned())
    }

    async fn receipts_table(&mut self, create: bool) -> Result<Option<ReceiptsTable>, Obstacle> {
        self.on(move |connection| {
            let found = connection.table_exists(Some("main"), RECEIPTS_TABLE).map_err(fault)?;
            if !found && !create {
                return Ok(None);
            }
            if !found {
                connection.execute_batch(receipts::receipts_table_ddl(Engine::Sqlite)).map_err(fault)?;
            }
            check_receipts_table(connection)?;
            Ok(Some(ReceiptsTable::at(dialect::qualified(Engine::Sqlite, "main", RECEIPTS_TABLE))))
        })
        .await
    }

    async fn inspect(&mut self, job: &WritebackJob) -> Result<Ground, Obstacle> {
        let (schema, table) = (job.target.schema.clone(), job.target.table.clone());
        let shape = self.on(move |connection| shape_of(connection, &schema, &table)).await?;
        Ground::new(&shape, false, job)
    }

    async fn shape(&mut self, site: &Site) -> Result<TableShape, Obstacle> {
        let (schema, table) = (site.schema.clone(), site.table.clone());
        self.on(move |connection| shape_of(connection, &schema, &table)).await
    }

    /// A file has no roles: whoever may write it may write every table.
    async fn may(&mut self, _right: &Right) -> Result<bool, Fault> {
        Ok(true)
    }

    async fn effects(&mut self, site: &Site) -> Result<Vec<Effect>, Obstacle> {
        let site = site.clone();
        self.on(move |connection| {
            let mut effects = triggers_of(connection, &site)?;
            effects.extend(cascades_of(connection, &site)?);
            Ok(effects)
        })
        .await
    }

    async fn begin(&mut self, purpose: Purpose) -> Result<(), Fault> {
        let sql = match purpose {
            Purpose::Rehearse => "PRAGMA query_only = ON; BEGIN DEFERRED",
            Purpose::Apply | Purpose::ReadBack => "BEGIN IMMEDIATE",
        };
        self.on(move |connection| connection.execute_batch(sql).map_err(fault)).await
    }

    async fn read_row(&mut self, ground: &Ground, _purpose: Purpose) -> Result<Option<Columns>, Fault> {
        let (statement, columns) = (ground.read_row.clone(), ground.columns.clone());
        self.on(move |connection| {
            let mut prepared = connection.prepare(statement.sql()).map_err(fault)?;
            let mut rows =
                prepared.query(params_from_iter(dialect::sqlite::parameters(&statement))).map_err(fault)?;
            let Some(row) = rows.next().map_err(fault)? else { return Ok(None) };
            let read = dialect::sqlite::columns(row, &columns);
            read.map(Some).map_err(|error| Fault::new(FaultClass::Inexact, &error))
        })
        .await
    }

    async fn insert_receipt(&mut self, table: &ReceiptsTable, values: &[&str; 5]) -> Result<Inserted, Fault> {
        let sql = table.insert(Engine::Sqlite);
        let values = values.map(str::to_owned);
        let rows = self.on(move |connection| connection.execute(&sql, values).map_err(fault)).await?;
        Ok(if rows == 1 { Inserted::Yes } else { Inserted::Duplicate })
    }

    async fn update_row(&mut self, ground: &Ground) -> Result<Changed, Fault> {
        let statement = ground.update_row.clone();
        let rows = self
            .on(move |connection| {
                let parameters = params_from_iter(dialect::sqlite::parameters(&statement));
                connection.execute(statement.sql(), parameters).map_err(fault)
            })
            .await?;
        Ok(Changed { rows: u64::try_from(rows).unwrap_or(u64::MAX), warnings: 0 })
    }

    async fn check_alive(&mut self) -> Result<(), Fault> {
        self.on(|connection| {
            if connection.is_autocommit() {
                return Err(Fault::new(FaultClass::Broken, &"the transaction ended before COMMIT"));
            }
            Ok(())
        })
        .await
    }

    async fn commit(&mut self) -> Result<(), Fault> {
        self.on(|connection| connection.execute_batch("COMMIT").map_err(fault)).await
    }

    async fn read_receipt(
        &mut self,
        table: &ReceiptsTable,
        job: &WritebackJob,
    ) -> Result<Option<SourceReceipt>, Fault> {
        let (sql, key) = (table.select(Engine::Sqlite), job.idempotency_key.clone());
        self.on(move |connection| {
            let receipt = connection.query_row(&sql, [key], |row| {
                Ok(SourceReceipt::from((row.get(0)?, row.get(1)?, row.get(2)?)))
            });
            receipt.optional().map_err(fault)
        })
        .await
    }

    async fn abandon(mut self) {
        let rolled_back = self.on(|connection| {
            if connection.is_autocommit() {
                Ok(())
            } else {
                connection.execute_batch("ROLLBACK").map_err(fault)
            }
        });
        // Closing the connection rolls back in any case.
        let _: Result<(), Fault> = rolled_back.await;
    }
}

/// A step that was given up on must not hold the write lock until it ends by itself.
impl Drop for Sqlite {
    fn drop(&mut self) {
        self.interrupt.interrupt();
    }
}

impl Sqlite {
    async fn on<T, E>(
        &mut self,
        step: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let Some(connection) = self.connection.take() else {
            return Err(
                Fault::new(FaultClass::Broken, &"an earlier step did not give the connection back").into()
            );
        };
        let (connection, ended) = blocking(move || {
            let ended = step(&connection);
            Ok::<_, Fault>((connection, ended))
        })
        .await?;
        self.connection = Some(connection);
        ended
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(ended) => ended,
        Err(error) => Err(Fault::new(FaultClass::Broken, &error)),
    }
}

/// Opens an existing file for writing.
fn open(path: &Path) -> Result<Connection, Fault> {
    let connection = dialect::sqlite::open(path, Access::Write, Duration::from_millis(LOCK_WAIT_MS));
    let connection = connection.map_err(|error| Fault::new(FaultClass::Unreachable, &error))?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(fault)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(fault)?;
    Ok(connection)
}

fn shape_of(connection: &Connection, schema: &str, table: &str) -> Result<TableShape, Obstacle> {
    let shape = dialect::sqlite::shape(connection, schema, table).map_err(fault)?;
    let missing = || Obstacle::Missing { what: format!("table `{table}`") };
    let shape = shape.ok_or_else(missing)?;
    match shape.kind {
        TableKind::Table => Ok(shape),
        _ => {
            Err(Obstacle::NotWritable { table: table.to_owned(), found: "a view or a virtual table".into() })
        }
    }
}

/// The triggers an update of these columns would set in motion, as SQLite itself says when it prepares one: also those
/// of other tables that the first ones, or a foreign key, would set in motion in turn.
fn triggers_of(connection: &Connection, site: &Site) -> Result<Vec<Effect>, Obstacle> {
    let columns = columns_of(connection, site).map_err(fault)?;
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let names = Arc::new(Mutex::new(BTreeSet::new()));
    let heard = Arc::clone(&names);
    let listen = move |context: AuthContext<'_>| {
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.extend(context.accessor.map(str::to_owned));
        Authorization::Allow
    };
    connection.authorizer(Some(listen)).map_err(fault)?;
    let prepared =
        connection.prepare(never_run(Engine::Sqlite, &site.schema, &site.table, &columns).sql()).map(drop);
    connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>).map_err(fault)?;
    prepared.map_err(fault)?;

    let names = std::mem::take(&mut *names.lock().unwrap_or_else(PoisonError::into_inner));
    let mut find = connection
        .prepare("SELECT sql FROM main.sqlite_schema WHERE type = 'trigger' AND name = ?1")
        .map_err(fault)?;
    let mut effects = Vec::new();
    for name in names {
        // A view that a trigger reads is named here too, and is no trigger.
        let definition: Option<String> =
            find.query_row([&name], |row| row.get(0)).optional().map_err(fault)?;
        let effect = |definition| Effect { kind: EffectKind::Trigger, name, definition: Some(definition) };
        effects.extend(definition.map(effect));
    }
    Ok(effects)
}

/// Those of the written columns that the table has.
fn columns_of(connection: &Connection, site: &Site) -> rusqlite::Result<Vec<String>> {
    let mut names = connection.prepare("SELECT name FROM pragma_table_xinfo(?1, ?2) WHERE hidden = 0")?;
    let names = names.query_map([&site.table, &site.schema], |row| row.get::<_, String>(0))?;
    let is_written = |name: &String| site.written.iter().any(|written| written.eq_ignore_ascii_case(name));
    names.filter(|name| name.as_ref().is_ok_and(is_written)).collect()
}

/// Foreign keys that follow one of the columns. They have no names, so the child's columns stand in for one.
fn cascades_of(connection: &Connection, site: &Site) -> Result<Vec<Effect>, Obstacle> {
    const FIND: &str = "
        SELECT child.name, key.id, key.\"from\", coalesce(key.\"to\", ''), key.on_update
        FROM main.sqlite_schema child JOIN pragma_foreign_key_list(child.name) key
        WHERE child.type = 'table' AND key.\"table\" = ?1 COLLATE NOCASE
          AND key.on_update IN ('CASCADE', 'SET NULL', 'SET DEFAULT')
        ORDER BY child.name, key.id, key.seq";
    let mut find = connection.prepare(FIND).map_err(fault)?;
    let found = find.query_map([&site.table], |row| {
        let link = Link { from: row.get(2)?, to: row.get(3)?, rule: row.get(4)? };
        Ok(((row.get(0)?, row.get(1)?), link))
    });
    let found: Vec<((String, i64), Link)> = found.and_then(Iterator::collect).map_err(fault)?;
    let mut keys: BTreeMap<(String, i64), Vec<Link>> = BTreeMap::new();
    for (key, link) in found {
        keys.entry(key).or_default().push(link);
    }
    let follows = |link: &Link| site.written.iter().any(|name| name.eq_ignore_ascii_case(&link.to));
    let followed = keys.into_iter().filter(|(_, links)| links.iter().any(follows));
    Ok(followed.map(|((child, _), links)| cascade(&child, &links)).collect())
}

/// One column of a foreign key, and what becomes of it.
struct Link {
    from: String,
    to: String,
    rule: String,
}

fn cascade(child: &str, links: &[Link]) -> Effect {
    let from: Vec<&str> = links.iter().map(|link| link.from.as_str()).collect();
    let lines = links.iter().map(|Link { from, to, rule }| format!("{child}.{from} {to} {rule}"));
    Effect {
        kind: EffectKind::Cascade,
        name: format!("{child}.{}", from.join(",")),
        definition: Some(lines.collect::<Vec<_>>().join("\n")),
    }
}

fn check_receipts_table(connection: &Connection) -> Result<(), Obstacle> {
    let sql = format!("SELECT name, pk FROM pragma_table_info('{RECEIPTS_TABLE}')");
    let mut prepared = connection.prepare(&sql).map_err(fault)?;
    let found = prepared.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)));
    let found: Vec<(String, i64)> = found.and_then(Iterator::collect).map_err(fault)?;
    let key: Vec<&str> = found.iter().filter(|(_, pk)| *pk > 0).map(|(name, _)| name.as_str()).collect();
    if key != ["idempotency_key"] {
        return Err(Obstacle::ReceiptsTableShape { what: "its primary key is not `idempotency_key`" });
    }
    if receipts::COLUMNS.iter().any(|column| !found.iter().any(|(name, _)| name == column)) {
        return Err(Obstacle::ReceiptsTableShape { what: "a column is missing" });
    }
    let by_bytes =
        connection.column_metadata(None, RECEIPTS_TABLE, "idempotency_key").map(|(_, collation, ..)| {
            collation.is_none_or(|name| name.to_bytes().eq_ignore_ascii_case(b"BINARY"))
        });
    if !by_bytes.map_err(fault)? {
        return Err(Obstacle::ReceiptsTableShape { what: "`idempotency_key` is not compared byte by byte" });
    }
    Ok(())
}

/// What the driver said, as a class; its text goes to the log.
pub(crate) fn fault(error: rusqlite::Error) -> Fault {
    let class = match &error {
        rusqlite::Error::SqliteFailure(failure, _) => classify::sqlite(failure.extended_code),
        _ => FaultClass::Broken,
    };
    Fault::new(class, &error)
}
