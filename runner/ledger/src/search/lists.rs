//! The lists of proposals, evidence, audits and receipts.

use serde::Serialize;
use synapsor_protocol::{EvidenceBundle, ProposalId, QueryAudit, Receipt};

use super::filter::Filter;
use super::page::{Cursor, Listing, Page};
use super::select::{self, Select};
use super::table::{EVIDENCE, PROPOSALS, PROPOSALS_FOUND, QUERY_AUDIT, RECEIPTS, Table};
use crate::documents;
use crate::error::Error;
use crate::proposals::{self, StoredProposal};
use crate::statements::{Row, Statements};

/// Evidence, and the proposal that came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundEvidence {
    /// What was read.
    pub evidence: EvidenceBundle,
    /// The proposal, where one did.
    pub proposal_id: Option<ProposalId>,
}

/// An audit, and the proposal that came of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundAudit {
    /// The entry.
    pub audit: QueryAudit,
    /// The proposal, where one did.
    pub proposal_id: Option<ProposalId>,
    /// The key of the row that was read, as people write it; none where none was.
    pub key: Option<String>,
}

/// A receipt, and what its proposal was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundReceipt {
    /// The receipt.
    pub receipt: Receipt,
    /// Of what.
    pub about: About,
}

/// What a receipt's proposal was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct About {
    /// Whose data.
    pub tenant: Option<String>,
    /// Who asked.
    pub principal: Option<String>,
    /// Through which capability.
    pub capability: Option<String>,
    /// Of which source.
    pub source: Option<String>,
    /// Table of the row.
    pub table: Option<String>,
    /// Its key as people write it.
    pub key: Option<String>,
}

/// A record with its place in a list.
pub(super) trait Placed {
    fn place(&self) -> Cursor;
}

impl Placed for StoredProposal {
    fn place(&self) -> Cursor {
        Cursor { at: self.proposal.created_at, id: self.proposal.proposal_id.to_string() }
    }
}

impl Placed for FoundEvidence {
    fn place(&self) -> Cursor {
        Cursor { at: self.evidence.received_at, id: self.evidence.evidence_id.to_string() }
    }
}

impl Placed for FoundAudit {
    fn place(&self) -> Cursor {
        Cursor { at: self.audit.at, id: self.audit.audit_id.to_string() }
    }
}

impl Placed for FoundReceipt {
    fn place(&self) -> Cursor {
        Cursor { at: self.receipt.executed_at, id: self.receipt.receipt_id.to_string() }
    }
}

/// A kind of record that is listed.
pub(super) trait Listed: Placed + Sized {
    /// Where those a filter asks for are looked up, and the `SELECT … FROM …` of what [`Listed::read`] reads.
    fn shelf(filter: &Filter) -> (&'static Table, &'static str);

    fn read(row: &dyn Row) -> Result<Self, Error>;
}

impl Listed for StoredProposal {
    /// Of a state there are many and of a key few, so the key is what both are looked up by.
    fn shelf(filter: &Filter) -> (&'static Table, &'static str) {
        let by_itself = filter.status.is_some() || filter.proposal.is_some() || filter.evidence.is_some();
        if by_itself && filter.object.key.is_none() {
            (&PROPOSALS, proposals::SELECT)
        } else {
            (&PROPOSALS_FOUND, proposals::SELECT_FOUND)
        }
    }

    fn read(row: &dyn Row) -> Result<Self, Error> {
        proposals::stored(row)
    }
}

impl Listed for FoundEvidence {
    fn shelf(_: &Filter) -> (&'static Table, &'static str) {
        let head = "SELECT (SELECT v.document FROM evidence v WHERE v.seq = f.seq),
            (SELECT e.proposal_id FROM events e WHERE e.seq = f.seq) FROM found_by f";
        (&EVIDENCE, head)
    }

    fn read(row: &dyn Row) -> Result<Self, Error> {
        Ok(Self { evidence: documents::parse(row)?, proposal_id: text(row, 1)?.map(ProposalId::from_stored) })
    }
}

impl Listed for FoundAudit {
    fn shelf(_: &Filter) -> (&'static Table, &'static str) {
        let head = "SELECT (SELECT q.document FROM query_audit q WHERE q.seq = f.seq),
            (SELECT e.proposal_id FROM events e WHERE e.seq = f.seq), f.object_key FROM found_by f";
        (&QUERY_AUDIT, head)
    }

    fn read(row: &dyn Row) -> Result<Self, Error> {
        let proposal_id = text(row, 1)?.map(ProposalId::from_stored);
        Ok(Self { audit: documents::parse(row)?, proposal_id, key: text(row, 2)? })
    }
}

impl Listed for FoundReceipt {
    fn shelf(_: &Filter) -> (&'static Table, &'static str) {
        let head = "SELECT r.document, r.tenant, r.principal, r.capability, r.source, r.table_name,
            r.object_key_text FROM receipts r";
        (&RECEIPTS, head)
    }

    fn read(row: &dyn Row) -> Result<Self, Error> {
        let about = About {
            tenant: text(row, 1)?,
            principal: text(row, 2)?,
            capability: text(row, 3)?,
            source: text(row, 4)?,
            table: text(row, 5)?,
            key: text(row, 6)?,
        };
        Ok(Self { receipt: documents::parse(row)?, about })
    }
}

/// One page of proposals.
pub(crate) fn proposals(
    conn: &dyn Statements,
    filter: &Filter,
    page: &Page,
) -> Result<Listing<StoredProposal>, Error> {
    list(conn, filter, page)
}

/// One page of a kind.
pub(super) fn list<T: Listed>(
    conn: &dyn Statements,
    filter: &Filter,
    page: &Page,
) -> Result<Listing<T>, Error> {
    let Some(select) = statement::<T>(filter, page) else {
        return Ok(Listing { items: Vec::new(), next: None });
    };
    Ok(Listing::cut(select.all(conn, T::read)?, page.rows(), T::place))
}

/// The record of that id.
pub(super) fn one<T: Listed>(conn: &dyn Statements, id: &str) -> Result<Option<T>, Error> {
    let (&Table { alias, id: column, .. }, head) = T::shelf(&Filter::default());
    let mut select = Select::from(head);
    select.and(&format!("{alias}.{column} ="), select::Param::Text(id.to_owned()), "");
    Ok(select.all(conn, T::read)?.pop())
}

/// The statement behind a page of a kind.
pub(super) fn statement<T: Listed>(filter: &Filter, page: &Page) -> Option<Select> {
    let (table, head) = T::shelf(filter);
    select::page(table, head, filter, page)
}

fn text(row: &dyn Row, column: usize) -> Result<Option<String>, Error> {
    Ok(row.optional_text(column)?.map(str::to_owned))
}
