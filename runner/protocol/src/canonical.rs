//! JSON in its canonical form (RFC 8785), written straight into one buffer.
//!
//! A record is written out this way several times before it is stored, while somebody waits. `serde_json_canonicalizer` is
//! the reference, which the test holds this to; it makes a writer for every fragment and parses every key again, which was
//! most of what recording a call cost.
//!
//! Invariant: the reference would write the same, byte for byte: digests are over these bytes, and stay what they are.

use serde_json::{Number, Value as Json};

use crate::digest::CanonicalError;

/// Integers up to here are the same number as the double RFC 8785 takes them for.
const EXACT_MAX: u64 = 1 << 53;

/// Appends a document.
pub(crate) fn write(document: &Json, to: &mut Vec<u8>) -> Result<(), CanonicalError> {
    match document {
        Json::Null => to.extend_from_slice(b"null"),
        Json::Bool(true) => to.extend_from_slice(b"true"),
        Json::Bool(false) => to.extend_from_slice(b"false"),
        Json::Number(number) => write_number(number, to)?,
        Json::String(text) => write_text(text, to)?,
        Json::Array(items) => {
            let mut before = b'[';
            for item in items {
                to.push(before);
                write(item, to)?;
                before = b',';
            }
            close(to, before, b"[]");
        }
        Json::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            let mut before = b'{';
            for (name, field) in fields {
                to.push(before);
                write_text(name, to)?;
                to.push(b':');
                write(field, to)?;
                before = b',';
            }
            close(to, before, b"{}");
        }
    }
    Ok(())
}

/// Ends an array or an object, of which nothing is written yet if nothing is in it.
fn close(to: &mut Vec<u8>, before: u8, [open, close]: &[u8; 2]) {
    if before == *open {
        to.push(*open);
    }
    to.push(*close);
}

/// What is escaped in a text, and how, is the same in every JSON this crate writes.
fn write_text(text: &str, to: &mut Vec<u8>) -> Result<(), CanonicalError> {
    Ok(serde_json::to_writer(to, text)?)
}

fn write_number(number: &Number, to: &mut Vec<u8>) -> Result<(), CanonicalError> {
    if number.is_f64() {
        return Err(CanonicalError::Float(number.to_string()));
    }
    let size = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
    if size.is_some_and(|size| size <= EXACT_MAX) {
        return Ok(serde_json::to_writer(to, number)?);
    }
    to.extend(serde_json_canonicalizer::to_vec(number)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn written(document: &Json) -> String {
        let mut bytes = Vec::new();
        write(document, &mut bytes).expect("canonical");
        String::from_utf8(bytes).expect("text")
    }

    fn reference(document: &Json) -> String {
        serde_json_canonicalizer::to_string(document).expect("canonical")
    }

    /// Any document without a float, with names and texts of every kind of character.
    fn document() -> impl Strategy<Value = Json> {
        let text = || {
            prop_oneof!["[a-z_]{0,8}", "[\\u{0}-\\u{7f}]{0,6}", "\\PC{0,6}", "[\\u{e000}-\\u{10ffff}]{0,4}"]
        };
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<u64>().prop_map(Json::from),
            (-1000_i64..1000).prop_map(Json::from),
            text().prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 64, 8, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
                prop::collection::hash_map(text(), inner, 0..6)
                    .prop_map(|fields| Json::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_document_is_written_as_the_reference_writes_it(document in document()) {
            prop_assert_eq!(written(&document), reference(&document));
        }
    }

    #[test]
    fn what_is_rare_is_written_as_the_reference_writes_it() {
        let edges = [0, 1, EXACT_MAX - 1, EXACT_MAX, EXACT_MAX + 1, u64::MAX].map(Json::from);
        let below = [i64::MIN, i64::MAX, -1, -(1 << 53), -(1 << 53) - 1].map(Json::from);
        for document in edges.iter().chain(&below) {
            assert_eq!(written(document), reference(document));
        }
        // UTF-16 puts what needs two units before the last of those that need one.
        let names =
            json!({ "\u{fb33}": 1, "\u{1f600}": 2, "a\"b": 3, "": 4, "\u{7f}": 5, "\r": { } , "é": [] });
        assert_eq!(written(&names), reference(&names));
    }

    #[test]
    fn a_float_is_refused_wherever_it_stands() {
        for document in [json!(1.0), json!([{ "a": 1.5 }])] {
            assert!(matches!(write(&document, &mut Vec::new()), Err(CanonicalError::Float(_))));
        }
    }
}
