//! What an event is found by, and with it the evidence and the audit it vouches for: computed from these alone.
//!
//! Invariant: the row of an event follows from its kind, its actor and its two documents, so that it can be made anew, and
//! held against them, at any time.

use serde::Deserialize;
use synapsor_protocol::{Code, Digest, QueryAudit};

use super::names::Names;
use super::object::singular;
use crate::error::Error;
use crate::statements::{Cell, Row, Statements};

/// The columns of a row after its `seq`, in the order of [`Found::words`].
pub(crate) const COLUMNS: [&str; COLUMNS_COUNT] = [
    "kind",
    "actor",
    "at",
    "audit_id",
    "evidence_id",
    "tenant",
    "principal",
    "capability",
    "source",
    "schema_name",
    "table_name",
    "object_type",
    "object_key",
    "fingerprint",
    "code",
];

/// Those of them that hold the number of a name.
pub(super) const NAMED: [&str; 11] = [
    "kind",
    "actor",
    "tenant",
    "principal",
    "capability",
    "source",
    "schema_name",
    "table_name",
    "object_type",
    "fingerprint",
    "code",
];

/// How many columns there are.
const COLUMNS_COUNT: usize = 15;

/// One column of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Nothing,
    Micros(i64),
    /// As it is.
    Text(String),
    /// By its number.
    Name(String),
}

/// The row of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    seq: i64,
    words: [Word; COLUMNS_COUNT],
}

/// What evidence says beyond its audit.
#[derive(Deserialize)]
struct Place {
    evidence_id: String,
    schema: String,
    table: String,
    key: serde_json::Value,
}

impl Found {
    /// From what is stored. A document that does not read back finds nothing; its seal tells that it was edited.
    pub(crate) fn of(seq: i64, kind: &str, actor: &str, audit: Option<&str>, evidence: Option<&str>) -> Self {
        let audit = audit.and_then(|text| serde_json::from_str::<QueryAudit>(text).ok());
        let place = evidence.and_then(|text| serde_json::from_str::<Place>(text).ok());
        let [kind, actor] = [kind, actor].map(|text| Word::Name(plain(text)));
        let Some(audit) = audit else {
            let mut words = [const { Word::Nothing }; COLUMNS_COUNT];
            let [first, second, ..] = &mut words;
            (*first, *second) = (kind, actor);
            return Self { seq, words };
        };
        let (schema, table) = match &place {
            Some(place) => (Some(place.schema.as_str()), Some(place.table.as_str())),
            None => parts(audit.table.as_deref()),
        };
        let evidence_id = place.as_ref().map(|place| place.evidence_id.as_str());
        let key = place.as_ref().and_then(|place| key_text(&place.key));
        let words = [
            kind,
            actor,
            Word::Micros(audit.at.micros()),
            Word::text(Some(audit.audit_id.as_str())),
            Word::text(evidence_id),
            Word::name(audit.tenant.as_deref()),
            Word::name(audit.principal.as_deref()),
            Word::name(Some(audit.capability.as_str())),
            Word::name(audit.source.as_deref()),
            Word::name(schema),
            Word::name(table),
            Word::name(table.map(singular).as_deref()),
            Word::text(key.as_deref()),
            Word::name(audit.fingerprint.as_ref().map(Digest::as_str)),
            Word::name(audit.refused.map(Code::as_str)),
        ];
        Self { seq, words }
    }

    pub(crate) fn seq(&self) -> i64 {
        self.seq
    }

    /// Stores the row. What it says nothing about is left out: a server would want to know of what type nothing is.
    pub(super) fn insert(&self, conn: &dyn Statements, names: &mut Names) -> Result<(), Error> {
        let (mut columns, mut values) = (String::from("seq"), String::from("?1"));
        let mut cells = Vec::with_capacity(COLUMNS_COUNT + 1);
        cells.push(Cell::Integer(self.seq));
        for (column, word) in COLUMNS.iter().zip(&self.words) {
            cells.push(match word {
                Word::Nothing => continue,
                Word::Micros(micros) => Cell::Integer(*micros),
                Word::Text(text) => Cell::Text(text),
                Word::Name(name) => Cell::Integer(names.intern(conn, name)?),
            });
            columns.push_str(&format!(", {column}"));
            values.push_str(&format!(", ?{}", cells.len()));
        }
        let sql = format!("INSERT INTO found_by ({columns}) VALUES ({values})");
        conn.execute("note what an event is found by", &sql, &cells).map(drop)
    }

    /// Whether a row of [`COLUMNS`], of which the first has that number, is this one.
    pub(super) fn is(
        &self,
        conn: &dyn Statements,
        names: &mut Names,
        row: &dyn Row,
        first: usize,
    ) -> Result<bool, Error> {
        for (column, word) in self.words.iter().enumerate() {
            let same = match (word, row.cell(first + column)?) {
                (Word::Nothing, Cell::Null) => true,
                (Word::Micros(micros), Cell::Integer(stored)) => *micros == stored,
                (Word::Text(text), Cell::Text(stored)) => text == stored,
                (Word::Name(name), Cell::Integer(stored)) => names.find(conn, name)? == Some(stored),
                _ => false,
            };
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Word {
    fn text(text: Option<&str>) -> Self {
        text.map_or(Self::Nothing, |text| Self::Text(plain(text)))
    }

    fn name(name: Option<&str>) -> Self {
        name.map_or(Self::Nothing, |name| Self::Name(plain(name)))
    }
}

/// A server's text cannot hold the character NUL, so what is found by it is found by what stands for it.
fn plain(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// An audit names its table as `schema.table`.
fn parts(table: Option<&str>) -> (Option<&str>, Option<&str>) {
    match table.map(|table| table.split_once('.').ok_or(table)) {
        None => (None, None),
        Some(Ok((schema, table))) => (Some(schema), Some(table)),
        Some(Err(table)) => (Some(""), Some(table)),
    }
}

/// A key as people write it: what stands in its typed value, a boolean as 1 or 0.
fn key_text(key: &serde_json::Value) -> Option<String> {
    match key.as_object()?.values().next()? {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Bool(value) => Some(u8::from(*value).to_string()),
        serde_json::Value::Null => None,
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(document: serde_json::Value) -> Option<String> {
        key_text(&document)
    }

    #[test]
    fn a_key_is_found_as_people_write_it() {
        use serde_json::json;
        assert_eq!(key(json!({ "text": "INV-1" })).as_deref(), Some("INV-1"));
        assert_eq!(key(json!({ "integer": 7 })).as_deref(), Some("7"));
        assert_eq!(key(json!({ "integer": "9007199254740993" })).as_deref(), Some("9007199254740993"));
        assert_eq!(key(json!({ "boolean": true })).as_deref(), Some("1"));
        assert_eq!(key(json!({ "null": null })), None);
        assert_eq!(key(json!(null)), None);
    }

    #[test]
    fn a_document_that_does_not_read_back_finds_nothing_but_its_event() {
        let edited = Found::of(7, "evidence_recorded", "bot-7", Some("no json"), Some("{}"));
        assert_eq!(edited, Found::of(7, "evidence_recorded", "bot-7", None, None));
        assert!(edited.words[2..].iter().all(|word| *word == Word::Nothing));
    }

    #[test]
    fn every_column_that_holds_the_number_of_a_name_is_known_to() {
        let at = synapsor_protocol::Moment::from_micros(7).expect("in range");
        let digest = Digest::of_bytes(b"a query");
        let audit = serde_json::json!({ "audit_id": "qa_1", "evidence_id": "ev_1", "tenant": "acme", "principal": "bot-7",
            "capability": "orders.read", "source": "shop", "table": "main.orders", "fingerprint": digest, "row_count": 1,
            "refused": "ROW_NOT_FOUND", "at": at });
        let evidence = serde_json::json!({ "evidence_id": "ev_1", "schema": "main", "table": "orders",
            "key": { "integer": 1 } });
        let (audit, evidence) = (audit.to_string(), evidence.to_string());
        let found = Found::of(7, "evidence_recorded", "bot-7", Some(&audit), Some(&evidence));
        let is_name = |(_, word): &(&&str, &Word)| matches!(word, Word::Name(_));
        let named: Vec<_> =
            COLUMNS.iter().zip(&found.words).filter(is_name).map(|(column, _)| *column).collect();
        assert_eq!(named, NAMED);
    }

    #[test]
    fn a_table_without_a_schema_has_an_empty_one() {
        assert_eq!(parts(Some("main.orders")), (Some("main"), Some("orders")));
        assert_eq!(parts(Some("orders")), (Some(""), Some("orders")));
        assert_eq!(parts(None), (None, None));
    }
}
