//! Whether what a record is found by, and stands in another record, is still what stands there.
//!
//! A walk over the chain has both documents in hand, so it compares them itself, each taken apart once and borrowed. The
//! database computes such a column by taking the whole document apart; it is asked only where the two look unlike, because
//! what it made of a document is what counts.

use serde::Deserialize;
use synapsor_protocol::Value;

use super::table::RecordKind;
use crate::error::Error;
use crate::statements::{Statements, cells};

/// The key of its row, as evidence says it.
pub(crate) fn said_key(evidence: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Evidence {
        key: Value,
    }
    let said = serde_json::from_str::<Evidence>(evidence).ok()?.key;
    Some(said).filter(|key| !key.is_null()).map(|key| key.to_string())
}

/// The fingerprint of its query, as an audit says it.
pub(crate) fn said_fingerprint(audit: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Audit<'d> {
        #[serde(borrow)]
        fingerprint: Option<&'d str>,
    }
    serde_json::from_str::<Audit<'_>>(audit).ok()?.fingerprint.map(str::to_owned)
}

/// Whether the record would be found by something it is not about, as the database has it.
pub(crate) fn is_miscopied(conn: &dyn Statements, kind: RecordKind, id: &str) -> Result<bool, Error> {
    let sql = match kind {
        // What a proposal is found by is computed from its own document.
        RecordKind::Proposal => return Ok(false),
        RecordKind::Evidence => {
            "SELECT e.evidence_id FROM evidence e LEFT JOIN query_audit q ON q.evidence_id = e.evidence_id
             WHERE e.evidence_id = ?1 AND e.fingerprint IS DISTINCT FROM q.fingerprint LIMIT 1"
        }
        RecordKind::QueryAudit => {
            "SELECT q.audit_id FROM query_audit q LEFT JOIN evidence e ON e.evidence_id = q.evidence_id
             WHERE q.audit_id = ?1 AND q.object_key_text IS DISTINCT FROM e.object_key_text LIMIT 1"
        }
        RecordKind::Receipt => {
            "SELECT r.receipt_id FROM receipts r LEFT JOIN proposals p ON p.proposal_id = r.proposal_id
             WHERE r.receipt_id = ?1 AND (
                r.tenant IS DISTINCT FROM p.tenant OR r.principal IS DISTINCT FROM p.principal
                OR r.capability IS DISTINCT FROM p.capability OR r.source IS DISTINCT FROM p.source
                OR r.schema_name IS DISTINCT FROM p.schema_name OR r.table_name IS DISTINCT FROM p.table_name
                OR r.object_type IS DISTINCT FROM p.object_type
                OR r.object_key_text IS DISTINCT FROM p.object_key_text) LIMIT 1"
        }
    };
    let found = conn.one("compare what records are found by", sql, cells![id], |_| Ok(()))?;
    Ok(found.is_some())
}
