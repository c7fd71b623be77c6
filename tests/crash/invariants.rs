//! What must be true after every trial, whatever died in it. The one checker of all rigs.
//!
//! | | |
//! | --- | --- |
//! | I1 | a row changes at most once per approved proposal |
//! | I2 | nothing changes without an approval of exactly that content before it |
//! | I3 | no other row and no other column changes |
//! | I4 | what is stored is what was approved |
//! | I5 | *applied* in the ledger: the source holds the receipt, of the same content under the same key |
//! | I6 | a receipt in the source: the ledger knows the approval, and after recovery the receipt too |
//! | I8 | the ledger's states move as the table of moves allows, and a final one stays |
//! | I9 | the ledger's chain verifies from the first event to the last |
//! | I11 | once the apply has been repeated nothing is left half done: no open attempt, transaction, lock, process or file |
//! | I12 | the row's versions form one line: each step has its receipt, and each receipt its step |
//!
//! What is wrong begins with the name of what it breaks, and `invariants/tests.rs` breaks each.

mod quiet;
mod recorded;
mod words;

mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use synapsor_protocol::Engine;
use synapsor_test_servers::TestDatabase;

use crate::bench::{Desk, REASON};

pub(crate) use recorded::Recorded;
pub(crate) use words::check_words;

/// A server frees what a dead runner held within 15 s, also where nobody told it.
const FREED_WITHIN: Duration = Duration::from_secs(20);

type Row = Vec<Option<String>>;

/// Everything the source holds, read in one statement and so at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    rows: Vec<Row>,
    receipts: Vec<Row>,
}

impl Source {
    pub(crate) async fn of(database: &TestDatabase) -> Self {
        let text = |column: &str| match database.engine() {
            Engine::Mysql => format!("CAST({column} AS CHAR)"),
            _ => format!("CAST({column} AS TEXT)"),
        };
        let columns = ["id", "tenant_id", "status", "late_fee_cents", "waiver_reason", "version"].map(text);
        let receipt = ["idempotency_key", "proposal_id", "proposal_digest", "decision"].map(text);
        let sql = format!(
            "SELECT 'row', {} FROM invoices UNION ALL \
             SELECT 'receipt', {}, NULL, NULL FROM synapsor_writeback_receipts ORDER BY 1, 2",
            columns.join(", "),
            receipt.join(", ")
        );
        let (rows, receipts) = database
            .query_text(&sql)
            .await
            .into_iter()
            .partition(|row: &Row| row[0].as_deref() == Some("row"));
        Self { rows, receipts }
    }

    /// How often a row has changed since, by its version, which every change moves by one.
    pub(crate) fn changes_since(&self, before: &Self) -> u64 {
        let versions = |source: &Self| -> u64 {
            let version = |row: &Row| row[6].as_deref().and_then(|text| text.parse::<u64>().ok());
            source.rows.iter().map(|row| version(row).expect("a version")).sum()
        };
        versions(self).abs_diff(versions(before))
    }

    /// How many receipts say what.
    pub(crate) fn decisions(&self) -> BTreeMap<String, usize> {
        let mut decisions = BTreeMap::new();
        for receipt in &self.receipts {
            *decisions.entry(receipt[4].clone().unwrap_or_default()).or_default() += 1;
        }
        decisions
    }

    /// What the target was changed for.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.rows[0][5].as_deref()
    }
}

/// What the source shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    /// No change and no receipt.
    Nothing,
    /// The approved change, and its receipt.
    Applied,
}

/// I1, I3, I4, I12: all of the approved change with its receipt, or nothing at all.
///
/// # Errors
/// What else it shows.
pub(crate) fn check_source(before: &Source, now: &Source) -> Result<Shows, String> {
    i3_nothing_else_changed(before, now)?;
    i1_changed_at_most_once(before, now)?;
    i12_versions_are_one_line(before, now)?;
    let shows = if now.changes_since(before) == 0 { Shows::Nothing } else { Shows::Applied };
    i4_as_approved(before, now, shows)?;
    Ok(shows)
}

/// The columns an apply may write: what was approved, and the version.
const WRITTEN: [usize; 3] = [4, 5, 6];

fn i1_changed_at_most_once(before: &Source, now: &Source) -> Result<(), String> {
    let applied = now.decisions().get("applied").copied().unwrap_or_default();
    match (now.changes_since(before), applied) {
        (0 | 1, 0 | 1) => Ok(()),
        _ => Err(format!("I1: the row changed more than once: {now:?}")),
    }
}

fn i3_nothing_else_changed(before: &Source, now: &Source) -> Result<(), String> {
    let kept = |(before, now): (&Row, &Row)| {
        let is_target = before[1].as_deref() == Some("INV-1");
        (0..before.len()).all(|at| (is_target && WRITTEN.contains(&at)) || before[at] == now[at])
    };
    if before.rows.len() == now.rows.len() && before.rows.iter().zip(&now.rows).all(kept) {
        Ok(())
    } else {
        Err(format!("I3: another row or column changed: {now:?}"))
    }
}

fn i4_as_approved(before: &Source, now: &Source, shows: Shows) -> Result<(), String> {
    let values = |source: &Source| [source.rows[0][4].clone(), source.rows[0][5].clone()];
    let expected = match shows {
        Shows::Nothing => values(before),
        Shows::Applied => [Some("0".to_owned()), Some(REASON.to_owned())],
    };
    if values(now) == expected {
        Ok(())
    } else {
        Err(format!("I4: what is stored is not what was approved: {now:?}"))
    }
}

fn i12_versions_are_one_line(before: &Source, now: &Source) -> Result<(), String> {
    let steps = now.changes_since(before);
    let receipts: Vec<_> = now.decisions().into_iter().collect();
    match (steps, receipts.as_slice()) {
        (0, []) => Ok(()),
        (1, [(decision, 1)]) if decision == "applied" => Ok(()),
        _ => Err(format!("I12: {steps} steps of the version, and receipts of {receipts:?}")),
    }
}

/// Once the apply has been repeated until it ended: the change, once, a ledger that says so, and quiet.
///
/// # Errors
/// What is not so.
pub(crate) async fn check_settled(desk: &Desk<'_>) -> Result<(), String> {
    let source = desk.source().await;
    if check_source(&desk.before, &source)? != Shows::Applied {
        return Err("the apply was repeated to its end, and the row is not changed".into());
    }
    let recorded = Recorded::of(&desk.ledger(), &desk.proposal).await?;
    recorded.i2_approved_before_it_began()?;
    recorded.i8_ended_once()?;
    recorded.i5_applied_has_its_receipt(&source)?;
    recorded.i6_a_receipt_has_its_approval(&source)?;
    recorded.i11_no_attempt_is_open()?;
    quiet::i11_nothing_runs_in(desk.folder())?;
    quiet::i11_no_file_is_left(desk.bench.folder(), desk.folder())?;
    quiet::i11_no_transaction_is_open(&desk.bench.database, FREED_WITHIN).await
}

/// In the middle, before anything was repeated: *applied* in the ledger is true (I5), and the chain holds (I9).
///
/// # Errors
/// What is not so.
pub(crate) async fn check_unsettled(desk: &Desk<'_>, shows: Shows) -> Result<(), String> {
    let recorded = Recorded::of(&desk.ledger(), &desk.proposal).await?;
    recorded.i2_approved_before_it_began()?;
    match recorded.state.as_str() {
        "applied" if shows == Shows::Applied => recorded.i5_applied_has_its_receipt(&desk.source().await),
        "approved" | "reconciliation_required" => Ok(()),
        state => Err(format!("I5: the ledger says {state} where the source shows {shows:?}")),
    }
}
