//! Redaction: what the record keeps in place of a value that it may not keep.
//!
//! A redacted value is a keyed digest (HMAC-SHA256) over the value and where it stood: tenant, table, row and column. The
//! same value in the same place has the same digest, so that a row can be told to be unchanged; the same value anywhere
//! else has another one, so that nothing is learned by comparing rows. Without a key nobody finds a value by trying.
//!
//! There is a key of the ledger, and from it one for each row. Whoever has a row's key can tell whether that row is unchanged, and
//! nothing about any other: it is what a worker gets that is to change the row, and sees it under the lock anyway.
//!
//! Invariant: neither key is printed anywhere. The ledger's is in no document, a row's in an assignment alone.

use std::collections::BTreeMap;
use std::fmt;

use hmac::{Hmac, Mac as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::digest::{CanonicalError, canonical_json};
use crate::value::{Columns, Value};

/// Domain of the digest: a key that is used for anything else as well gives other digests there.
const REDACTION_SCHEMA: &str = "synapsor.redaction.v2";

/// Domain of a row's key.
const ROW_KEY_SCHEMA: &str = "synapsor.redaction-row.v1";

const PREFIX: &str = "hmac-sha256:";

/// `hmac-sha256:` and 64 lower-case hex digits: stands for a value that is not kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^hmac-sha256:[0-9a-f]{64}$"))]
pub struct Redacted(String);

/// Redacted columns by name, in name order.
pub type RedactedColumns = BTreeMap<String, Redacted>;

/// The text stands for no redacted value.
#[derive(Debug, thiserror::Error)]
#[error("expected `hmac-sha256:` and 64 lower-case hex digits")]
pub struct RedactedFormatError;

impl TryFrom<String> for Redacted {
    type Error = RedactedFormatError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let hex = text.strip_prefix(PREFIX).unwrap_or_default();
        let valid = hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if valid { Ok(Self(text)) } else { Err(RedactedFormatError) }
    }
}

impl From<Redacted> for String {
    fn from(redacted: Redacted) -> Self {
        redacted.0
    }
}

impl fmt::Display for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The row whose columns are redacted.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct RedactedRow<'a> {
    /// Whose row.
    pub tenant: &'a str,
    /// The source's name in the config.
    pub source: &'a str,
    /// Schema of the table.
    pub schema: &'a str,
    /// Table.
    pub table: &'a str,
    /// The row's key, as the database printed it.
    pub key: &'a Value,
}

/// A ledger's own key. Random, made once, and never changed: its digests would match nothing any more.
#[derive(Clone)]
pub struct RedactionKey([u8; 32]);

impl RedactionKey {
    /// A key from 64 hex digits; none from anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut key = [0; 32];
        hex::decode_to_slice(text, &mut key).ok()?;
        Some(Self(key))
    }

    /// What stands for a value of one column of one row.
    ///
    /// # Errors
    /// Never for values of ours; see [`canonical_json`].
    pub fn redact(
        &self,
        row: &RedactedRow<'_>,
        column: &str,
        value: &Value,
    ) -> Result<Redacted, CanonicalError> {
        self.of_row(row)?.redact(column, value)
    }

    /// The key of one row.
    ///
    /// # Errors
    /// As for [`RedactionKey::redact`].
    pub fn of_row(&self, row: &RedactedRow<'_>) -> Result<RowKey, CanonicalError> {
        Ok(RowKey(keyed_digest(&self.0, ROW_KEY_SCHEMA, &canonical_json(row)?)))
    }

    /// Takes the named columns out of a row and answers what stands for them.
    ///
    /// # Errors
    /// As for [`RedactionKey::redact`].
    pub fn take_out(
        &self,
        columns: &mut Columns,
        named: &[String],
        row: &RedactedRow<'_>,
    ) -> Result<RedactedColumns, CanonicalError> {
        let (mut redacted, key) = (RedactedColumns::new(), self.of_row(row)?);
        for name in named {
            if let Some(value) = columns.remove(name) {
                redacted.insert(name.clone(), key.redact(name, &value)?);
            }
        }
        Ok(redacted)
    }
}

impl fmt::Debug for RedactionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedactionKey")
    }
}

/// The key of one row: it tells whether a redacted column of that row is unchanged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RowKey([u8; 32]);

/// The text is no key.
#[derive(Debug, thiserror::Error)]
#[error("expected 64 hex digits")]
pub struct RowKeyFormatError;

impl RowKey {
    /// What stands for a value of one column of this row.
    ///
    /// # Errors
    /// As for [`RedactionKey::redact`].
    pub fn redact(&self, column: &str, value: &Value) -> Result<Redacted, CanonicalError> {
        let digest = keyed_digest(&self.0, REDACTION_SCHEMA, &canonical_json(&(column, value))?);
        Ok(Redacted(format!("{PREFIX}{}", hex::encode(digest))))
    }
}

impl TryFrom<String> for RowKey {
    type Error = RowKeyFormatError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut key = [0; 32];
        hex::decode_to_slice(&text, &mut key).map_err(|_| RowKeyFormatError)?;
        Ok(Self(key))
    }
}

impl From<RowKey> for String {
    fn from(key: RowKey) -> Self {
        hex::encode(key.0)
    }
}

impl fmt::Debug for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RowKey")
    }
}

fn keyed_digest(key: &[u8; 32], domain: &str, content: &[u8]) -> [u8; 32] {
    // The one error there is means a key of a length HMAC does not take, and HMAC takes every length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()));
    mac.update(domain.as_bytes());
    mac.update(&[0]);
    mac.update(content);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(digit: &str) -> RedactionKey {
        RedactionKey::from_hex(&digit.repeat(64)).expect("a key")
    }

    fn redacted(key: &RedactionKey, tenant: &str, id: &str, column: &str, value: &Value) -> Redacted {
        let key_value = Value::Text(id.to_owned());
        let row =
            RedactedRow { tenant, source: "app", schema: "public", table: "customers", key: &key_value };
        key.redact(&row, column, value).expect("a digest")
    }

    #[test]
    fn a_value_has_one_digest_where_it_stands_and_another_anywhere_else() {
        let value = Value::Text("ada@example.com".into());
        let here = redacted(&key("a"), "acme", "C-1", "email", &value);
        assert_eq!(here, redacted(&key("a"), "acme", "C-1", "email", &value));
        for elsewhere in [
            redacted(&key("b"), "acme", "C-1", "email", &value),
            redacted(&key("a"), "globex", "C-1", "email", &value),
            redacted(&key("a"), "acme", "C-2", "email", &value),
            redacted(&key("a"), "acme", "C-1", "phone", &value),
            redacted(&key("a"), "acme", "C-1", "email", &Value::Null),
            redacted(&key("a"), "acme", "C-1", "email", &Value::Json("ada@example.com".into())),
        ] {
            assert_ne!(here, elsewhere);
        }
    }

    #[test]
    fn a_rows_key_tells_its_own_columns_and_those_of_no_other_row() {
        let (value, ids) =
            (Value::Text("ada@example.com".into()), ["C-1", "C-2"].map(|id| Value::Text(id.into())));
        let row =
            |id| RedactedRow { tenant: "acme", source: "app", schema: "public", table: "customers", key: id };
        let [one, other] = ids.each_ref().map(|id| key("a").of_row(&row(id)).expect("a key"));
        let stands = redacted(&key("a"), "acme", "C-1", "email", &value);
        assert_eq!(one.redact("email", &value).expect("a digest"), stands);
        assert_ne!(one.redact("phone", &value).expect("a digest"), stands);
        assert_ne!(other.redact("email", &value).expect("a digest"), stands);
        assert_ne!(key("b").of_row(&row(&ids[0])).expect("a key"), one);
        let sent = serde_json::to_string(&one).expect("a document");
        assert_eq!(serde_json::from_str::<RowKey>(&sent).expect("reads back"), one);
        assert!(!sent.contains(&"a".repeat(64)), "the ledger's own key stays there");
        assert_eq!(format!("{one:?}"), "RowKey");
        for text in ["", "ab", &"g".repeat(64), &"a".repeat(66)] {
            assert!(RowKey::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_taken_out_leaves_its_digest_and_nothing_else() {
        let mut columns: Columns = [("id", "C-1"), ("email", "ada@example.com")]
            .map(|(n, v)| (n.into(), Value::Text(v.into())))
            .into();
        let id = Value::Text("C-1".into());
        let row = RedactedRow { tenant: "acme", source: "app", schema: "main", table: "customers", key: &id };
        let named = ["email".to_owned(), "phone".to_owned()];
        let redacted = key("a").take_out(&mut columns, &named, &row).expect("digests");
        assert_eq!(columns.keys().collect::<Vec<_>>(), ["id"]);
        assert_eq!(redacted.keys().collect::<Vec<_>>(), ["email"]);
        let text = serde_json::to_string(&redacted).expect("a document");
        assert_eq!(serde_json::from_str::<RedactedColumns>(&text).expect("reads back"), redacted);
    }

    #[test]
    fn a_digest_and_a_key_are_read_strictly_and_a_key_is_not_printed() {
        for text in ["", "hmac-sha256:", "sha256:00", &format!("{PREFIX}{}", "A".repeat(64))] {
            assert!(Redacted::try_from(text.to_owned()).is_err(), "{text}");
        }
        for text in ["", "ab", &"g".repeat(64), &"a".repeat(66)] {
            assert!(RedactionKey::from_hex(text).is_none(), "{text}");
        }
        assert_eq!(format!("{:?}", key("a")), "RedactionKey");
    }
}
