//! Everything a database's own catalogs say of its tables: columns, keys, constraints, indexes, row-level security, triggers.
//!
//! Invariant: what was not shown to the credential is not told as absent: it is `None`.
//! Absent on purpose: rows. Nothing here needs a right beyond SELECT.

use serde::Serialize;
use synapsor_protocol::{Engine, Moment};

use crate::shape::{ColumnKind, ColumnShape, TableKind};

/// Most tables and views of one catalog.
pub const TABLES_MAX: usize = 5_000;

/// What a source holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    /// Its engine.
    pub engine: Engine,
    /// The server's version as it says it, or SQLite's own.
    pub server_version: String,
    /// Who the credential is to the server; a file has no users.
    pub user: Option<String>,
    /// What the server's clock says; a file has none.
    pub clock: Option<Moment>,
    /// How strict a MySQL server is with programs that do not say themselves; other engines are always strict.
    pub sql_mode: Option<String>,
    /// Tables and views by schema and name. A partition is not listed beside its table.
    pub tables: Vec<CatalogTable>,
    /// Whether there were more than [`TABLES_MAX`].
    pub is_cut: bool,
}

/// A table or view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CatalogTable {
    /// Schema (Postgres), database (MySQL), or `main` (SQLite).
    pub schema: String,
    /// Its name, as it is written.
    pub name: String,
    /// What kind of relation it is.
    pub kind: TableKind,
    /// Whether the credential may read any of it.
    pub readable: bool,
    /// Columns in the table's order.
    #[serde(skip)]
    pub columns: Vec<CatalogColumn>,
    /// The primary key's columns in its order; empty where there is none.
    pub primary_key: Vec<String>,
    /// Column sets that the database keeps unique, the primary key not among them.
    pub unique: Vec<Vec<String>>,
    /// References to other tables.
    pub foreign_keys: Vec<ForeignKey>,
    /// Conditions every row meets, and exclusions.
    pub checks: Vec<Check>,
    /// Indexes.
    pub indexes: Vec<Index>,
    /// Row-level security, where it is switched on.
    pub row_security: Option<RowSecurity>,
    /// Triggers and rewrite rules; `None` where the credential is not shown any.
    pub triggers: Option<Vec<Trigger>>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CatalogColumn {
    /// Its name, as it is written.
    pub name: String,
    /// Its type as the database says it; a Postgres domain shows its base type.
    pub type_name: String,
    /// Its type as this runner sees it.
    #[serde(skip)]
    pub kind: ColumnKind,
    /// Whether it takes NULL.
    pub nullable: bool,
    /// Whether the database computes it, so that nobody can set it.
    pub generated: bool,
    /// What a row gets that does not say, in the database's words.
    pub default: Option<String>,
    /// Whether the credential may read it.
    #[serde(skip)]
    pub readable: bool,
    /// The collation its texts are compared by, where it names one.
    #[serde(skip)]
    pub collation: Option<String>,
    /// Whether that takes different texts for equal: small and capital letters, letters with and without accents.
    #[serde(skip)]
    pub folds: bool,
    /// Whether the database sets it anew at every change, as MySQL's `ON UPDATE CURRENT_TIMESTAMP` does.
    pub moves: bool,
}

impl CatalogColumn {
    pub(crate) fn new(shape: ColumnShape, default: Option<String>) -> Self {
        let ColumnShape { name, type_name, kind, nullable, generated } = shape;
        Self {
            name,
            type_name,
            kind,
            nullable,
            generated,
            default,
            readable: true,
            collation: None,
            folds: false,
            moves: false,
        }
    }
}

/// A reference to another table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForeignKey {
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The schema they refer to.
    pub to_schema: String,
    /// The table.
    pub to_table: String,
    /// Its columns; empty where it is the primary key that is meant.
    pub to_columns: Vec<String>,
    /// What follows when the other row is deleted; `None` where the credential is not shown it.
    pub on_delete: Option<String>,
    /// What follows when the other row's key changes; likewise.
    pub on_update: Option<String>,
}

/// A condition every row meets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name; SQLite knows none for most.
    pub name: Option<String>,
    /// The condition in the database's words.
    pub definition: String,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Columns in order; an expression in the database's words, or `(expression)`.
    pub columns: Vec<String>,
    /// Whether it keeps its columns unique.
    pub unique: bool,
    /// Whether it holds some rows only.
    pub partial: bool,
}

/// Row-level security of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowSecurity {
    /// Whether it binds the table's owner, too.
    pub forced: bool,
    /// Whether it binds this credential.
    pub binds_us: bool,
    /// Its policies.
    pub policies: Vec<Policy>,
}

/// One policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// `all`, `select`, `insert`, `update` or `delete`.
    pub command: String,
    /// Whether it allows; a restrictive one takes away.
    pub permissive: bool,
}

/// A trigger or rewrite rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// `before`, `after`, `instead of`, or `rule`.
    pub timing: String,
    /// `insert`, `update`, `delete`, `truncate`.
    pub events: Vec<String>,
    /// Whether it is switched on.
    pub enabled: bool,
}

impl CatalogTable {
    /// A table of which nothing but its name is known yet.
    pub(crate) fn named(schema: String, name: String, kind: TableKind) -> Self {
        Self {
            schema,
            name,
            kind,
            readable: true,
            columns: Vec::new(),
            primary_key: Vec::new(),
            unique: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            indexes: Vec::new(),
            row_security: None,
            triggers: Some(Vec::new()),
        }
    }

    /// Notes what an index keeps unique, once: a constraint and its index say the same.
    pub(crate) fn keep_unique(&mut self, columns: &[String]) {
        let known = self.primary_key == columns || self.unique.iter().any(|known| known == columns);
        if !known {
            self.unique.push(columns.to_vec());
        }
    }
}
