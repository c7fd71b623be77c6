//! The JSON Schemas of a bundle's files, generated from their types: published in `docs/reference/`, and what the files
//! are held to.

use schemars::{Schema, SchemaGenerator, json_schema};

use crate::case::Case;
use crate::manifest::Manifest;

/// The JSON Schema of `handler.json`.
pub fn manifest_schema() -> serde_json::Value {
    schemars::schema_for!(Manifest).to_value()
}

/// The JSON Schema of `cases/*.json`.
pub fn case_schema() -> serde_json::Value {
    schemars::schema_for!(Case).to_value()
}

/// One exact value in its typed form, as `protocol::Value` reads it.
pub(crate) fn value(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "description": "One exact value: \"null\", or an object that names its type.",
        "anyOf": [
            { "const": "null" },
            {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": false,
                "properties": {
                    "boolean": { "type": "boolean" },
                    "integer": { "type": ["integer", "string"], "pattern": "^-?[0-9]{1,19}$" },
                    "decimal": { "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$" },
                    "text": { "type": "string" },
                    "bytes": { "type": "string", "contentEncoding": "base64" },
                    "date": { "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" },
                    "timestamp": { "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{15}Z?$" },
                    "uuid": { "type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" },
                    "json": { "type": "string" }
                }
            }
        ]
    })
}

/// Values by name.
pub(crate) fn columns(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "additionalProperties": value(generator) })
}

/// Declared reads with their answers, as `protocol::RecordedRead` reads them.
pub(crate) fn recorded_reads(generator: &mut SchemaGenerator) -> Schema {
    let (value, row) = (value(generator), columns(generator));
    json_schema!({
        "type": "array",
        "items": { "oneOf": [
            {
                "description": "One row by its key.",
                "type": "object",
                "additionalProperties": false,
                "required": ["kind", "read", "key", "row"],
                "properties": {
                    "kind": { "const": "get" },
                    "read": { "type": "string" },
                    "key": value,
                    "row": { "anyOf": [{ "type": "null" }, row.clone()] }
                }
            },
            {
                "description": "Rows by equality filters.",
                "type": "object",
                "additionalProperties": false,
                "required": ["kind", "read", "filters", "rows"],
                "properties": {
                    "kind": { "const": "find" },
                    "read": { "type": "string" },
                    "filters": row.clone(),
                    "rows": { "type": "array", "items": row }
                }
            }
        ] }
    })
}
