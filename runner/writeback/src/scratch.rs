//! A scratch: a schema, a database or a file of its own beside an application's tables, in which applies can be tried.
//!
//! Invariant: every statement here names what this made and nothing else. The name is drawn, and what has it already is refused.
//! Invariant: whoever made one takes it down; where that fails, it is said what is left and how to remove it.

mod hand;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use synapsor_protocol::{Code, Engine, Refusal};
use synapsor_source::{Connect, Unreachable, dialect};

use crate::classify::FaultClass;
use crate::desk::WriteSettings;
use crate::error::Fault;
use crate::receipts::{RECEIPTS_TABLE, receipts_table_ddl};
use hand::Hand;

/// How the name of every scratch begins.
pub const SCRATCH_PREFIX: &str = "synapsor_smoke_";

/// Characters of the drawn part of its name.
const DRAWN: usize = 16;

/// The one table of it, beside the receipts.
const ORDERS: &str = "orders";

/// What making one, working in it and taking it down needs on MySQL, where nobody owns a database.
const MYSQL_RIGHTS: &str = "CREATE, DROP, SELECT, INSERT, UPDATE, TRIGGER";

/// Its rows. The ids say what they are for.
const ROWS: &str = "VALUES ('ORD-1', 'acme', 'open', 1200, 1), ('ORD-2', 'acme', 'open', 1200, 1), \
     ('ORD-3', 'acme', 'open', 1200, 1), ('ORD-4', 'acme', 'open', 1200, 1), ('ORD-9', 'otherco', 'open', 1200, 1)";

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Whose it is.
    pub tenant_id: String,
    /// What a proposal may change.
    pub status: String,
    /// What it may not.
    pub total_cents: i64,
    /// The version column.
    pub version: i64,
}

/// A scratch that was made, and is there until it is taken down.
#[derive(Debug)]
pub struct Scratch {
    /// Beside what.
    beside: WriteSettings,
    /// The same credential, led into it.
    within: WriteSettings,
    name: String,
}

impl Scratch {
    /// Makes one, with its rows and its receipts table. `drawn` is randomness for its name.
    ///
    /// # Errors
    /// When the database cannot be reached, or the credential may not make one: then with the statement that allows it.
    /// Nothing is left, or the hint says how to remove it.
    pub async fn make(beside: WriteSettings, drawn: &str) -> Result<Self, Refusal> {
        let name = format!("{SCRATCH_PREFIX}{}", drawn.chars().take(DRAWN).collect::<String>());
        let within = WriteSettings { connect: led_into(&beside, &name)?, ..beside.clone() };
        let this = Self { beside, within, name };
        let mut hand = Hand::open(&this.beside).await.map_err(|fault| this.refusal(fault))?;
        if let Err(fault) = this.make_place(&mut hand).await {
            return Err(this.not_made(&mut hand, fault).await);
        }
        match this.furnish().await {
            Ok(()) => Ok(this),
            Err(refusal) => Err(match this.take_down().await {
                Ok(()) => refusal,
                Err(left) => refusal.hint(left.hint.unwrap_or_default()),
            }),
        }
    }

    /// How it is written to, as the source of that name.
    pub fn settings(&self, source: &str) -> WriteSettings {
        WriteSettings { name: source.to_owned(), ..self.within.clone() }
    }

    /// What it is called: its schema, its database, or its file without `.db`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The schema a config names for its tables.
    pub fn schema(&self) -> &str {
        if self.within.engine == Engine::Sqlite { "main" } else { &self.name }
    }

    /// The table's rows as they stand now, by id.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn orders(&self) -> Result<BTreeMap<String, Order>, Refusal> {
        let sql = format!("SELECT id, tenant_id, status, total_cents, version FROM {}", self.table(ORDERS));
        let rows = async { Hand::open(&self.within).await?.orders(&sql).await };
        rows.await.map_err(|fault| self.refusal(fault))
    }

    /// How many receipts the runner left.
    ///
    /// # Errors
    /// When they cannot be counted.
    pub async fn receipts(&self) -> Result<i64, Refusal> {
        let sql = format!("SELECT count(*) FROM {}", self.table(RECEIPTS_TABLE));
        let counted = async { Hand::open(&self.within).await?.count(&sql).await };
        counted.await.map_err(|fault| self.refusal(fault))
    }

    /// Changes an order as the application would, beside the runner.
    ///
    /// # Errors
    /// When it cannot be changed.
    pub async fn somebody_changes(&self, order: &'static str) -> Result<(), Refusal> {
        let table = self.table(ORDERS);
        let sql = format!("UPDATE {table} SET status = 'held', version = version + 1 WHERE id = '{order}'");
        let changed = async { Hand::open(&self.within).await?.run(&sql).await };
        changed.await.map_err(|fault| self.refusal(fault))
    }

    /// Takes it down: what it made, by name.
    ///
    /// # Errors
    /// When something is left; the hint says how to remove it.
    pub async fn take_down(&self) -> Result<(), Refusal> {
        let left = |fault| {
            let refusal = self.refusal(fault);
            let message = format!("the scratch `{}` could not be taken down: {}", self.name, refusal.message);
            Refusal::new(refusal.code, message).hint(format!("remove what is left: `{}`", self.removal()))
        };
        let down = async {
            if let Connect::File(file) = &self.within.connect {
                return remove(file);
            }
            let mut hand = Hand::open(&self.beside).await?;
            for table in [ORDERS, RECEIPTS_TABLE] {
                hand.run(&format!("DROP TABLE IF EXISTS {}", self.table(table))).await?;
            }
            hand.run(&format!("DROP {} {}", self.kind(), self.quoted())).await
        };
        down.await.map_err(left)
    }

    /// A place that nobody else has: one that is there is an error of the database's own.
    async fn make_place(&self, hand: &mut Hand) -> Result<(), Fault> {
        match &self.within.connect {
            Connect::File(file) => create(file),
            _ => hand.run(&format!("CREATE {} {}", self.kind(), self.quoted())).await,
        }
    }

    /// The tables, once it is sure that what names no schema lands in this one. A pooler may drop what a URL asks for.
    async fn furnish(&self) -> Result<(), Refusal> {
        let lost = |fault| self.refusal(fault);
        let mut hand = Hand::open(&self.within).await.map_err(lost)?;
        let found = hand.default_place().await.map_err(lost)?;
        if found != self.schema() {
            let message = format!("a connection that asks for `{}` is led into `{found}`", self.name);
            return Err(Refusal::new(Code::SourceShapeMismatch, message).hint(
                "name the server itself, not a pooler that passes over the `options` of a connection",
            ));
        }
        let engine = self.within.engine;
        let (text, options) = match engine {
            Engine::Mysql => ("varchar(64)", " ENGINE=InnoDB CHARACTER SET utf8mb4"),
            Engine::Postgres | Engine::Sqlite => ("text", ""),
        };
        let orders = self.table(ORDERS);
        let table = format!(
            "CREATE TABLE {orders} (id {text} NOT NULL PRIMARY KEY, tenant_id {text} NOT NULL, \
             status {text} NOT NULL, total_cents bigint NOT NULL, version bigint NOT NULL){options}"
        );
        for sql in [&table, &format!("INSERT INTO {orders} {ROWS}"), receipts_table_ddl(engine)] {
            hand.run(sql).await.map_err(lost)?;
        }
        Ok(())
    }

    /// Why none was made. Where a right lacks, the statement that gives it.
    async fn not_made(&self, hand: &mut Hand, fault: Fault) -> Refusal {
        let refusal = self.refusal(fault);
        match fault.class {
            FaultClass::Permission => {}
            // The answer may be what was lost.
            FaultClass::Unreachable | FaultClass::Transient => {
                return refusal.hint(format!("if it was made all the same, `{}` removes it", self.removal()));
            }
            _ => return refusal,
        }
        let engine = self.within.engine;
        let Ok((database, role)) = hand.who_and_where().await else { return refusal };
        let statement = match engine {
            Engine::Sqlite => {
                return refusal.hint("a scratch is a file beside the named one: its folder must be writable");
            }
            Engine::Postgres => {
                let [database, role] = [database, role].map(|name| dialect::quoted(engine, &name));
                format!("GRANT CREATE ON DATABASE {database} TO {role};")
            }
            Engine::Mysql => {
                // An underscore in the name of a database stands for any character, unless it is escaped.
                let pattern = format!("`{}%`", SCRATCH_PREFIX.replace('_', "\\_"));
                let (user, host) = role.rsplit_once('@').unwrap_or((&role, "%"));
                let [user, host] = [user, host].map(|part| format!("'{}'", part.replace('\'', "''")));
                format!("GRANT {MYSQL_RIGHTS} ON {pattern}.* TO {user}@{host};")
            }
        };
        let kind = self.kind().to_lowercase();
        refusal.hint(format!(
            "an administrator may run {statement} the {kind} is made empty and taken down again"
        ))
    }

    fn refusal(&self, fault: Fault) -> Refusal {
        Refusal::new(fault.class.code(), format!("`{}`: {fault}", self.beside.name))
    }

    fn kind(&self) -> &'static str {
        if self.within.engine == Engine::Mysql { "DATABASE" } else { "SCHEMA" }
    }

    fn quoted(&self) -> String {
        dialect::quoted(self.within.engine, &self.name)
    }

    fn table(&self, name: &str) -> String {
        dialect::qualified(self.within.engine, self.schema(), name)
    }

    /// How a person removes it.
    fn removal(&self) -> String {
        match (&self.within.connect, self.within.engine) {
            (Connect::File(file), _) => format!("rm {}", file.display()),
            (_, Engine::Postgres) => format!("DROP SCHEMA {} CASCADE;", self.name),
            _ => format!("DROP DATABASE {};", self.name),
        }
    }
}

/// The same place, one step further in.
fn led_into(beside: &WriteSettings, name: &str) -> Result<Connect, Refusal> {
    let unusable =
        |error: Unreachable| Refusal::new(Code::DatabaseUnavailable, format!("`{}`: {error}", beside.name));
    match (&beside.connect, beside.engine) {
        (Connect::File(file), _) => Ok(Connect::File(file.with_file_name(format!("{name}.db")))),
        (Connect::Url(url), Engine::Mysql) => {
            dialect::mysql::within_database(url, name).map(Connect::Url).map_err(unusable)
        }
        (Connect::Url(url), _) => {
            dialect::postgres::within_schema(url, name).map(Connect::Url).map_err(unusable)
        }
        (Connect::Missing { env }, _) => {
            Err(Refusal::new(Code::SourceCredentialMissing, format!("`{env}` is not set")))
        }
    }
}

/// An empty file is an empty database.
fn create(file: &Path) -> Result<(), Fault> {
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .map(drop)
        .map_err(|error| file_fault(&error))
}

/// The file, and what SQLite keeps beside it after a crash.
fn remove(file: &Path) -> Result<(), Fault> {
    std::fs::remove_file(file).map_err(|error| file_fault(&error))?;
    for ending in ["-journal", "-wal", "-shm"] {
        let mut beside = file.as_os_str().to_owned();
        beside.push(ending);
        match std::fs::remove_file(PathBuf::from(beside)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(file_fault(&error)),
            _ => {}
        }
    }
    Ok(())
}

fn file_fault(error: &std::io::Error) -> Fault {
    let class = match error.kind() {
        std::io::ErrorKind::PermissionDenied => FaultClass::Permission,
        std::io::ErrorKind::ReadOnlyFilesystem => FaultClass::ReadOnly,
        _ => FaultClass::Broken,
    };
    Fault::new(class, error)
}
