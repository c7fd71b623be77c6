//! What a database holds, with what is worth knowing before a capability is written for it.

pub(crate) mod names;
mod notes;
mod suggest;

use serde::Serialize;
use synapsor_protocol::{Engine, Moment};
use synapsor_source::catalog::{CatalogColumn, CatalogTable};
use synapsor_source::{Catalog, ColumnKind, Error, SourceSettings, Sources};

pub use notes::{Note, NoteCode};
pub use suggest::{KeyFrom, KeySuggestion, Suggestion, Suggestions};

/// The schema version of the document.
pub const INSPECTION_SCHEMA: &str = "synapsor.inspection.v1";

/// What suggestions are worth.
const WARNING: &str =
    "suggestions follow names, types and keys; a person who knows the data decides which are right";

/// A database and what to make of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// [`INSPECTION_SCHEMA`].
    pub schema_version: &'static str,
    /// Its engine.
    pub engine: Engine,
    /// The server's version as it says it, or SQLite's own.
    pub server_version: String,
    /// Who the credential is to the server; a file has no users.
    pub user: Option<String>,
    /// When it was looked at.
    pub inspected_at: Moment,
    /// What the server's clock said then.
    #[serde(skip)]
    pub clock: Option<Moment>,
    /// How strict a MySQL server is with programs that do not say themselves.
    #[serde(skip)]
    pub sql_mode: Option<String>,
    /// The schemas that have tables.
    pub schemas: Vec<String>,
    /// Tables and views by schema and name.
    pub tables: Vec<InspectedTable>,
    /// What holds for all of it.
    pub warnings: Vec<String>,
}

/// A table or view and what to make of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InspectedTable {
    /// As the catalogs have it.
    #[serde(flatten)]
    pub table: CatalogTable,
    /// Its columns in their order.
    pub columns: Vec<InspectedColumn>,
    /// What a capability could take from it.
    pub suggestions: Suggestions,
    /// What to know first.
    pub notes: Vec<Note>,
}

/// A column and what to make of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InspectedColumn {
    /// As the catalogs have it.
    #[serde(flatten)]
    pub column: CatalogColumn,
    /// The labels of an enum, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Whether its values can be kept exact; a capability cannot show a column whose values cannot.
    pub exact: bool,
}

/// Looks at the one source of these settings; `schema` looks at one schema only. No row is read.
///
/// # Errors
/// See [`Error`]. A schema that is not there has no tables.
pub async fn inspect(
    settings: SourceSettings,
    schema: Option<&str>,
    at: Moment,
) -> Result<Inspection, Error> {
    let name = settings.name.clone();
    let catalog = Sources::new([settings]).catalog(&name, schema).await?;
    Ok(judged(catalog, at))
}

fn judged(catalog: Catalog, at: Moment) -> Inspection {
    let mut warnings = vec![WARNING.to_owned()];
    if catalog.is_cut {
        let shown = catalog.tables.len();
        warnings.push(format!("only the first {shown} tables are listed; name a schema to see its own"));
    }
    if catalog.tables.iter().any(|table| table.triggers.is_none()) {
        warnings.push(
            "triggers are not shown to this credential; `synapsor writeback doctor` looks for them with the writing one"
                .to_owned(),
        );
    }
    let mut schemas: Vec<String> = catalog.tables.iter().map(|table| table.schema.clone()).collect();
    schemas.dedup();
    Inspection {
        schema_version: INSPECTION_SCHEMA,
        engine: catalog.engine,
        server_version: catalog.server_version,
        user: catalog.user,
        inspected_at: at,
        clock: catalog.clock,
        sql_mode: catalog.sql_mode,
        schemas,
        tables: catalog.tables.into_iter().map(InspectedTable::of).collect(),
        warnings,
    }
}

impl InspectedTable {
    fn of(mut table: CatalogTable) -> Self {
        let suggestions = suggest::suggestions(&table);
        let notes = notes::notes(&table, &suggestions);
        let columns = std::mem::take(&mut table.columns).into_iter().map(InspectedColumn::of).collect();
        Self { table, columns, suggestions, notes }
    }
}

impl InspectedColumn {
    fn of(column: CatalogColumn) -> Self {
        let labels = match &column.kind {
            ColumnKind::Enum { labels } => labels.clone(),
            _ => Vec::new(),
        };
        Self { labels, exact: column.kind != ColumnKind::Unsupported, column }
    }
}

#[cfg(test)]
mod tests;
