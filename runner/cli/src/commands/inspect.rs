//! `synapsor inspect`: what a database holds, without reading a row of it.

use serde_json::Value as Json;
use synapsor_protocol::{Code, Refusal};
use synapsor_setup::Inspection;

use super::database::{self, Wanted};
use crate::args::Inspect;
use crate::env;
use crate::next::After;
use crate::print::{Report, inspection};
use crate::settings::Settings;
use crate::wiring;

pub(crate) async fn run(typed: &Inspect, settings: &Settings) -> Result<Report, Refusal> {
    let wanted = Wanted {
        place: typed.place.as_deref(),
        url_env: typed.url_env.as_deref(),
        source: typed.source.as_deref(),
        engine: typed.engine,
        timeout_ms: typed.timeout_ms,
    };
    let source = database::source(&wanted, settings)?;
    let now = wiring::clock().now();
    let found = synapsor_setup::inspect(source, typed.schema.as_deref(), now)
        .await
        .map_err(|error| error.refusal())?;
    let found = chosen(found, typed)?;
    let text =
        if typed.table.is_empty() { inspection::overview(&found) } else { inspection::details(&found) };
    let document: Json = serde_json::to_value(&found).map_err(Refusal::bug)?;
    let from = match (&typed.place, &typed.url_env) {
        (Some(path), _) => path.display().to_string(),
        (None, Some(variable)) => format!("env:{variable}"),
        (None, None) => format!("env:{}", env::DATABASE_READ_URL),
    };
    // A source of a config is there already.
    let after = typed.source.is_none().then_some(After::Inspected);
    Ok(Report::done(document, text).next(after, &from))
}

/// The tables that were asked for, each of which has to be there.
fn chosen(mut found: Inspection, typed: &Inspect) -> Result<Inspection, Refusal> {
    if found.tables.is_empty() {
        let (within, hint) = match &typed.schema {
            Some(schema) => (
                format!(" in schema `{schema}`"),
                "`synapsor inspect` without --schema lists the tables of all; names are compared by byte",
            ),
            None => (
                String::new(),
                "check the database that the URL names; a table is visible to whom `GRANT SELECT` was said",
            ),
        };
        let message = format!("no table{within} is visible to this credential");
        return Err(Refusal::new(Code::NotFound, message).hint(hint));
    }
    if typed.table.is_empty() {
        return Ok(found);
    }
    let is_named = |table: &synapsor_setup::inspect::InspectedTable, name: &String| {
        table.table.name == *name || format!("{}.{}", table.table.schema, table.table.name) == *name
    };
    let absent = typed.table.iter().find(|name| !found.tables.iter().any(|table| is_named(table, name)));
    if let Some(name) = absent {
        return Err(Refusal::new(Code::NotFound, format!("no table `{name}` is visible to this credential"))
            .hint("`synapsor inspect` without --table lists those that are"));
    }
    found.tables.retain(|table| typed.table.iter().any(|name| is_named(table, name)));
    Ok(found)
}
