//! Whether what a record is found by, and stands in another record, is still what stands there.

use crate::error::Error;
use crate::statements::{Statements, cells};

/// Whether a receipt would be found by something its proposal is not about, as the database has it.
pub(crate) fn is_miscopied(conn: &dyn Statements, receipt_id: &str) -> Result<bool, Error> {
    let sql = "SELECT r.receipt_id FROM receipts r LEFT JOIN proposals p ON p.proposal_id = r.proposal_id
             WHERE r.receipt_id = ?1 AND (
                r.tenant IS DISTINCT FROM p.tenant OR r.principal IS DISTINCT FROM p.principal
                OR r.capability IS DISTINCT FROM p.capability OR r.source IS DISTINCT FROM p.source
                OR r.schema_name IS DISTINCT FROM p.schema_name OR r.table_name IS DISTINCT FROM p.table_name
                OR r.object_type IS DISTINCT FROM p.object_type
                OR r.object_key_text IS DISTINCT FROM p.object_key_text) LIMIT 1";
    let found = conn.one("compare what records are found by", sql, cells![receipt_id], |_| Ok(()))?;
    Ok(found.is_some())
}
