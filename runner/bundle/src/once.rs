//! A JSON text in which no object has a key twice. Readers disagree on which one counts, so none of them may.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Any JSON value, read only to see that each key stands once in its object.
pub(crate) struct EachKeyOnce;

impl<'de> Deserialize<'de> for EachKeyOnce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for EachKeyOnce {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let Self = map.next_value()?;
            if let Some(key) = seen.replace(key) {
                return Err(A::Error::custom(format_args!("the key `{key}` stands here twice")));
            }
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(), String> {
        serde_json::from_str::<EachKeyOnce>(text).map(|_| ()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_key_may_stand_once_in_each_object_and_in_as_many_objects_as_there_are() {
        assert_eq!(read(r#"{"a": {"a": [1, -2, 0.5, null, true, "a"]}, "b": [{"a": 1}, {"a": 2}]}"#), Ok(()));
        for twice in [r#"{"b": [{"a": 1, "a": 1}]}"#, r#"{"b": {"a": {}, "\u0061": []}}"#] {
            let error = read(twice).unwrap_err();
            assert!(error.starts_with("the key `a` stands here twice at line 1"), "{error}");
        }
    }
}
