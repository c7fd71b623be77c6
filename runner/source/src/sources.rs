//! The door: sources by name, the shapes of their tables, and the two reads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use synapsor_config::TableTarget;
use synapsor_protocol::{Columns, TrustedContext};

use crate::catalog::Catalog;
use crate::error::Error;
use crate::plan::Request;
use crate::pool::{Fault, Pool};
use crate::query::{FindQuery, RowQuery, ScopedRow};
use crate::settings::SourceSettings;
use crate::shape::TableShape;

/// Most bytes of one row, summed over the columns read.
pub const ROW_BYTES_MAX: usize = 256 * 1024;

/// Most bytes of all rows of one read together: what one call holds in memory, however many rows it may ask for.
pub const READ_BYTES_MAX: usize = 1024 * 1024;

/// Every source of a config. Cheap to clone; connections are made on first use.
#[derive(Clone)]
pub struct Sources {
    by_name: Arc<HashMap<String, Source>>,
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.by_name.keys()).finish()
    }
}

struct Source {
    name: String,
    timeout_ms: u64,
    pool: Pool,
    /// Tables already looked up, by schema and name. Looked up again when a read does not fit.
    shapes: Mutex<HashMap<(String, String), Arc<TableShape>>>,
}

impl Sources {
    /// Sources with these settings. No I/O: a database that is down is found out by the first read.
    pub fn new(settings: impl IntoIterator<Item = SourceSettings>) -> Self {
        let by_name =
            settings.into_iter().map(|settings| (settings.name.clone(), Source::new(settings))).collect();
        Self { by_name: Arc::new(by_name) }
    }

    /// The one row of the trusted tenant that has this key.
    ///
    /// # Errors
    /// See [`Error`]. Another tenant's row is [`Error::RowNotFound`], just as no row is.
    pub async fn read_one(&self, query: &RowQuery, context: &TrustedContext) -> Result<ScopedRow, Error> {
        let request = Request::one(query, context);
        let mut rows = self.source(&query.source)?.read(&request).await?.into_iter();
        let (table, key_column) = (request.table_name(), query.target.primary_key.clone());
        match (rows.next(), rows.next()) {
            (Some(row), None) => Ok(row),
            (None, _) => Err(Error::RowNotFound { table, key_column }),
            (Some(_), Some(_)) => Err(Error::RowNotUnique { table, key_column }),
        }
    }

    /// The trusted tenant's rows that have exactly these values, the first `rows_max` by key.
    ///
    /// # Errors
    /// See [`Error`]. No row is not an error.
    pub async fn find(&self, query: &FindQuery, context: &TrustedContext) -> Result<Vec<ScopedRow>, Error> {
        self.source(&query.source)?.read(&Request::some(query, context)).await
    }

    /// Every table and view the source's catalogs show, or those of one schema. No row is read.
    ///
    /// # Errors
    /// See [`Error`]. A schema that is not there has no tables.
    pub async fn catalog(&self, source: &str, schema: Option<&str>) -> Result<Catalog, Error> {
        let source = self.source(source)?;
        source.pool.catalog(schema).await.map_err(|fault| source.unreadable(fault))
    }

    /// What a table looks like now, as the source's catalogs say; none where they show no such table. No row is read.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn shape(&self, source: &str, target: &TableTarget) -> Result<Option<TableShape>, Error> {
        let source = self.source(source)?;
        source.pool.shape(&target.schema, &target.table).await.map_err(|fault| source.unreadable(fault))
    }

    fn source(&self, name: &str) -> Result<&Source, Error> {
        self.by_name.get(name).ok_or_else(|| Error::SourceNotFound { source_name: name.to_owned() })
    }
}

impl Source {
    fn new(settings: SourceSettings) -> Self {
        Self {
            name: settings.name.clone(),
            timeout_ms: settings.statement_timeout_ms,
            pool: Pool::new(settings),
            shapes: Mutex::default(),
        }
    }

    /// Reads with the shape already known; if that fails in a way an altered table would explain, looks again, once.
    async fn read(&self, request: &Request) -> Result<Vec<ScopedRow>, Error> {
        let known = self.known_shape(request);
        if let Some(shape) = &known {
            match self.read_with(request, shape).await {
                Err(Stumble::Misfit(_)) => {}
                Err(Stumble::Final(error)) => return Err(error),
                Ok(rows) => return Ok(rows),
            }
        }
        let shape = self.fetch_shape(request).await?;
        self.read_with(request, &shape).await.map_err(|stumble| match stumble {
            Stumble::Misfit(error) | Stumble::Final(error) => error,
        })
    }

    async fn read_with(&self, request: &Request, shape: &Arc<TableShape>) -> Result<Vec<ScopedRow>, Stumble> {
        let plan = match request.plan(shape) {
            Ok(Some(plan)) => plan,
            Ok(None) => return Ok(Vec::new()),
            Err(error) => return Err(Stumble::Misfit(error)),
        };
        let rows = self.pool.fetch(&plan).await.map_err(|fault| {
            let error = |fault| self.error(request, fault);
            match fault {
                Fault::Misfit | Fault::Unreadable(_) => Stumble::Misfit(error(fault)),
                fault => Stumble::Final(error(fault)),
            }
        })?;
        if rows.iter().any(|row| row_bytes(row) > ROW_BYTES_MAX) {
            return Err(Stumble::Final(self.error(request, Fault::TooLarge)));
        }
        Ok(plan.scoped(rows))
    }

    fn known_shape(&self, request: &Request) -> Option<Arc<TableShape>> {
        let shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        shapes.get(&(request.schema().to_owned(), request.table().to_owned())).cloned()
    }

    async fn fetch_shape(&self, request: &Request) -> Result<Arc<TableShape>, Error> {
        let shape = self.pool.shape(request.schema(), request.table()).await;
        let shape = shape.map_err(|fault| self.error(request, fault))?;
        let Some(shape) = shape else {
            return Err(Error::TableMissing { source_name: self.name.clone(), table: request.table_name() });
        };
        let shape = Arc::new(shape);
        let key = (request.schema().to_owned(), request.table().to_owned());
        self.shapes.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&shape));
        Ok(shape)
    }

    /// What went wrong before anything was read of any table; of a table, that its catalogs could not be read.
    fn unreadable(&self, fault: Fault) -> Error {
        let source_name = self.name.clone();
        match fault {
            Fault::CredentialMissing(env) => Error::CredentialMissing { source_name, env },
            Fault::Unreachable(cause) => Error::Unavailable { source_name, cause },
            Fault::Lost => Error::Unavailable { source_name, cause: crate::Unreachable::Other },
            Fault::Busy => Error::Busy { source_name },
            Fault::Timeout => Error::Timeout { source_name, timeout_ms: self.timeout_ms },
            Fault::Denied
            | Fault::Misfit
            | Fault::Refused
            | Fault::TooLarge
            | Fault::TooMuch
            | Fault::Unreadable(_) => Error::CatalogUnreadable { source_name },
        }
    }

    fn error(&self, request: &Request, fault: Fault) -> Error {
        let (source_name, table) = (self.name.clone(), request.table_name());
        match fault {
            Fault::Denied => Error::Denied { source_name, table },
            Fault::Misfit | Fault::Refused => Error::ReadFailed { source_name, table },
            Fault::TooLarge => Error::RowTooLarge { table, bytes_max: ROW_BYTES_MAX },
            Fault::TooMuch => Error::RowsTooLarge { table, bytes_max: READ_BYTES_MAX },
            Fault::Unreadable(unreadable) => Error::TypeUnsupported {
                table,
                column: unreadable.column,
                type_name: unreadable.type_name,
                what: "value in this row",
            },
            fault => self.unreadable(fault),
        }
    }
}

/// Why a read with a known shape gave nothing.
enum Stumble {
    /// The table may have another shape by now.
    Misfit(Error),
    /// The shape has nothing to do with it.
    Final(Error),
}

pub(crate) fn row_bytes(row: &Columns) -> usize {
    row.values().map(synapsor_protocol::Value::size_bytes).sum()
}
