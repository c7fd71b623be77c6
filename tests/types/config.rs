//! The config of one call: a read and a proposal on one row, as somebody would write them for its table.

use serde_json::{Map, Value as Json, json};
use synapsor_config::{Binding, Config, ConflictGuard, Logic};
use synapsor_protocol::{Advance, Columns, Engine, Value};

use crate::world::Call;

pub(crate) const SOURCE: &str = "shop";
pub(crate) const READ: &str = "shop.inspect_row";
pub(crate) const PROPOSAL: &str = "shop.propose_change";
pub(crate) const TENANT_ENV: &str = "DESK_TENANT";
pub(crate) const PRINCIPAL_ENV: &str = "DESK_PRINCIPAL";

const KEY_ARGUMENT: &str = "key";

/// Checked as every config is.
pub(crate) fn config(engine: Engine, schema: &str, call: &Call) -> Config {
    let source = match engine {
        Engine::Sqlite => json!({ "engine": "sqlite", "path": "unused" }),
        engine => json!({ "engine": engine, "read_url_env": "UNUSED", "write_url_env": "UNUSED" }),
    };
    let text = json!({
        "version": 1,
        "mode": "review",
        "sources": { SOURCE: source },
        "contexts": {
            "desk": {
                "provider": "environment",
                "values": { "tenant_id_env": TENANT_ENV, "principal_env": PRINCIPAL_ENV },
            },
        },
        "capabilities": [read(schema, call), proposal(schema, call)],
    });
    let checked = synapsor_config::check(&text.to_string());
    let mut config = checked.config.unwrap_or_else(|| panic!("{:#?}", checked.problems));
    bind_exactly(&mut config, &call.patch);
    config
}

fn read(schema: &str, call: &Call) -> Json {
    let mut visible: Vec<&String> = call.captured.iter().chain(call.patch.keys()).collect();
    visible.sort();
    visible.dedup();
    json!({
        "name": READ,
        "kind": "read",
        "source": SOURCE,
        "context": "desk",
        "target": {
            "schema": schema,
            "table": call.table,
            "primary_key": call.key_column,
            "tenant_key": call.tenant_column,
        },
        "args": { KEY_ARGUMENT: { "type": argument_type(&call.key).unwrap_or("string") } },
        "lookup": { "id_from_arg": KEY_ARGUMENT },
        "visible_columns": visible,
    })
}

fn proposal(schema: &str, call: &Call) -> Json {
    let mut capability = read(schema, call);
    capability["name"] = json!(PROPOSAL);
    capability["kind"] = json!("proposal");
    let mut patch = Map::new();
    for (column, value) in &call.patch {
        let binding = match argument_type(value) {
            Some(kind) => {
                capability["args"][column] = json!({ "type": kind, "required": false });
                json!({ "from_arg": column })
            }
            None => json!({ "fixed": null }),
        };
        patch.insert(column.clone(), binding);
    }
    capability["patch"] = patch.into();
    capability["allowed_columns"] = call.patch.keys().cloned().collect();
    capability["conflict_guard"] = match &call.guard {
        ConflictGuard::WeakAck => json!({ "weak_guard_ack": true }),
        ConflictGuard::Column { column, advance: Advance::None } => json!({ "column": column }),
        ConflictGuard::Column { column, advance } => json!({ "column": column, "advance": advance }),
    };
    capability
}

/// Puts the values in that no config can spell, as a handler's answer would.
fn bind_exactly(config: &mut Config, patch: &Columns) {
    let rules =
        config.capabilities.iter_mut().filter_map(|one| std::sync::Arc::make_mut(one).proposal.as_mut());
    for rules in rules {
        let Logic::Patch(bindings) = &mut rules.logic else { panic!("a declarative patch") };
        for (column, value) in patch.iter().filter(|(_, value)| argument_type(value).is_none()) {
            bindings.insert(column.clone(), Binding::Fixed(value.clone()));
        }
    }
}

/// What a caller sends: the key, and with a proposal the values of its patch.
pub(crate) fn arguments(call: &Call, capability: &str) -> Map<String, Json> {
    let mut arguments = Map::from_iter([(KEY_ARGUMENT.to_owned(), sent(&call.key))]);
    if capability == PROPOSAL {
        let patch = call.patch.iter().filter(|(_, value)| argument_type(value).is_some());
        arguments.extend(patch.map(|(column, value)| (column.clone(), sent(value))));
    }
    arguments
}

/// How a caller can send a value of this type, if at all.
fn argument_type(value: &Value) -> Option<&'static str> {
    match value {
        Value::Text(_) | Value::Null => Some("string"),
        Value::Integer(_) | Value::Decimal(_) => Some("number"),
        Value::Boolean(_) => Some("boolean"),
        _ => None,
    }
}

/// The JSON a caller sends: numbers beyond a double as strings.
fn sent(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(boolean) => json!(boolean),
        other => other.to_plain(),
    }
}
