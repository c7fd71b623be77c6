//! What an event is found by, and with it the evidence and the audit it vouches for, the proposal it made, or a candidate's run:
//! computed from these alone.
//!
//! Invariant: the row of an event follows from the event and its two documents, so that it can be made anew, and held against
//! them, at any time.
//! Invariant: a proposal is found by the call that made it; one that is about something else is not recorded.

use std::borrow::Cow;

use serde::Deserialize;
use synapsor_protocol::{EventKind, Moment};

use super::names::{Meanings, Names};
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
    "proposal_id",
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
const COLUMNS_COUNT: usize = 16;

/// One column of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word<'r> {
    Nothing,
    Micros(i64),
    /// As it is.
    Text(Cow<'r, str>),
    /// By its number.
    Name(Cow<'r, str>),
}

/// An event, as far as something is found by it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noted<'r> {
    /// Its number.
    pub(crate) seq: i64,
    /// What happened.
    pub(crate) kind: &'r str,
    /// Who did it.
    pub(crate) actor: &'r str,
    /// The proposal it is about.
    pub(crate) proposal_id: Option<&'r str>,
}

/// The row of one event. Its words lie in what is stored: a walk over the ledger makes one for every event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found<'r> {
    seq: i64,
    words: [Word<'r>; COLUMNS_COUNT],
}

/// A text that is copied only where JSON has to escape a part of it.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'r>(#[serde(borrow)] pub(super) Cow<'r, str>);

/// What an audit says, as far as something is found by it.
#[derive(Deserialize)]
struct Call<'r> {
    #[serde(borrow)]
    audit_id: Text<'r>,
    #[serde(borrow)]
    capability: Text<'r>,
    #[serde(borrow)]
    tenant: Option<Text<'r>>,
    #[serde(borrow)]
    principal: Option<Text<'r>>,
    #[serde(borrow)]
    source: Option<Text<'r>>,
    #[serde(borrow)]
    table: Option<Text<'r>>,
    #[serde(borrow)]
    fingerprint: Option<Text<'r>>,
    #[serde(borrow)]
    refused: Option<Text<'r>>,
    at: Moment,
}

/// What evidence says beyond its audit.
#[derive(Deserialize)]
struct Place<'r> {
    #[serde(borrow)]
    evidence_id: Text<'r>,
    #[serde(borrow)]
    source: Text<'r>,
    #[serde(borrow)]
    schema: Text<'r>,
    #[serde(borrow)]
    table: Text<'r>,
    key: serde_json::Value,
}

/// What a candidate's run says of the call it was shown.
#[derive(Deserialize)]
struct Ran<'r> {
    #[serde(borrow)]
    capability: Text<'r>,
    #[serde(borrow)]
    tenant: Text<'r>,
    #[serde(borrow)]
    principal: Text<'r>,
    #[serde(borrow)]
    source: Text<'r>,
    #[serde(borrow)]
    schema: Text<'r>,
    #[serde(borrow)]
    table: Text<'r>,
    key: serde_json::Value,
    at: Moment,
}

impl<'r> Found<'r> {
    /// From what is stored. A document that does not read back finds nothing; its seal tells that it was edited.
    pub(crate) fn of(event: Noted<'r>, audit: Option<&'r str>, evidence: Option<&'r str>) -> Self {
        if event.kind == EventKind::ShadowCandidateRan.as_str() {
            return Self::of_run(event, evidence);
        }
        let call = audit.and_then(|text| serde_json::from_str::<Call<'r>>(text).ok());
        let place = evidence.and_then(|text| serde_json::from_str::<Place<'r>>(text).ok());
        let Some(call) = call else { return Self::bare(event) };
        let [kind, actor] = event.names();
        let key = place.as_ref().and_then(|place| key_text(&place.key)).map(|key| Text(Cow::Owned(key)));
        let (evidence_id, source, schema, table) = match place {
            Some(Place { evidence_id, source, schema, table, .. }) => {
                (Some(evidence_id), Some(source), Some(schema), Some(table))
            }
            None => {
                let (schema, table) = parts(call.table);
                (None, call.source, schema, table)
            }
        };
        let object_type = table.as_ref().map(|table| Text(Cow::Owned(singular(&table.0))));
        let words = [
            kind,
            actor,
            Word::Micros(call.at.micros()),
            Word::text(Some(call.audit_id)),
            Word::text(evidence_id),
            Word::name(call.tenant),
            Word::name(call.principal),
            Word::name(Some(call.capability)),
            Word::name(source),
            Word::name(schema),
            Word::name(table),
            Word::name(object_type),
            Word::text(key),
            Word::name(call.fingerprint),
            Word::name(call.refused),
            Word::text(event.made().map(|id| Text(Cow::Borrowed(id)))),
        ];
        Self { seq: event.seq, words }
    }

    /// An event that records no call, or whose documents do not read back.
    fn bare(event: Noted<'r>) -> Self {
        let mut words = [const { Word::Nothing }; COLUMNS_COUNT];
        let [first, second, ..] = &mut words;
        [*first, *second] = event.names();
        Self { seq: event.seq, words }
    }

    /// A candidate's run is found by the call it was shown, and is neither that call's evidence nor its audit.
    fn of_run(event: Noted<'r>, run: Option<&'r str>) -> Self {
        let Some(ran) = run.and_then(|text| serde_json::from_str::<Ran<'r>>(text).ok()) else {
            return Self::bare(event);
        };
        let [kind, actor] = event.names();
        let object_type = Text(Cow::Owned(singular(&ran.table.0)));
        let words = [
            kind,
            actor,
            Word::Micros(ran.at.micros()),
            Word::Nothing,
            Word::Nothing,
            Word::name(Some(ran.tenant)),
            Word::name(Some(ran.principal)),
            Word::name(Some(ran.capability)),
            Word::name(Some(ran.source)),
            Word::name(Some(ran.schema)),
            Word::name(Some(ran.table)),
            Word::name(Some(object_type)),
            Word::text(key_text(&ran.key).map(|key| Text(Cow::Owned(key)))),
            Word::Nothing,
            Word::Nothing,
            Word::Nothing,
        ];
        Self { seq: event.seq, words }
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
        names: &mut Meanings,
        row: &dyn Row,
        first: usize,
    ) -> Result<bool, Error> {
        for (column, word) in self.words.iter().enumerate() {
            let same = match (word, row.cell(first + column)?) {
                (Word::Nothing, Cell::Null) => true,
                (Word::Micros(micros), Cell::Integer(stored)) => *micros == stored,
                (Word::Text(text), Cell::Text(stored)) => text == stored,
                (Word::Name(name), Cell::Integer(stored)) => names.is(conn, stored, name)?,
                _ => false,
            };
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl<'r> Noted<'r> {
    fn names(self) -> [Word<'r>; 2] {
        [self.kind, self.actor].map(|text| Word::Name(plain(Cow::Borrowed(text))))
    }

    /// The proposal it made, and not one it came to speak of.
    fn made(self) -> Option<&'r str> {
        self.proposal_id.filter(|_| self.kind == EventKind::ProposalCreated.as_str())
    }
}

impl<'r> Word<'r> {
    fn text(text: Option<Text<'r>>) -> Self {
        text.map_or(Self::Nothing, |text| Self::Text(plain(text.0)))
    }

    fn name(name: Option<Text<'r>>) -> Self {
        name.map_or(Self::Nothing, |name| Self::Name(plain(name.0)))
    }
}

/// A server's text cannot hold the character NUL, so what is found by it is found by what stands for it.
pub(super) fn plain(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { text }
}

/// An audit names its table as `schema.table`.
fn parts(table: Option<Text<'_>>) -> (Option<Text<'_>>, Option<Text<'_>>) {
    let Some(Text(text)) = table else { return (None, None) };
    let (schema, table) = match text {
        Cow::Borrowed(text) => {
            let (schema, table) = text.split_once('.').unwrap_or(("", text));
            (Cow::Borrowed(schema), Cow::Borrowed(table))
        }
        Cow::Owned(text) => {
            let (schema, table) = text.split_once('.').unwrap_or(("", &text));
            (Cow::Owned(schema.to_owned()), Cow::Owned(table.to_owned()))
        }
    };
    (Some(Text(schema)), Some(Text(table)))
}

/// A key as people write it: what stands in its typed value, a boolean as 1 or 0.
pub(super) fn key_text(key: &serde_json::Value) -> Option<String> {
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

    fn words<'r>(
        (schema, table): (Option<Text<'r>>, Option<Text<'r>>),
    ) -> (Option<Cow<'r, str>>, Option<Cow<'r, str>>) {
        (schema.map(|text| text.0), table.map(|text| text.0))
    }

    fn noted(kind: &str) -> Noted<'_> {
        Noted { seq: 7, kind, actor: "bot-7", proposal_id: None }
    }

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
        let event = Noted { proposal_id: Some("wrp_1"), ..noted("proposal_created") };
        let edited = Found::of(event, Some("no json"), Some("{}"));
        assert_eq!(edited, Found::of(event, None, None));
        assert!(edited.words[2..].iter().all(|word| *word == Word::Nothing));
    }

    #[test]
    fn every_column_that_holds_the_number_of_a_name_is_known_to() {
        let at = Moment::from_micros(7).expect("in range");
        let digest = synapsor_protocol::Digest::of_bytes(b"a query");
        let audit = serde_json::json!({ "audit_id": "qa_1", "evidence_id": "ev_1", "tenant": "acme", "principal": "bot-7",
            "capability": "orders.read", "source": "shop", "table": "main.orders", "fingerprint": digest, "row_count": 1,
            "refused": "ROW_NOT_FOUND", "at": at });
        let evidence = serde_json::json!({ "evidence_id": "ev_1", "source": "shop", "schema": "main", "table": "orders",
            "key": { "integer": 1 } });
        let (audit, evidence) = (audit.to_string(), evidence.to_string());
        let found = Found::of(noted("evidence_recorded"), Some(&audit), Some(&evidence));
        let is_name = |(_, word): &(&&str, &Word)| matches!(word, Word::Name(_));
        let named: Vec<_> =
            COLUMNS.iter().zip(&found.words).filter(is_name).map(|(column, _)| *column).collect();
        assert_eq!(named, NAMED);
    }

    #[test]
    fn what_json_escapes_is_found_as_it_was_meant() {
        let audit = r#"{"audit_id":"qa_1","capability":"orders.read","tenant":"a\"b\u0000","at":"2026-01-01T00:00:00.000000Z"}"#;
        let found = Found::of(noted("call_refused"), Some(audit), None);
        assert_eq!(found.words[5], Word::Name("a\"b\u{fffd}".into()));
        assert_eq!(found.words[9], Word::Nothing);
    }

    #[test]
    fn a_proposal_is_found_by_the_event_of_its_making_and_by_no_later_one() {
        let audit = r#"{"audit_id":"qa_1","capability":"orders.read","at":"2026-01-01T00:00:00.000000Z"}"#;
        for (kind, made) in
            [("proposal_created", Word::Text("wrp_1".into())), ("evidence_recorded", Word::Nothing)]
        {
            let event = Noted { proposal_id: Some("wrp_1"), ..noted(kind) };
            assert_eq!(Found::of(event, Some(audit), None).words.last(), Some(&made), "{kind}");
        }
    }

    #[test]
    fn a_table_without_a_schema_has_an_empty_one() {
        for text in [Cow::Borrowed("main.orders"), Cow::Owned("main.orders".to_owned())] {
            assert_eq!(words(parts(Some(Text(text)))), (Some("main".into()), Some("orders".into())));
        }
        assert_eq!(words(parts(Some(Text("orders".into())))), (Some("".into()), Some("orders".into())));
        assert_eq!(words(parts(None)), (None, None));
    }
}
