//! Merging one server into Codex's TOML file: comments, order and every other table stay as they are.

use synapsor_protocol::{Code, Refusal};
use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::entry::{Entry, Reach};

const GROUP: &str = "mcp_servers";

/// The file's text with the server in it.
pub(super) fn merged(existing: Option<&str>, entry: &Entry) -> Result<String, Refusal> {
    let mut document: DocumentMut = existing.unwrap_or_default().parse().map_err(|error| {
        tracing::debug!(%error, "a client's file does not parse");
        malformed("it is not TOML")
    })?;
    let servers = document.entry(GROUP).or_insert_with(|| {
        let mut table = Table::new();
        // Only `[mcp_servers.name]` is written, not a header without anything under it.
        table.set_implicit(true);
        Item::Table(table)
    });
    let servers = servers.as_table_like_mut().ok_or_else(|| malformed("its `mcp_servers` is not a table"))?;
    let server = servers.entry(&entry.name).or_insert_with(|| Item::Table(Table::new()));
    let server = server.as_table_like_mut().ok_or_else(|| malformed("the server's entry is not a table"))?;
    for key in entry.foreign_keys() {
        server.remove(key);
    }
    match &entry.reach {
        Reach::Command { program, args, environment } => {
            server.insert("command", value(program));
            server.insert("args", value(args.iter().collect::<Array>()));
            let mut names: Vec<String> = environment.clone();
            // Variables somebody added stay.
            for known in server.get("env_vars").and_then(Item::as_array).into_iter().flatten() {
                if let Some(name) = known.as_str()
                    && !names.iter().any(|own| own == name)
                {
                    names.push(name.to_owned());
                }
            }
            if !names.is_empty() {
                server.insert("env_vars", value(names.iter().collect::<Array>()));
            }
        }
        Reach::Url { url, token_env } => {
            server.insert("url", value(url));
            server.insert("bearer_token_env_var", value(token_env));
        }
    }
    Ok(document.to_string())
}

fn malformed(why: &str) -> Refusal {
    Refusal::new(Code::InvalidInput, format!("the client's file is not what it should be: {why}"))
        .hint("nothing was written; mend the file, or name another with --destination FILE")
}
