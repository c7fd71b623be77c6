//! A config as it is written out: keys in the order a person reads them, numbers as they were typed.
//!
//! Invariant: what is written passes the config's own check, which every draft goes through.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use serde_json::value::RawValue;
use synapsor_config::Mode;
use synapsor_protocol::Engine;

#[derive(Serialize)]
pub(super) struct Document {
    pub(super) version: u8,
    pub(super) mode: Mode,
    pub(super) result_format: u8,
    pub(super) storage: Storage,
    pub(super) sources: BTreeMap<String, Source>,
    pub(super) trusted_context: Context,
    pub(super) capabilities: Vec<Capability>,
}

#[derive(Serialize)]
pub(super) struct Storage {
    pub(super) sqlite_path: &'static str,
}

#[derive(Serialize)]
pub(super) struct Source {
    pub(super) engine: Engine,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read_url_env: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) write_url_env: Option<String>,
    pub(super) statement_timeout_ms: u64,
}

#[derive(Serialize)]
pub(super) struct Context {
    pub(super) provider: &'static str,
    pub(super) values: ContextValues,
}

#[derive(Serialize, Default)]
pub(super) struct ContextValues {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tenant_id_env: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) principal_env: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tenant_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) principal: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Capability {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) description: String,
    pub(super) source: String,
    pub(super) target: Target,
    #[serde(serialize_with = "in_order")]
    pub(super) args: Vec<(String, Argument)>,
    pub(super) lookup: Lookup,
    pub(super) visible_columns: Vec<String>,
    #[serde(flatten)]
    pub(super) change: Option<Change>,
}

#[derive(Serialize, Clone)]
pub(super) struct Target {
    pub(super) schema: String,
    pub(super) table: String,
    pub(super) primary_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tenant_key: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) single_tenant_dev: bool,
}

#[derive(Serialize, Clone)]
pub(super) struct Argument {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) minimum: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) maximum: Option<Box<RawValue>>,
    #[serde(rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub(super) labels: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
}

impl Argument {
    pub(super) fn of(kind: &'static str) -> Self {
        Self { kind, max_length: None, minimum: None, maximum: None, labels: Vec::new(), description: None }
    }
}

#[derive(Serialize)]
pub(super) struct Lookup {
    pub(super) id_from_arg: String,
}

/// What only a proposal has.
#[derive(Serialize)]
pub(super) struct Change {
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "patch")]
    pub(super) patch: Option<Vec<(String, Bound)>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) handler: Option<Handler>,
    pub(super) allowed_columns: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) numeric_bounds: BTreeMap<String, Range>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) transition_guards: BTreeMap<String, Transition>,
    pub(super) conflict_guard: Guard,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) approval: Option<Approval>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Bound {
    Fixed(Box<RawValue>),
    FromArg(String),
}

#[derive(Serialize)]
pub(super) struct Handler {
    pub(super) bundle: String,
    pub(super) digest: &'static str,
}

#[derive(Serialize)]
pub(super) struct Range {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) minimum: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) maximum: Option<Box<RawValue>>,
}

#[derive(Serialize)]
pub(super) struct Transition {
    pub(super) allowed: BTreeMap<String, Vec<String>>,
}

#[derive(Serialize)]
pub(super) struct Guard {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advance: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) weak_guard_ack: bool,
}

#[derive(Serialize)]
pub(super) struct Approval {
    pub(super) mode: &'static str,
    pub(super) required_role: String,
}

/// An object whose keys stand in this order.
fn in_order<S: Serializer>(members: &[(String, Argument)], to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(members.len()))?;
    for (name, member) in members {
        map.serialize_entry(name, member)?;
    }
    map.end()
}

/// The same for a patch; serde hands the field over as it is.
fn patch<S: Serializer>(patch: &Option<Vec<(String, Bound)>>, to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(None)?;
    for (column, bound) in patch.iter().flatten() {
        map.serialize_entry(column, bound)?;
    }
    map.end()
}
