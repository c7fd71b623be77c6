//! Whether the read credential can do anything but look, asked of the database's catalogs and never tried.

use synapsor_config::{Config, Location, Source};
use synapsor_protocol::{Engine, Refusal};
use synapsor_source::Connect;

use crate::desk::WriteSettings;
use crate::driver::abandon;
use crate::engine::{Holdings, Mysql, Postgres, connected, within};
use crate::error::Obstacle;
use crate::excess::{Credential, Excess, Held, Inventory, Needed, On, named, only_looks};
use crate::rights;

/// The name of the role that could read instead.
const ROLE: &str = "synapsor_reader";

/// Roles of PostgreSQL's own that only look.
const LOOKING_ROLES: [&str; 5] =
    ["pg_read_all_data", "pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables", "pg_monitor"];

/// What the read credential of a source could change. Nothing for a SQLite file, which is opened for reading only.
///
/// # Errors
/// When the database cannot be asked.
pub async fn reading_excess(
    config: &Config,
    source: &Source,
    reader: &Connect,
) -> Result<Vec<Excess>, Refusal> {
    let settings = WriteSettings {
        name: source.name.clone(),
        engine: source.engine,
        connect: reader.clone(),
        statement_timeout_ms: source.statement_timeout_ms,
    };
    let asked = match source.engine {
        Engine::Sqlite => return Ok(Vec::new()),
        Engine::Postgres => inventory::<Postgres>(&settings).await,
        Engine::Mysql => inventory::<Mysql>(&settings).await,
    };
    let mut inventory = asked.map_err(|obstacle| obstacle.refusal(&source.name))?;
    inventory
        .held
        .retain(|held| !matches!(held, Held::Membership { of, .. } if LOOKING_ROLES.contains(&of.as_str())));
    if let (Some(what), Location::Server { read_url_env, .. }) = (administers(&inventory), &source.location) {
        let statements = rights::reading_role(config, source, ROLE).join("; ");
        let fix = format!("give `{read_url_env}` the URL of a role that may only look: {statements};");
        return Ok(vec![Excess { what: format!("the read credential {what}"), fix }]);
    }
    let needed = Needed {
        credential: Credential::Read,
        engine: source.engine,
        rights: &[],
        makes_receipts_table: false,
        grants: &[],
    };
    Ok(needed.excess(&inventory))
}

async fn inventory<S: Holdings>(settings: &WriteSettings) -> Result<Inventory, Obstacle> {
    let mut session = connected::<S>(settings).await?;
    let inventory = within(settings, session.inventory()).await;
    abandon(session).await;
    Ok(inventory?)
}

/// What makes the credential somebody else's, from whom it would be wrong to take it away: it needs a role of its own.
fn administers(inventory: &Inventory) -> Option<String> {
    let owned: Vec<&str> = inventory
        .held
        .iter()
        .filter_map(|held| match held {
            Held::Ownership { table, .. } => Some(table.as_str()),
            _ => None,
        })
        .collect();
    let attribute = inventory.held.iter().find_map(|held| match held {
        Held::Attribute { name, .. } if name == "SUPERUSER" => Some(format!("has the attribute {name}")),
        Held::Grant { privilege, on: On::Everything, .. } if !only_looks(privilege) => {
            Some("has rights on every database of the server, and not only to look".to_owned())
        }
        _ => None,
    });
    let owns = || format!("owns {}, and an owner may do everything", named(&owned));
    attribute.or_else(|| (!owned.is_empty()).then(owns))
}
