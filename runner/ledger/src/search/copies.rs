//! Whether what a record is found by, and stands in another record, is still what stands there.

use super::table::RecordKind;
use crate::error::Error;
use crate::statements::{Statements, cells};

/// For each kind that has such columns, the statement that finds one record with a wrong one.
const WRONG: [(RecordKind, &str); 3] = [
    (
        RecordKind::Evidence,
        "SELECT e.evidence_id FROM evidence e LEFT JOIN query_audit q ON q.evidence_id = e.evidence_id
         WHERE e.fingerprint IS DISTINCT FROM q.fingerprint LIMIT 1",
    ),
    (
        RecordKind::QueryAudit,
        "SELECT q.audit_id FROM query_audit q LEFT JOIN evidence e ON e.evidence_id = q.evidence_id
         WHERE q.object_key_text IS DISTINCT FROM e.object_key_text LIMIT 1",
    ),
    (
        RecordKind::Receipt,
        "SELECT r.receipt_id FROM receipts r LEFT JOIN proposals p ON p.proposal_id = r.proposal_id
         WHERE r.tenant IS DISTINCT FROM p.tenant OR r.principal IS DISTINCT FROM p.principal
            OR r.capability IS DISTINCT FROM p.capability OR r.source IS DISTINCT FROM p.source
            OR r.schema_name IS DISTINCT FROM p.schema_name OR r.table_name IS DISTINCT FROM p.table_name
            OR r.object_type IS DISTINCT FROM p.object_type
            OR r.object_key_text IS DISTINCT FROM p.object_key_text LIMIT 1",
    ),
];

/// The first record that would be found by something it is not about.
pub(crate) fn miscopied(conn: &dyn Statements) -> Result<Option<String>, Error> {
    for (kind, sql) in WRONG {
        let found = conn
            .one("compare what records are found by", sql, cells![], |row| row.text(0).map(str::to_owned))?;
        if let Some(id) = found {
            return Ok(Some(format!("{} `{id}`", kind.name())));
        }
    }
    Ok(None)
}
