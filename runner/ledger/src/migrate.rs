//! Carries a ledger to another place, from a file to a server or back: the same ids, the same chain, event by event.
//!
//! Invariant: the ledger it comes from is only read. Invariant: the copy has no id, and nobody can open it, before everything
//! is in it and verified; until then the same migration goes on where an earlier one ended.
//! Absent on purpose: keys, checkpoints and compiled handlers, which are kept beside a ledger and not in it.

mod ends;
mod records;

use std::sync::Arc;

use serde::Serialize;
use synapsor_protocol::Digest;

use crate::book::Opening;
use crate::chain;
use crate::error::Error;
use crate::place::Place;
use crate::progress::Progress;
use crate::report::ChainReport;
use crate::schema;
use crate::statements::{Statements, Store, cells};
use crate::verify::{self, Verification};

use ends::{Source, Target};
use records::Part;

/// Rounds of copying what was recorded during the round before; a ledger in a file needs one.
const ROUNDS_MAX: u32 = 5;

/// What a migration came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Migrated {
    /// Events an earlier migration had left there.
    pub found: u64,
    /// Events that were copied now.
    pub copied: u64,
    /// Those of them that were recorded while the others were copied. Whoever recorded them may go on doing so.
    pub meanwhile: u64,
    /// What a walk over the copy found.
    pub report: ChainReport,
}

/// Copies the ledger at one place to another, and verifies the copy.
///
/// # Errors
/// When the ledger is open anywhere or does not verify, the other place holds another ledger, or either cannot be reached.
/// What was copied stays, and the same call goes on from there.
pub async fn migrate(
    from: Place,
    to: Place,
    opening: Opening,
    progress: Arc<Progress>,
) -> Result<Migrated, Error> {
    let migrating = tokio::task::spawn_blocking(move || {
        let source = Source::open(&from, &opening)?;
        let report = source.verified(&progress)?;
        let target = Target::open(&to, &source.ledger_id, &opening)?;
        Migration { source, target, progress: &progress }.run(report)
    });
    migrating.await.map_err(|_| Error::Invariant { what: "a migration did not finish" })?
}

struct Migration<'a> {
    source: Source,
    target: Target,
    progress: &'a Arc<Progress>,
}

impl Migration<'_> {
    /// `before` is what a walk over the ledger found at the beginning.
    fn run(&self, before: ChainReport) -> Result<Migrated, Error> {
        let mut head = looking(self.target.store.as_ref(), chain::head)?;
        let found = head.0.unsigned_abs();
        self.same_beginning(&head)?;
        if self.target.finished && head.1 != before.head {
            return Err(Error::Occupied { why: "this ledger already, with other events" });
        }
        let mut copied = 0;
        for _ in 0..ROUNDS_MAX {
            copied += self.copy_after(&mut head)?;
            let report = self.verified_copy(&head)?;
            if looking(self.source.store.as_ref(), chain::head)? == head {
                if !self.target.finished {
                    let belongings = looking(self.source.store.as_ref(), schema::belongings)?;
                    self.target.finish(&head, &belongings)?;
                }
                let meanwhile = report.events.saturating_sub(before.events);
                return Ok(Migrated { found, copied, meanwhile, report });
            }
        }
        Err(Error::InUse)
    }

    /// What the target holds is how this ledger begins.
    fn same_beginning(&self, head: &(i64, Digest)) -> Result<(), Error> {
        let (seq, digest) = head;
        let sql = "SELECT digest FROM events WHERE seq = ?1";
        let ours = looking(self.source.store.as_ref(), |conn| {
            conn.one("compare the ledgers", sql, cells![*seq], |row| row.text(0).map(str::to_owned))
        })?;
        if *seq == 0 || ours.as_deref() == Some(digest.as_str()) {
            Ok(())
        } else {
            Err(Error::Occupied { why: "this ledger already, with other events" })
        }
    }

    /// Copies every event after the head, each part in one transaction, and answers how many they were.
    fn copy_after(&self, head: &mut (i64, Digest)) -> Result<u64, Error> {
        let mut copied = 0;
        loop {
            let part = looking(self.source.store.as_ref(), |conn| Part::after(conn, head.0))?;
            let Some(last) = part.last()? else { return Ok(copied) };
            self.target.write(head, |conn| part.insert(conn))?;
            *head = last;
            copied += part.events();
            self.progress.moved_to(head.0.unsigned_abs());
        }
    }

    fn verified_copy(&self, head: &(i64, Digest)) -> Result<ChainReport, Error> {
        let against = Verification { progress: Arc::clone(self.progress), ..Verification::default() };
        let walk = |conn: &dyn Statements| verify::verify(conn, &self.source.ledger_id, &against);
        let report = looking(self.target.store.as_ref(), walk)?;
        match &report.misfit {
            Some(misfit) => Err(Error::NotIntact { what: "copy", misfit: misfit.clone() }),
            None if report.head != head.1 => Err(Error::InUse),
            None => Ok(report),
        }
    }
}

/// Looks at one consistent state.
fn looking<T>(store: &dyn Store, look: impl FnOnce(&dyn Statements) -> Result<T, Error>) -> Result<T, Error> {
    store.begin_reading()?;
    let seen = look(store.statements());
    store.roll_back();
    seen
}
