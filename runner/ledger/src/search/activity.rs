//! Everything that happened, one list: proposals, evidence that led to none, audits and receipts, newest first.

use synapsor_protocol::Moment;

use super::filter::Filter;
use super::lists::{self, FoundAudit, FoundEvidence, FoundReceipt, Listed, Placed};
use super::page::{Cursor, Listing, Page};
use crate::error::Error;
use crate::proposals::StoredProposal;
use crate::statements::Statements;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// A proposal was made.
    Proposal(StoredProposal),
    /// A row was read, and no proposal came of it.
    Evidence(FoundEvidence),
    /// A call was answered or refused.
    QueryAudit(FoundAudit),
    /// An apply ended.
    Receipt(FoundReceipt),
}

impl Activity {
    /// When.
    pub fn at(&self) -> Moment {
        self.place().at
    }

    /// Of which record.
    pub fn id(&self) -> String {
        self.place().id
    }
}

impl Placed for Activity {
    fn place(&self) -> Cursor {
        match self {
            Self::Proposal(found) => found.place(),
            Self::Evidence(found) => found.place(),
            Self::QueryAudit(found) => found.place(),
            Self::Receipt(found) => found.place(),
        }
    }
}

/// One page of everything.
///
/// A page of each kind is read and the pages are merged. Evidence that led to a proposal is left out after it was read:
/// each has an audit of the same call, so these fill the page, and where they do not, the page is shorter and goes on
/// where the shortest of the read ones ends.
pub(super) fn list(conn: &dyn Statements, filter: &Filter, page: &Page) -> Result<Listing<Activity>, Error> {
    let mut merged = Merged::default();
    merged.add(conn, filter, page, |found| Some(Activity::Proposal(found)))?;
    merged.add(conn, filter, page, |found: FoundEvidence| {
        found.proposal_id.is_none().then_some(Activity::Evidence(found))
    })?;
    merged.add(conn, filter, page, |found| Some(Activity::QueryAudit(found)))?;
    merged.add(conn, filter, page, |found| Some(Activity::Receipt(found)))?;
    Ok(merged.listing(page.rows()))
}

#[derive(Default)]
struct Merged {
    items: Vec<Activity>,
    /// How far down every kind has been read: the newest of the ends of those that go on.
    horizon: Option<Cursor>,
}

impl Merged {
    fn add<T: Listed>(
        &mut self,
        conn: &dyn Statements,
        filter: &Filter,
        page: &Page,
        keep: impl Fn(T) -> Option<Activity>,
    ) -> Result<(), Error> {
        let Listing { items, next } = lists::list::<T>(conn, filter, page)?;
        self.items.extend(items.into_iter().filter_map(keep));
        self.horizon = self.horizon.take().max(next);
        Ok(())
    }

    fn listing(self, rows: usize) -> Listing<Activity> {
        let Self { mut items, horizon } = self;
        if let Some(horizon) = &horizon {
            items.retain(|item| item.place() >= *horizon);
        }
        items.sort_by_key(|item| std::cmp::Reverse(item.place()));
        let listing = Listing::cut(items, rows, Activity::place);
        Listing { next: listing.next.or(horizon), ..listing }
    }
}
