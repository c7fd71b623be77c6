//! What the ledger answers to somebody who looks for records.

use synapsor_protocol::{Event, EvidenceId};

use super::activity::{self, Activity};
use super::events::{self, EventFilter};
use super::filter::Filter;
use super::lists::{self, FoundAudit, FoundEvidence, FoundReceipt, Listed};
use super::page::{Listing, PAGE_ROWS_MAX, Page};
use super::reference;
use super::table::RecordKind;
use crate::error::Error;
use crate::ledger::Ledger;
use crate::proposals::StoredProposal;
use crate::statements::Statements;

impl Ledger {
    /// A page of the proposals a filter lets through, newest first.
    ///
    /// # Errors
    /// When the ledger cannot be read. So for every list.
    pub async fn find_proposals(
        &self,
        filter: &Filter,
        page: &Page,
    ) -> Result<Listing<StoredProposal>, Error> {
        self.list(filter, page).await
    }

    /// A page of the evidence a filter lets through, newest first.
    ///
    /// # Errors
    /// See [`Ledger::find_proposals`].
    pub async fn find_evidence(&self, filter: &Filter, page: &Page) -> Result<Listing<FoundEvidence>, Error> {
        self.list(filter, page).await
    }

    /// A page of the query audits a filter lets through, newest first.
    ///
    /// # Errors
    /// See [`Ledger::find_proposals`].
    pub async fn find_audits(&self, filter: &Filter, page: &Page) -> Result<Listing<FoundAudit>, Error> {
        self.list(filter, page).await
    }

    /// A page of the receipts a filter lets through, newest first.
    ///
    /// # Errors
    /// See [`Ledger::find_proposals`].
    pub async fn find_receipts(&self, filter: &Filter, page: &Page) -> Result<Listing<FoundReceipt>, Error> {
        self.list(filter, page).await
    }

    /// A page of everything a filter lets through, newest first: proposals, evidence that led to none, audits and
    /// receipts. A page may be shorter than asked for; [`Listing::next`] says whether it is the last.
    ///
    /// # Errors
    /// See [`Ledger::find_proposals`].
    pub async fn find_activity(&self, filter: &Filter, page: &Page) -> Result<Listing<Activity>, Error> {
        let (filter, page) = (filter.clone(), page.clone());
        self.book.search(move |conn| activity::list(conn, &filter, &page)).await
    }

    /// The evidence of that id, and the proposal that came of it.
    ///
    /// # Errors
    /// When there is none, or it cannot be read back. So for every record by its id.
    pub async fn evidence_record(&self, id: &EvidenceId) -> Result<FoundEvidence, Error> {
        self.one(RecordKind::Evidence, id.as_str()).await
    }

    /// The query audit of that id.
    ///
    /// # Errors
    /// See [`Ledger::evidence_record`].
    pub async fn audit_record(&self, id: &str) -> Result<FoundAudit, Error> {
        self.one(RecordKind::QueryAudit, id).await
    }

    /// The receipt of that id.
    ///
    /// # Errors
    /// See [`Ledger::evidence_record`].
    pub async fn receipt_record(&self, id: &str) -> Result<FoundReceipt, Error> {
        self.one(RecordKind::Receipt, id).await
    }

    /// The id of the one record a person means: a full id, an unambiguous start of one (with or without its prefix), or
    /// `latest`, which of proposals is the one that was recorded last.
    ///
    /// # Errors
    /// When no record of the kind matches, or more than one.
    pub async fn resolve_record(&self, kind: RecordKind, reference: &str) -> Result<String, Error> {
        let reference = reference.to_owned();
        let look = move |conn: &dyn Statements| reference::resolve(conn, kind, &reference);
        self.look(kind.table().is_found_later(), look).await
    }

    /// The latest events a filter lets through, oldest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn latest_events(&self, filter: &EventFilter, rows_max: u32) -> Result<Vec<Event>, Error> {
        let (filter, rows) = (filter.clone(), rows(rows_max));
        self.look(filter.is_searched(), move |conn| events::latest(conn, &filter, rows)).await
    }

    /// The events after the one of that number that a filter lets through, oldest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn events_after(
        &self,
        filter: &EventFilter,
        seq: i64,
        rows_max: u32,
    ) -> Result<Vec<Event>, Error> {
        let (filter, rows) = (filter.clone(), rows(rows_max));
        self.look(filter.is_searched(), move |conn| events::after(conn, &filter, seq, rows)).await
    }

    async fn list<T: Listed + Send + 'static>(
        &self,
        filter: &Filter,
        page: &Page,
    ) -> Result<Listing<T>, Error> {
        let (filter, page) = (filter.clone(), page.clone());
        let is_found_later = T::shelf(&filter).0.is_found_later() || filter.evidence.is_some();
        self.look(is_found_later, move |conn| lists::list(conn, &filter, &page)).await
    }

    async fn one<T: Listed + Send + 'static>(&self, kind: RecordKind, id: &str) -> Result<T, Error> {
        let id = id.to_owned();
        let look = move |conn: &dyn Statements| {
            lists::one(conn, &id)?.ok_or_else(|| reference::not_found(kind, &id))
        };
        self.look(kind.table().is_found_later(), look).await
    }

    /// Looks where everything can be found, for what is found by rows that are written later.
    async fn look<T: Send + 'static>(
        &self,
        is_found_later: bool,
        look: impl FnOnce(&dyn Statements) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        if is_found_later { self.book.search(look).await } else { self.book.readers.read(look).await }
    }
}

fn rows(rows_max: u32) -> usize {
    Page::first(rows_max.min(PAGE_ROWS_MAX)).rows()
}
