//! The ledger's own key, under which values that may not be kept are digested. See `docs/decisions/0018-redacted-columns.md`.
//!
//! It is made the first time somebody needs it, stands beside the ledger's id and goes where the ledger goes: into a
//! backup, not into an export.

use synapsor_protocol::RedactionKey;

use crate::error::Error;
use crate::statements::{Statements, cells};
use crate::writer::Write;

/// The key; none where nothing was ever redacted.
pub(crate) fn find(conn: &dyn Statements) -> Result<Option<RedactionKey>, Error> {
    let sql = "SELECT value FROM meta WHERE name = 'redaction_key'";
    let found = conn.one("read the redaction key", sql, cells![], |row| row.text(0).map(str::to_owned))?;
    found.map(|text| RedactionKey::from_hex(&text).ok_or_else(unreadable)).transpose()
}

/// The key, made now where there is none. Whoever comes second finds the first one's.
pub(crate) fn found(write: &Write<'_>) -> Result<RedactionKey, Error> {
    if let Some(key) = find(write.conn)? {
        return Ok(key);
    }
    let fresh = format!("{}{}", write.ids.token(), write.ids.token());
    let sql = "INSERT INTO meta (name, value) VALUES ('redaction_key', ?1)";
    write.conn.execute("make the redaction key", sql, cells![&fresh])?;
    RedactionKey::from_hex(&fresh).ok_or(Error::Invariant { what: "a token is no hex digits" })
}

/// For a record that was redacted under a key that is gone.
pub(crate) fn unreadable() -> Error {
    Error::Unreadable { record: "the redaction key".into() }
}
