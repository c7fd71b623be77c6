//! A simulated source: rows, row locks, receipts under a unique key, and transactions that outlive their client.

use synapsor_protocol::{Columns, Value};

use super::flaw::Flaw;
use super::{Change, Database, REVIEWED, Setting};
use crate::classify::FaultClass;
use crate::engine::Inserted;
use crate::error::Fault;
use crate::guard::Decision;
use crate::receipts::{Settlement, SourceReceipt};

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) fee: i64,
    pub(super) version: i64,
    /// No proposal speaks of it.
    pub(super) note: i64,
}

impl Row {
    /// As a driver would read it.
    pub(super) fn columns(self, at: usize) -> Columns {
        [
            ("id", Value::Text(format!("INV-{at}"))),
            ("tenant_id", Value::Text("acme".into())),
            ("fee_cents", Value::Integer(self.fee)),
            ("version", Value::Integer(self.version)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

/// A committed receipt.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Receipt {
    pub(super) proposal: usize,
    pub(super) settlement: Settlement,
}

impl Receipt {
    /// As a driver would read it.
    pub(super) fn as_read(&self, change: &Change) -> SourceReceipt {
        let decision = if self.settlement == Settlement::Applied { "applied" } else { "conflict" };
        let (id, digest) = (&change.job.proposal_id, &change.job.proposal_digest);
        (id.to_string(), digest.as_str().to_owned(), decision.to_owned()).into()
    }
}

/// One committed change of a row, for the checker.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Changed {
    pub(super) row: usize,
    /// Proposal and attempt; `None` is somebody who is not a runner.
    pub(super) by: Option<(usize, u32)>,
    /// What its author had seen.
    pub(super) before: Row,
    pub(super) after: Row,
}

/// A transaction the server has open.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Transaction {
    /// The runner at the other end; `None` once there is none, which the server has yet to notice.
    pub(super) runner: Option<usize>,
    pub(super) proposal: usize,
    pub(super) attempt: u32,
    /// Its COMMIT is on its way.
    pub(super) in_flight: bool,
    /// The server has given it up without telling.
    pub(super) aborted: bool,
    seen: Option<Row>,
    locks_row: bool,
    receipt: Option<Settlement>,
    update: Option<Row>,
}

/// The database of record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Source {
    pub(super) down: bool,
    pub(super) table: bool,
    pub(super) rows: Vec<Row>,
    pub(super) receipts: Vec<Receipt>,
    pub(super) changes: Vec<Changed>,
    pub(super) open: Vec<Transaction>,
    /// It has been set back to an older copy.
    pub(super) restored: bool,
    saved: Option<Box<Source>>,
}

impl Source {
    /// Rows as they were reviewed.
    pub(super) fn new(rows: usize, table: bool) -> Self {
        Self {
            down: false,
            table,
            rows: vec![REVIEWED; rows],
            receipts: Vec::new(),
            changes: Vec::new(),
            open: Vec::new(),
            restored: false,
            saved: None,
        }
    }

    pub(super) fn receipt(&self, proposal: usize) -> Option<&Receipt> {
        self.receipts.iter().rfind(|receipt| receipt.proposal == proposal)
    }

    /// How often a proposal has changed its row.
    pub(super) fn times_changed(&self, proposal: usize) -> usize {
        self.changes.iter().filter(|change| change.by.is_some_and(|(by, _)| by == proposal)).count()
    }

    /// How often a row was changed by a runner.
    pub(super) fn times_changed_row(&self, row: usize) -> usize {
        self.changes.iter().filter(|change| change.by.is_some() && change.row == row).count()
    }

    pub(super) fn transaction_of(&mut self, runner: usize) -> Option<&mut Transaction> {
        self.open.iter_mut().find(|open| open.runner == Some(runner))
    }

    pub(super) fn begin(&mut self, runner: usize, proposal: usize, attempt: u32) {
        self.open.push(Transaction {
            runner: Some(runner),
            proposal,
            attempt,
            in_flight: false,
            aborted: false,
            seen: None,
            locks_row: false,
            receipt: None,
            update: None,
        });
    }

    /// Whether somebody else's transaction holds the row this runner wants to lock.
    pub(super) fn row_is_locked(&self, setting: &Setting, runner: usize, row: usize) -> bool {
        !setting.has(Flaw::NoRowLock)
            && self.others(runner).any(|open| open.locks_row && setting.changes[open.proposal].row == row)
    }

    /// Whether somebody else's transaction has this key and has not come to its end.
    pub(super) fn key_is_pending(&self, setting: &Setting, runner: usize, proposal: usize) -> bool {
        !setting.has(Flaw::NoUniqueKey)
            && self.others(runner).any(|open| open.receipt.is_some() && open.proposal == proposal)
    }

    fn others(&self, runner: usize) -> impl Iterator<Item = &Transaction> {
        self.open.iter().filter(move |open| open.runner != Some(runner))
    }

    /// Nobody but a runner holds a row for longer than a moment.
    pub(super) fn write_as_somebody_else(&mut self, setting: &Setting, row: usize, after: Row) {
        let before = self.rows[row];
        let locked = self.open.iter().any(|open| open.locks_row && setting.changes[open.proposal].row == row);
        if !self.down && !locked && before != after {
            self.rows[row] = after;
            self.changes.push(Changed { row, by: None, before, after });
        }
    }

    pub(super) fn lock(&mut self, setting: &Setting, runner: usize) -> Option<Row> {
        let rows = self.rows.clone();
        let open = self.transaction_of(runner)?;
        let row = rows[setting.changes[open.proposal].row];
        (open.locks_row, open.seen) = (true, Some(row));
        Some(row)
    }

    pub(super) fn insert(
        &mut self,
        setting: &Setting,
        runner: usize,
        decision: &Decision,
    ) -> Option<Inserted> {
        let receipts = self.receipts.clone();
        let open = self.transaction_of(runner)?;
        let taken = receipts.iter().find(|receipt| receipt.proposal == open.proposal);
        let tolerated = setting.has(Flaw::NoUniqueKey)
            || (setting.has(Flaw::RetriesAfterConflict)
                && taken.is_some_and(|receipt| receipt.settlement == Settlement::Conflict));
        if taken.is_some() && !tolerated {
            return Some(Inserted::Duplicate);
        }
        open.receipt = Some(match decision {
            Decision::Apply => Settlement::Applied,
            Decision::Conflict { .. } => Settlement::Conflict,
        });
        Some(Inserted::Yes)
    }

    /// S4. What MariaDB does with one refused statement: the others stand.
    pub(super) fn update(&mut self, setting: &Setting, runner: usize) -> Result<(), Fault> {
        let Some(open) = self.transaction_of(runner) else { return Err(Fault { class: FaultClass::Broken }) };
        let after = setting.changes[open.proposal].after;
        match setting.database {
            Database::RefusesTheUpdate => return Err(Fault { class: FaultClass::Constraint }),
            Database::Rewrites => open.update = Some(Row { fee: after.fee + 1, ..after }),
            Database::Stores | Database::RefusesTheCommit => open.update = Some(after),
        }
        Ok(())
    }

    /// The row as this runner's transaction sees it.
    pub(super) fn row_within(&mut self, setting: &Setting, runner: usize) -> Option<Row> {
        let rows = self.rows.clone();
        let open = self.transaction_of(runner)?;
        Some(open.update.unwrap_or(rows[setting.changes[open.proposal].row]))
    }

    /// S7, be it at once or when it arrives. Of a transaction the server has given up it reports success.
    pub(super) fn commit(&mut self, setting: &Setting, at: usize) -> Result<(), Fault> {
        let open = self.open.remove(at);
        if open.aborted {
            return Ok(());
        }
        if setting.database == Database::RefusesTheCommit && open.update.is_some() {
            return Err(Fault { class: FaultClass::Constraint });
        }
        let Transaction { proposal, attempt, .. } = open;
        if let Some(settlement) = open.receipt {
            if setting.has(Flaw::RetriesAfterConflict) {
                self.receipts.retain(|receipt| receipt.proposal != proposal);
            }
            self.receipts.push(Receipt { proposal, settlement });
        }
        if let (Some(after), Some(before)) = (open.update, open.seen) {
            let row = setting.changes[proposal].row;
            self.rows[row] = after;
            self.changes.push(Changed { row, by: Some((proposal, attempt)), before, after });
        }
        Ok(())
    }

    pub(super) fn roll_back(&mut self, runner: usize) {
        self.open.retain(|open| open.runner != Some(runner));
    }

    /// The client is gone, and the server does not know.
    pub(super) fn lose_client(&mut self, runner: usize) {
        for open in &mut self.open {
            if open.runner == Some(runner) {
                open.runner = None;
            }
        }
    }

    /// What was not committed is not there any more.
    pub(super) fn restart(&mut self) {
        self.open.clear();
        self.down = false;
    }

    pub(super) fn save(&mut self) {
        let copy = Self { saved: None, open: Vec::new(), down: false, ..self.clone() };
        self.saved = Some(Box::new(copy));
    }

    /// Back to the older copy, if somebody made one.
    pub(super) fn restore(&mut self) -> bool {
        let Some(saved) = self.saved.take() else { return false };
        *self = Self { restored: true, ..*saved };
        true
    }
}
