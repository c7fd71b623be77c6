//! Names with their forms, and scalars without floats.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::value::RawValue;
use synapsor_protocol::Value;

use crate::document;
use crate::form::{ENV_NAME_PATTERN, IDENTIFIER_BYTES_MAX, IDENTIFIER_PATTERN};

/// A table's, a column's or an argument's name.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Identifier(
    #[schemars(regex(pattern = IDENTIFIER_PATTERN), length(max = IDENTIFIER_BYTES_MAX))] pub(crate) String,
);

/// The name of an environment variable.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct EnvName(#[schemars(regex(pattern = ENV_NAME_PATTERN))] pub(crate) String);

/// An exact number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ExactNumber(pub(crate) Value);

/// A scalar, exact.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scalar(pub(crate) Value);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        document::scalar(raw.get()).map(Self).ok_or_else(|| D::Error::custom("expected a scalar"))
    }
}

impl<'de> Deserialize<'de> for ExactNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Scalar::deserialize(deserializer)?.0 {
            number @ (Value::Integer(_) | Value::Decimal(_)) => Ok(Self(number)),
            _ => Err(D::Error::custom("expected a number")),
        }
    }
}

impl JsonSchema for Scalar {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "Text, a number, true, false or null.", "type": ["string", "number", "boolean", "null"] })
    }
}

impl JsonSchema for ExactNumber {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

/// `null` is a value here, so absence has to be told apart from it.
pub(super) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Scalar>, D::Error> {
    Scalar::deserialize(deserializer).map(Some)
}
