//! The machine in simulated worlds: the same machine, and the same leaves, that apply real proposals.
//!
//! A [`World`](world::World) is runners, a source and a ledger, with no thread, clock or file in it. It is moved one action
//! at a time, each of which may fail, lose its answer, kill its runner or come late, and after each the [`invariants`] are
//! checked. `seeds.rs` draws the moves from a seed; `search.rs` makes every move there is, for a world small enough.
//!
//! Not in it: what engines do differently, SQL, and what a value becomes on its way. Those are tried on real servers.

mod flaw;
mod invariants;
mod ledger;
mod runner;
mod search;
mod seeds;
mod source;
mod world;

use std::collections::BTreeMap;

use synapsor_protocol::{Digest, ProposalId, Value, WritebackJob};

use crate::guard::tests::job;
use flaw::Flaw;
use source::Row;

/// What holds in one world from its beginning to its end.
#[derive(Debug, Clone)]
struct Setting {
    /// The change each proposal is for.
    changes: Vec<Change>,
    database: Database,
    /// What is wrong with the machine or its world, in the tests that show that it would be noticed.
    flaw: Option<Flaw>,
}

/// An approved change of one row.
#[derive(Debug, Clone)]
struct Change {
    row: usize,
    job: WritebackJob,
    /// What it leaves behind.
    after: Row,
}

/// What the database itself thinks of the changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Database {
    /// It stores what it is given.
    Stores,
    /// A constraint refuses the update.
    RefusesTheUpdate,
    /// A deferred constraint refuses the COMMIT.
    RefusesTheCommit,
    /// A trigger stores something else.
    Rewrites,
}

/// The rows as they were reviewed.
const REVIEWED: Row = Row { fee: 5500, version: 7, note: 1 };

impl Setting {
    /// Proposals that each change one of the rows, all of them reviewed at the same version.
    fn new(proposals: usize, rows: usize, database: Database, flaw: Option<Flaw>) -> Self {
        let change = |proposal: usize| {
            let (row, fee) = (proposal % rows, 100 + i64::try_from(proposal).expect("a few"));
            let mut job = job();
            job.proposal_id = ProposalId::from_stored(format!("wrp_{proposal}"));
            job.proposal_digest = Digest::of_bytes(&[u8::try_from(proposal).expect("a few")]);
            job.idempotency_key = format!("{proposal:064}");
            job.target.key = Value::Text(format!("INV-{row}"));
            job.before = REVIEWED.columns(row);
            job.patch = BTreeMap::from([("fee_cents".into(), Value::Integer(fee))]);
            Change { row, job, after: Row { fee, version: REVIEWED.version + 1, ..REVIEWED } }
        };
        Self { changes: (0..proposals).map(change).collect(), database, flaw }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }
}
