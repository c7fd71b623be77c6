//! The manifest's JSON Schema, generated from its types: published in `docs/reference/`, and what manifests are held to.

use crate::manifest::Manifest;

/// The JSON Schema of `handler.json`.
pub fn manifest_schema() -> serde_json::Value {
    schemars::schema_for!(Manifest).to_value()
}
