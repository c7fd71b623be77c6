//! JSON in its canonical form (RFC 8785), written straight into one buffer.
//!
//! A record is written out this way several times before it is stored, while somebody waits. `serde_json_canonicalizer` is
//! the reference, which the test holds this to; it makes a writer for every fragment and parses every key again, which was
//! most of what recording a call cost. A tree of the document to sort was most of the rest: here the members of an object
//! are put in order where they stand.
//!
//! Invariant: the reference would write the same, byte for byte: digests are over these bytes, and stay what they are.

mod serializer;

use std::cmp::Ordering;

use serde::Serialize;
use serde_json::Number;

use crate::digest::CanonicalError;

/// Integers up to here are the same number as the double RFC 8785 takes them for.
const EXACT_MAX: u64 = 1 << 53;

/// Room for a document of ordinary size.
const BYTES_EXPECTED: usize = 1024;

/// A document's bytes.
pub(crate) fn to_vec<T: Serialize + ?Sized>(document: &T) -> Result<Vec<u8>, CanonicalError> {
    let mut writer = Writer { bytes: Vec::with_capacity(BYTES_EXPECTED), members: Vec::new() };
    document.serialize(&mut writer)?;
    Ok(writer.bytes)
}

/// What is written so far.
struct Writer {
    bytes: Vec<u8>,
    /// Of every object that is not ended, outermost first.
    members: Vec<Member>,
}

/// A member of an object, by where it stands.
#[derive(Clone, Copy)]
struct Member {
    begins: usize,
    name_ends: usize,
}

/// An object that is not ended, by its first place among the members.
#[derive(Clone, Copy)]
struct Object(usize);

impl Writer {
    /// What is escaped in a text, and how, is the same in every JSON this crate writes.
    fn text(&mut self, text: &str) -> Result<(), CanonicalError> {
        Ok(serde_json::to_writer(&mut self.bytes, text)?)
    }

    fn integer(&mut self, integer: impl Into<Number>) -> Result<(), CanonicalError> {
        let integer = integer.into();
        let size = integer.as_u64().or_else(|| integer.as_i64().map(i64::unsigned_abs));
        if size.is_some_and(|size| size <= EXACT_MAX) {
            return Ok(serde_json::to_writer(&mut self.bytes, &integer)?);
        }
        self.bytes.extend(serde_json_canonicalizer::to_vec(&integer)?);
        Ok(())
    }

    fn begin_object(&mut self) -> Object {
        self.bytes.push(b'{');
        Object(self.members.len())
    }

    /// The next member's name, whatever writes it, and its colon.
    fn name(
        &mut self,
        object: Object,
        write: impl FnOnce(&mut Self) -> Result<(), CanonicalError>,
    ) -> Result<(), CanonicalError> {
        if self.members.len() > object.0 {
            self.bytes.push(b',');
        }
        let begins = self.bytes.len();
        write(self)?;
        self.members.push(Member { begins, name_ends: self.bytes.len() });
        self.bytes.push(b':');
        Ok(())
    }

    fn end_object(&mut self, Object(first): Object) {
        let members = self.members.get(first..).unwrap_or_default();
        let names = || members.iter().map(|member| self.name_of(*member));
        let in_order = names().zip(names().skip(1)).all(|(one, next)| compare(one, next).is_lt());
        if let (Some(begin), false) = (members.first().map(|member| member.begins), in_order) {
            let sorted = self.sorted(members);
            self.bytes.truncate(begin);
            self.bytes.extend(sorted);
        }
        self.members.truncate(first);
        self.bytes.push(b'}');
    }

    /// The members in the order of their names; of several with one name the last, as every reader takes it.
    fn sorted(&self, members: &[Member]) -> Vec<u8> {
        let ends = members.iter().skip(1).map(|next| next.begins.saturating_sub(1));
        let mut members: Vec<(Member, usize)> =
            members.iter().copied().zip(ends.chain([self.bytes.len()])).collect();
        members.sort_by(|(one, _), (other, _)| compare(self.name_of(*one), self.name_of(*other)));
        let mut sorted = Vec::with_capacity(self.bytes.len());
        let mut members = members.into_iter().peekable();
        while let Some((member, ends)) = members.next() {
            let again = |(next, _): &(Member, usize)| self.name_of(*next) == self.name_of(member);
            if members.peek().is_some_and(again) {
                continue;
            }
            if !sorted.is_empty() {
                sorted.push(b',');
            }
            sorted.extend_from_slice(self.bytes.get(member.begins..ends).unwrap_or_default());
        }
        sorted
    }

    /// The name as it is written, with its quotes.
    fn name_of(&self, member: Member) -> &[u8] {
        self.bytes.get(member.begins..member.name_ends).unwrap_or_default()
    }
}

/// How two written names compare: by their UTF-16, which for plain ones is by their bytes.
fn compare(one: &[u8], other: &[u8]) -> Ordering {
    let is_plain = |name: &[u8]| name.is_ascii() && !name.contains(&b'\\');
    if is_plain(one) && is_plain(other) {
        return without_quote(one).cmp(without_quote(other));
    }
    read(one).encode_utf16().cmp(read(other).encode_utf16())
}

/// The closing quote is less than some characters and not than others.
fn without_quote(name: &[u8]) -> &[u8] {
    name.strip_suffix(b"\"").unwrap_or(name)
}

/// Cannot fail: the name was written a moment ago.
fn read(name: &[u8]) -> String {
    serde_json::from_slice(name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;

    fn written<T: Serialize + ?Sized>(document: &T) -> String {
        String::from_utf8(to_vec(document).expect("canonical")).expect("text")
    }

    fn reference<T: Serialize>(document: &T) -> String {
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
            assert!(matches!(to_vec(&document), Err(CanonicalError::Float(_))));
        }
        assert!(matches!(to_vec(&f32::NAN), Err(CanonicalError::Float(_))));
    }

    #[derive(Serialize)]
    enum Shape {
        Unit,
        Newtype(u8),
        Tuple(i8, char),
        Struct { z: bool, a: Option<()> },
    }

    #[derive(Serialize)]
    struct Document<'a> {
        shapes: Vec<Shape>,
        by_number: BTreeMap<i32, &'a str>,
        by_answer: BTreeMap<bool, u64>,
        pair: (u16, Option<i64>),
        nothing: (),
        bytes: &'a [u8],
        #[serde(flatten)]
        more: BTreeMap<&'a str, Json>,
        absent: Option<u8>,
    }

    #[test]
    fn every_shape_of_a_document_is_written_as_the_reference_writes_it() {
        let struct_shape = Shape::Struct { z: true, a: None };
        let document = Document {
            shapes: vec![Shape::Unit, Shape::Newtype(1), Shape::Tuple(-1, '"'), struct_shape],
            by_number: BTreeMap::from([(-2, "b"), (10, "a"), (9, "é")]),
            by_answer: BTreeMap::from([(false, 1 << 60), (true, 0)]),
            pair: (7, Some(i64::MIN)),
            nothing: (),
            bytes: b"ab",
            more: BTreeMap::from([("a", json!({ "b": {}, "a": [] })), ("zz", json!("")), ("a-b", json!(1))]),
            absent: None,
        };
        assert_eq!(written(&document), reference(&document));
        assert_eq!(
            written(&[document.by_number.clone(), BTreeMap::new()]),
            reference(&[document.by_number, BTreeMap::new()])
        );
    }

    #[test]
    fn a_name_that_is_the_beginning_of_another_goes_before_it() {
        let document = json!({ "ab": 1, "a": 2, "a!": 3, "a b": 4, "a\"": 5 });
        assert_eq!(written(&document), reference(&document));
    }

    #[test]
    fn what_json_has_no_member_for_is_refused() {
        assert!(to_vec(&BTreeMap::from([(vec![1], 1)])).is_err());
        assert!(to_vec(&BTreeMap::from([((), 1)])).is_err());
        assert!(to_vec(&u128::MAX).is_err());
    }
}
