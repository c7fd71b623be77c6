//! Bounded, lazily made connections to one source, and the one way a read runs on them.
//!
//! The two server engines mirror each other file by file; what they share is in [`server`].

mod server;
mod postgres;
mod mysql;
mod sqlite;

use synapsor_protocol::{Columns, Engine};

use crate::catalog::Catalog;
use crate::dialect::Unreadable;
use crate::error::Unreachable;
use crate::plan::Plan;
use crate::settings::{Connect, SourceSettings};
use crate::shape::TableShape;

/// A source's connections.
pub(crate) enum Pool {
    Postgres(postgres::PostgresPool),
    Mysql(Box<mysql::MysqlPool>),
    Sqlite(sqlite::SqlitePool),
    /// No connection will ever be made with these settings.
    Never(Fault),
}

/// What went wrong, before it is said in the words of a source and a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The variable that holds the URL is not set.
    CredentialMissing(String),
    /// No connection could be made.
    Unreachable(Unreachable),
    /// The connection broke; reads are harmless to repeat.
    Lost,
    /// All connections were in use.
    Busy,
    /// The time limit was reached.
    Timeout,
    /// The credential lacks a right.
    Denied,
    /// The statement does not fit the table as it now is.
    Misfit,
    /// Anything else the database said.
    Refused,
    /// The row is over the limit.
    TooLarge,
    /// The rows together are over the limit.
    TooMuch,
    /// A value has no exact form.
    Unreadable(Unreadable),
}

impl From<Unreadable> for Fault {
    fn from(unreadable: Unreadable) -> Self {
        Self::Unreadable(unreadable)
    }
}

impl Pool {
    /// Without I/O.
    pub(crate) fn new(settings: SourceSettings) -> Self {
        let made = match (settings.engine, &settings.connect) {
            (_, Connect::Missing { env }) => return Self::Never(Fault::CredentialMissing(env.clone())),
            (Engine::Postgres, Connect::Url(url)) => {
                postgres::PostgresPool::new(url, &settings).map(Self::Postgres)
            }
            (Engine::Mysql, Connect::Url(url)) => {
                mysql::MysqlPool::new(url, &settings).map(|pool| Self::Mysql(Box::new(pool)))
            }
            (Engine::Sqlite, Connect::File(path)) => {
                Ok(Self::Sqlite(sqlite::SqlitePool::new(path, &settings)))
            }
            (Engine::Postgres | Engine::Mysql, Connect::File(_)) | (Engine::Sqlite, Connect::Url(_)) => {
                Err(Unreachable::UrlInvalid)
            }
        };
        made.unwrap_or_else(|cause| Self::Never(Fault::Unreachable(cause)))
    }

    /// The rows of a plan.
    pub(crate) async fn fetch(&self, plan: &Plan) -> Result<Vec<Columns>, Fault> {
        match self {
            Self::Postgres(pool) => pool.fetch(plan).await,
            Self::Mysql(pool) => pool.fetch(plan).await,
            Self::Sqlite(pool) => pool.fetch(plan).await,
            Self::Never(fault) => Err(fault.clone()),
        }
    }

    /// What the catalog says of a table.
    pub(crate) async fn shape(&self, schema: &str, table: &str) -> Result<Option<TableShape>, Fault> {
        match self {
            Self::Postgres(pool) => pool.shape(schema, table).await,
            Self::Mysql(pool) => pool.shape(schema, table).await,
            Self::Sqlite(pool) => pool.shape(schema, table).await,
            Self::Never(fault) => Err(fault.clone()),
        }
    }

    /// What the catalogs say of every table, or of those in one schema.
    pub(crate) async fn catalog(&self, schema: Option<&str>) -> Result<Catalog, Fault> {
        match self {
            Self::Postgres(pool) => pool.catalog(schema).await,
            Self::Mysql(pool) => pool.catalog(schema).await,
            Self::Sqlite(pool) => pool.catalog(schema).await,
            Self::Never(fault) => Err(fault.clone()),
        }
    }
}
