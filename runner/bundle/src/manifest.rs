//! `handler.json`: what a handler is, and everything it needs to be granted.
//!
//! A manifest grants nothing. It says what the handler needs; the config grants it or does not.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use synapsor_config::{ArgumentType, WasiGrant};
use synapsor_protocol::{Digest, Value};

/// The world every handler of this contract version exports.
pub const WORLD: &str = "synapsor:handler/proposer@0.1";

/// Longest name of a handler, in characters.
const NAME_CHARS_MAX: usize = 64;
const NAME_PATTERN: &str = "^[a-z][a-z0-9]*(-[a-z0-9]+)*$";
const VERSION_PATTERN: &str = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$";
const DIGEST_PATTERN: &str = "^sha256:[0-9a-f]{64}$";
const IDENTIFIER_PATTERN: &str = "^[A-Za-z_][A-Za-z0-9_]{0,62}$";
/// A setting's name; a `*` at its end stands for the rest of the name.
const SETTING_PATTERN: &str = r"^[A-Za-z_][A-Za-z0-9_]{0,62}\*?$";

/// The manifest of a handler bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "handler.json")]
pub struct Manifest {
    /// Where this schema is, for editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Version of the format.
    pub schema_version: SchemaVersion,
    /// The handler's name, in kebab case. It is in every proposal the handler makes.
    #[schemars(length(max = NAME_CHARS_MAX), regex(pattern = NAME_PATTERN))]
    pub name: String,
    /// The handler's version, as in semantic versioning. It is in every proposal likewise.
    #[schemars(length(max = 64), regex(pattern = VERSION_PATTERN))]
    pub version: String,
    /// What the rule is, in a sentence, for the person who grants it.
    #[schemars(length(min = 1, max = 500))]
    pub description: String,
    /// The contract it is written against: `synapsor:handler/proposer@0.1`.
    pub world: String,
    /// The component.
    pub component: ComponentFile,
    /// What it was built with, for the person who rebuilds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toolchain: Option<Toolchain>,
    /// Arguments of the call it looks at, by name.
    #[serde(default)]
    #[schemars(extend("propertyNames" = {"pattern": IDENTIFIER_PATTERN}))]
    pub arguments: BTreeMap<String, ArgumentNeed>,
    /// Settings it takes from the config, by name. A name that ends in `*` stands for every setting that begins so.
    #[serde(default)]
    #[schemars(extend("propertyNames" = {"pattern": SETTING_PATTERN}))]
    pub settings: BTreeMap<String, SettingNeed>,
    /// Columns of the target row it looks at.
    #[serde(default)]
    #[schemars(inner(regex(pattern = IDENTIFIER_PATTERN)))]
    pub row: BTreeSet<String>,
    /// Declared reads, by name.
    #[serde(default)]
    #[schemars(extend("propertyNames" = {"pattern": IDENTIFIER_PATTERN}))]
    pub reads: BTreeMap<String, ReadNeed>,
    /// Columns of the target row it may change.
    #[schemars(length(min = 1), inner(regex(pattern = IDENTIFIER_PATTERN)))]
    pub writes: BTreeSet<String>,
    /// Said by a component whose language runtime links WASI whether it uses it or not. Most do not need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wasi: Option<WasiGrant>,
    /// What one call needs of the runner's limits, where it differs from the runner's defaults.
    #[serde(default)]
    pub limits: LimitsNeed,
}

/// Version of the manifest's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SchemaVersion {
    /// The first.
    #[serde(rename = "synapsor.handler.v1")]
    V1,
}

/// The component file, pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponentFile {
    /// The file, relative to the bundle's folder and inside it.
    #[schemars(length(min = 1, max = 200))]
    pub file: String,
    /// SHA-256 of the file.
    #[schemars(with = "String", regex(pattern = DIGEST_PATTERN))]
    pub digest: Digest,
}

/// What a handler was built with. Not checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Toolchain {
    /// The language.
    pub language: String,
    /// The command that builds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
}

/// An argument a handler looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArgumentNeed {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ArgumentType,
    /// Whether the handler refuses a call without it. Default: true.
    #[serde(default = "yes")]
    pub required: bool,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

fn yes() -> bool {
    true
}

/// A setting a handler takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingNeed {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: SettingType,
    /// Whether it must be set. Default: false.
    #[serde(default)]
    pub required: bool,
    /// What it decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The type of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingType {
    /// Text.
    String,
    /// A 64-bit integer.
    Integer,
    /// An integer or a decimal.
    Number,
    /// True or false.
    Boolean,
}

impl SettingType {
    /// The type's name in a manifest.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
        }
    }

    /// Whether the value is of this type.
    pub(crate) fn accepts(self, value: &Value) -> bool {
        match self {
            Self::String => matches!(value, Value::Text(_)),
            Self::Integer => matches!(value, Value::Integer(_)),
            Self::Number => matches!(value, Value::Integer(_) | Value::Decimal(_)),
            Self::Boolean => matches!(value, Value::Boolean(_)),
        }
    }
}

/// A declared read a handler asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadNeed {
    /// Columns it looks at.
    #[schemars(length(min = 1), inner(regex(pattern = IDENTIFIER_PATTERN)))]
    pub columns: BTreeSet<String>,
    /// Columns it filters by equality; none where it only gets rows by their key.
    #[serde(default)]
    #[schemars(inner(regex(pattern = IDENTIFIER_PATTERN)))]
    pub filters: BTreeSet<String>,
    /// Rows one `find` must be able to return for the handler to be right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub rows_max: Option<u32>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What one call needs. An absent limit is the runner's default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsNeed {
    /// Fuel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub fuel: Option<u64>,
    /// Linear memory in bytes, summed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub memory_bytes: Option<u64>,
    /// Wall clock in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub timeout_ms: Option<u64>,
    /// Declared reads per call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub reads_max: Option<u32>,
    /// Bytes of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub output_bytes: Option<u64>,
}

impl Manifest {
    /// What the manifest says about a setting: by its name, or by the longest `*` that fits.
    pub(crate) fn setting(&self, name: &str) -> Option<&SettingNeed> {
        let starred =
            |(pattern, _): &(&String, _)| pattern.strip_suffix('*').is_some_and(|p| name.starts_with(p));
        self.settings.get(name).or_else(|| {
            self.settings
                .iter()
                .filter(starred)
                .max_by_key(|(pattern, _)| pattern.len())
                .map(|(_, need)| need)
        })
    }
}

/// Whether a text is a handler's name, as the schema's pattern has it.
pub(crate) fn is_name(text: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.len() <= NAME_CHARS_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split('-').all(plain)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn a_name_is_kebab_case() {
        for name in ["a", "late-fee", "late-fee-2", "x9"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            "-",
            "a-",
            "-a",
            "a--b",
            "2fast",
            "Late",
            "late_fee",
            "late fee",
            "../late",
            "é",
            &"a".repeat(65),
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
