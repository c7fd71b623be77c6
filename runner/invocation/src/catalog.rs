//! Which capabilities are served, and how each is described to a model.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use synapsor_config::{Argument, ArgumentType, Capability, Config, Mode};
use synapsor_protocol::{Code, Digest, Engine, Refusal};

use crate::reads::fingerprint;

/// Read or proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolKind {
    /// Returns a row.
    Read,
    /// Stores a proposal.
    Proposal,
}

/// A capability as a model may know it.
#[derive(Debug, Clone)]
pub struct ToolDescription {
    /// Canonical name.
    pub name: String,
    /// Read or proposal.
    pub kind: ToolKind,
    /// What it does, in words.
    pub description: String,
    /// Scopes that a signed token needs for it, besides those of every tool.
    pub scopes: Vec<String>,
    /// JSON Schema of the arguments; closed.
    pub input_schema: Json,
    /// JSON Schema of a read's data, or of the columns a proposal may change.
    pub data_schema: Json,
    /// Whose it is.
    pub origin: ToolOrigin,
}

/// Where a tool's answers come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolOrigin {
    /// A table of a source.
    Table {
        /// The source's name.
        source: String,
        /// What the source is.
        engine: Engine,
        /// `schema.table`.
        table: String,
    },
    /// A hosted service that carries the call out.
    Service {
        /// Which adapter of it.
        adapter_id: String,
    },
}

impl ToolDescription {
    /// The source's name.
    pub fn source(&self) -> Option<&str> {
        match &self.origin {
            ToolOrigin::Table { source, .. } => Some(source),
            ToolOrigin::Service { .. } => None,
        }
    }

    /// What the source is.
    pub fn engine(&self) -> Option<Engine> {
        match &self.origin {
            ToolOrigin::Table { engine, .. } => Some(*engine),
            ToolOrigin::Service { .. } => None,
        }
    }

    /// `schema.table`.
    pub fn table(&self) -> Option<&str> {
        match &self.origin {
            ToolOrigin::Table { table, .. } => Some(table),
            ToolOrigin::Service { .. } => None,
        }
    }

    /// Whether somebody else carries its calls out.
    pub fn is_delegated(&self) -> bool {
        matches!(self.origin, ToolOrigin::Service { .. })
    }
}

pub(crate) struct Catalog {
    capabilities: BTreeMap<String, Arc<Capability>>,
    /// Of each capability's query, which is the same for every call.
    fingerprints: BTreeMap<String, Digest>,
    tools: Vec<ToolDescription>,
    mode: Mode,
}

impl Catalog {
    pub(crate) fn new(capabilities: &[Arc<Capability>], mode: Mode) -> Self {
        let served = |capability: &&Arc<Capability>| capability.proposal.is_none() || mode != Mode::ReadOnly;
        Self {
            tools: capabilities.iter().filter(served).map(describe).collect(),
            capabilities: capabilities.iter().map(|c| (c.name.clone(), Arc::clone(c))).collect(),
            fingerprints: capabilities
                .iter()
                .filter_map(|c| Some((c.name.clone(), fingerprint(c).ok()?)))
                .collect(),
            mode,
        }
    }

    pub(crate) fn tools(&self) -> &[ToolDescription] {
        &self.tools
    }

    pub(crate) fn capability(&self, name: &str) -> Option<&Arc<Capability>> {
        self.capabilities.get(name)
    }

    pub(crate) fn capabilities(&self) -> impl Iterator<Item = &Arc<Capability>> {
        self.capabilities.values()
    }

    /// What stands for the kind of query a capability's calls make, whatever their values.
    pub(crate) fn fingerprint(&self, capability: &Capability) -> Result<Digest, Refusal> {
        let known = self.fingerprints.get(&capability.name).cloned();
        known.ok_or_else(|| Refusal::bug("a capability's query has no fingerprint"))
    }

    /// The capability a call names.
    pub(crate) fn find(&self, name: &str) -> Result<&Arc<Capability>, Refusal> {
        let capability = self.capability(name).ok_or_else(|| {
            Refusal::new(Code::McpToolNotFound, "no capability of that name is served")
                .hint("list the tools and use one of their names")
        })?;
        if capability.proposal.is_some() && self.mode == Mode::ReadOnly {
            return Err(Refusal::new(
                Code::ProposalsDisabled,
                format!("`{name}` proposes changes, and this runner serves reads only"),
            ));
        }
        Ok(capability)
    }
}

/// What a runtime of this config serves by itself, without one: no ledger, no source, no handler.
pub fn describe_tools(config: &Config, read_only: bool) -> Vec<ToolDescription> {
    let mode = if read_only { Mode::ReadOnly } else { config.mode };
    Catalog::new(own(config), mode).tools
}

/// The capabilities that are carried out here; none where a hosted service does that.
pub(crate) fn own(config: &Config) -> &[Arc<Capability>] {
    if config.mode == Mode::Cloud { &[] } else { &config.capabilities }
}

fn describe(capability: &Arc<Capability>) -> ToolDescription {
    let columns: Vec<&str> = match &capability.proposal {
        None => capability.visible_columns.iter().map(String::as_str).collect(),
        Some(rules) => rules.allowed_columns.iter().map(String::as_str).collect(),
    };
    ToolDescription {
        name: capability.name.clone(),
        kind: if capability.proposal.is_some() { ToolKind::Proposal } else { ToolKind::Read },
        description: match &capability.returns_hint {
            Some(hint) => format!("{} Returns: {hint}", capability.description),
            None => capability.description.clone(),
        },
        scopes: capability.scopes.clone(),
        input_schema: input_schema(&capability.args),
        data_schema: data_schema(&columns),
        origin: ToolOrigin::Table {
            source: capability.source.name.clone(),
            engine: capability.source.engine,
            table: format!("{}.{}", capability.target.schema, capability.target.table),
        },
    }
}

fn input_schema(args: &[Argument]) -> Json {
    let properties: Map<String, Json> =
        args.iter().map(|argument| (argument.name.clone(), argument_schema(argument))).collect();
    let required: Vec<&str> = args.iter().filter(|a| a.required).map(|a| a.name.as_str()).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn argument_schema(argument: &Argument) -> Json {
    let kind = match argument.kind {
        ArgumentType::String => "string",
        ArgumentType::Number => "number",
        ArgumentType::Boolean => "boolean",
    };
    let mut schema = Map::from_iter([("type".to_owned(), json!(kind))]);
    let mut set = |key: &str, value: Option<Json>| {
        if let Some(value) = value {
            schema.insert(key.to_owned(), value);
        }
    };
    set("description", argument.description.as_ref().map(|text| json!(text)));
    set("maxLength", argument.max_length.map(|limit| json!(limit)));
    set("minimum", argument.minimum.as_ref().and_then(|text| serde_json::from_str(text).ok()));
    set("maximum", argument.maximum.as_ref().and_then(|text| serde_json::from_str(text).ok()));
    set("enum", argument.allowed.as_ref().map(|values| json!(values)));
    Json::Object(schema)
}

fn data_schema(columns: &[&str]) -> Json {
    let properties: Map<String, Json> =
        columns.iter().map(|name| ((*name).to_owned(), scalar_schema())).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// The JSON Schema of a column's value. Column types are the database's and it may be down when tools are listed, so every
/// exact scalar is allowed; spelled out, since some clients know one `type` only.
pub fn scalar_schema() -> Json {
    json!({ "anyOf": [
        { "type": "string" }, { "type": "integer" }, { "type": "boolean" }, { "type": "null" },
    ] })
}
