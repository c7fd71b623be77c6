//! What can be asked of a source, and the row that comes back with its proof.

use std::sync::Arc;

use synapsor_config::TableTarget;
use synapsor_protocol::{Columns, Value};

use crate::shape::TableShape;

/// One row by its key.
#[derive(Debug, Clone)]
pub struct RowQuery {
    /// The source's name.
    pub source: String,
    /// The table and what scopes it.
    pub target: TableTarget,
    /// The columns to read.
    pub columns: Vec<String>,
    /// The key.
    pub key: Value,
}

/// Rows by equality filters, in key order.
#[derive(Debug, Clone)]
pub struct FindQuery {
    /// The source's name.
    pub source: String,
    /// The table and what scopes it.
    pub target: TableTarget,
    /// The columns to read.
    pub columns: Vec<String>,
    /// Columns and the exact values they must have.
    pub filters: Columns,
    /// Most rows to return; the first by key are.
    pub rows_max: u32,
}

/// A row of the trusted tenant.
///
/// Invariant: only this room builds one, after tenant, key and filters were compared outside SQL.
#[derive(Debug, Clone)]
pub struct ScopedRow {
    columns: Columns,
    shape: Arc<TableShape>,
}

impl ScopedRow {
    pub(crate) fn checked(columns: Columns, shape: Arc<TableShape>) -> Self {
        Self { columns, shape }
    }

    /// The columns that were asked for.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The columns that were asked for.
    pub fn into_columns(self) -> Columns {
        self.columns
    }

    /// The table the row is from.
    pub fn shape(&self) -> &TableShape {
        &self.shape
    }
}
