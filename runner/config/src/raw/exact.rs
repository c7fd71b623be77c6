//! Names with their forms, scalars without floats, and objects whose order means something.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
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

/// An object whose order means something.
#[derive(Debug)]
pub(crate) struct InOrder<T>(pub(crate) Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for InOrder<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = InOrder<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(InOrder(entries))
            }
        }

        deserializer.deserialize_map(Entries(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for InOrder<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        BTreeMap::<String, T>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, T>::json_schema(generator)
    }
}
