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
//! | I11 | nothing is left half done once the apply has been repeated |
//! | I12 | the row's versions form one line |

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;
use synapsor_ledger::{Ledger, Opening};
use synapsor_protocol::{Clock, Engine, Ids, Moment};
use synapsor_test_servers::TestDatabase;

use crate::bench::{Answered, Desk, REASON};

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

    /// These rows with the approved change in the first.
    fn with_change(&self) -> Vec<Row> {
        let mut rows = self.rows.clone();
        let next =
            rows[0][6].as_deref().and_then(|version| version.parse::<u64>().ok()).expect("a version") + 1;
        rows[0][4] = Some("0".into());
        rows[0][5] = Some(REASON.into());
        rows[0][6] = Some(next.to_string());
        rows
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
    let decisions: Vec<_> =
        now.receipts.iter().map(|receipt| receipt[4].as_deref().unwrap_or("NULL")).collect();
    match decisions.as_slice() {
        [] if now.rows == before.rows => Ok(Shows::Nothing),
        ["applied"] if now.rows == before.with_change() => Ok(Shows::Applied),
        _ => Err(format!("the source shows neither nothing nor the one change: {now:?}")),
    }
}

/// What the ledger has on record.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) state: String,
    replay: Json,
}

impl Recorded {
    /// Reads the ledger; I8 and I9 on the way.
    ///
    /// # Errors
    /// When the chain or a state does not fit.
    pub(crate) async fn of(path: &Path, proposal: &str) -> Result<Self, String> {
        let opening = Opening { create: false, clock: Arc::new(Still), ids: Arc::new(Still) };
        let ledger = Ledger::open(path, opening).await.map_err(|error| format!("the ledger: {error}"))?;
        let report = ledger.verify().await.map_err(|error| format!("the ledger's chain: {error}"))?;
        if let Some(misfit) = report.misfit {
            return Err(format!("the ledger's chain: {misfit}"));
        }
        let id = ledger.resolve(proposal).await.map_err(|error| format!("the proposal: {error}"))?;
        let replay = ledger.replay(&id).await.map_err(|error| format!("the record: {error}"))?;
        let state = replay.proposal.state.to_string();
        Ok(Self { state, replay: serde_json::to_value(replay).expect("a document") })
    }

    fn kinds(&self) -> Vec<&str> {
        let events = self.replay["events"].as_array().expect("events");
        events.iter().filter_map(|event| event["kind"].as_str()).collect()
    }

    /// How many events of that kind there are.
    pub(crate) fn times(&self, kind: &str) -> usize {
        self.kinds().into_iter().filter(|known| *known == kind).count()
    }

    /// I2 and I8 for a proposal that was applied: approved first, ended once.
    fn check_story(&self) -> Result<(), String> {
        let kinds = self.kinds();
        let at = |wanted: &str| kinds.iter().position(|kind| *kind == wanted);
        let ends = ["writeback_applied", "writeback_already_applied"];
        let ended: Vec<_> = (0..kinds.len()).filter(|at| ends.contains(&kinds[*at])).collect();
        let refused = ["writeback_conflict", "writeback_failed", "proposal_rejected"];
        let in_order = match (at("proposal_approved"), at("writeback_started"), ended.as_slice()) {
            (Some(approved), Some(started), [ended]) => approved < started && started < *ended,
            _ => false,
        };
        if in_order && !kinds.iter().any(|kind| refused.contains(kind)) {
            Ok(())
        } else {
            Err(format!("the ledger's story is not one approval and one end: {kinds:?}"))
        }
    }

    /// I5 and I6: the source's receipt is for this content, under this job's key.
    fn check_receipt(&self, source: &Source) -> Result<(), String> {
        let digest = &self.replay["proposal"]["proposal"]["digest"];
        let expected = [
            &self.replay["jobs"][0]["idempotency_key"],
            &self.replay["proposal"]["proposal"]["proposal_id"],
            digest,
        ];
        let held = source.receipts.first().map(|receipt| [&receipt[1], &receipt[2], &receipt[3]]);
        let equal = held.is_some_and(|held| {
            held.iter().zip(expected).all(|(held, expected)| held.as_deref() == expected.as_str())
        });
        let approved = &self.replay["decisions"][0]["proposal_digest"];
        if equal && approved == digest {
            Ok(())
        } else {
            Err(format!("the source's receipt, the approval and the job differ: {source:?} {}", self.replay))
        }
    }
}

/// What the applies said so far must be so, seen together. A process that died said nothing.
///
/// # Errors
/// What one of them said that is not so.
pub(crate) fn check_words(answers: &[Answered], now: Shows) -> Result<(), String> {
    let lie = |what: &str| Err(format!("{what}; the source shows {now:?}; they said {answers:?}"));
    let changed: Vec<_> = answers.iter().map(Answered::source_changed).collect();
    let said = |word: &str| changed.iter().filter(|changed| changed.as_deref() == Some(word)).count();
    for answered in answers {
        let applied = matches!(answered.word().as_str(), "applied" | "already_applied");
        match answered.exit {
            None => {}
            Some(0) if applied && now == Shows::Applied => {}
            Some(3) if answered.source_changed().is_some() => {}
            Some(4) if answered.source_changed().as_deref() == Some("unknown") => {}
            Some(0) => return lie("one says it is applied"),
            _ => return lie("one refuses what was approved"),
        }
    }
    if said("yes") > 1 || (said("yes") == 1 && now == Shows::Nothing) {
        return lie("more of them changed the row than did");
    }
    if said("no") == answers.len() && now == Shows::Applied {
        return lie("none of them changed the row");
    }
    Ok(())
}

/// Once the apply has been repeated until it ended: the change, once, and a ledger that says so.
///
/// # Errors
/// What is not so.
pub(crate) async fn check_settled(desk: &Desk<'_>) -> Result<(), String> {
    let source = desk.source().await;
    if check_source(&desk.before, &source)? != Shows::Applied {
        return Err("the apply was repeated to its end, and the row is not changed".into());
    }
    let recorded = Recorded::of(&desk.ledger(), &desk.bench.proposal).await?;
    if recorded.state != "applied" {
        return Err(format!("the source is changed, and the ledger says {}", recorded.state));
    }
    recorded.check_story()?;
    recorded.check_receipt(&source)
}

/// In the middle, before anything was repeated: *applied* in the ledger is true (I5), and the chain holds (I9).
///
/// # Errors
/// What is not so.
pub(crate) async fn check_unsettled(desk: &Desk<'_>, shows: Shows) -> Result<(), String> {
    let recorded = Recorded::of(&desk.ledger(), &desk.bench.proposal).await?;
    match recorded.state.as_str() {
        "applied" if shows == Shows::Applied => recorded.check_receipt(&desk.source().await),
        "approved" | "reconciliation_required" => Ok(()),
        state => Err(format!("the ledger says {state} where the source shows {shows:?}")),
    }
}

/// Neither is needed to read a ledger.
struct Still;

impl Clock for Still {
    fn now(&self) -> Moment {
        Moment::from_micros(0).expect("in range")
    }
}

impl Ids for Still {
    fn token(&self) -> String {
        "0".repeat(32)
    }
}

/// A checker that finds nothing proves nothing.
mod tests {
    use super::*;

    fn text(cells: &[&str]) -> Row {
        cells.iter().map(|cell| (*cell != "NULL").then(|| (*cell).to_owned())).collect()
    }

    fn reviewed() -> Source {
        let row = |id: &str, tenant: &str| text(&["row", id, tenant, "overdue", "5500", "NULL", "7"]);
        Source { rows: vec![row("INV-1", "acme"), row("INV-2", "acme")], receipts: Vec::new() }
    }

    fn applied() -> Source {
        let receipt = text(&["receipt", "key", "wrp_1", "sha256:0", "applied", "NULL", "NULL"]);
        Source { rows: reviewed().with_change(), receipts: vec![receipt] }
    }

    #[test]
    fn all_of_the_change_or_nothing_is_told_from_everything_else() {
        assert_eq!(check_source(&reviewed(), &reviewed()), Ok(Shows::Nothing));
        assert_eq!(check_source(&reviewed(), &applied()), Ok(Shows::Applied));
        let broken: [fn(&mut Source); 7] = [
            |source| source.rows[0][6] = Some("9".into()),
            |source| source.rows[0][5] = Some("another reason".into()),
            |source| source.rows[0][3] = Some("paid".into()),
            |source| source.rows[1][4] = Some("0".into()),
            |source| source.rows.truncate(1),
            |source| source.receipts.clear(),
            |source| source.receipts.push(source.receipts[0].clone()),
        ];
        for breaks in broken {
            let mut source = applied();
            breaks(&mut source);
            assert!(check_source(&reviewed(), &source).is_err(), "{source:?}");
        }
        let receipt_alone = Source { receipts: applied().receipts, ..reviewed() };
        assert!(check_source(&reviewed(), &receipt_alone).is_err());
    }

    #[test]
    fn what_is_said_and_not_so_is_found() {
        let said = |exit: Option<i32>, outcome: &str, changed: &str| {
            let document = serde_json::json!({ "outcome": outcome, "source_changed": changed });
            Answered { exit, stdout: document.to_string(), stderr: String::new() }
        };
        let applied = said(Some(0), "applied", "yes");
        let repeated = said(Some(0), "already_applied", "no");
        let obstructed = said(Some(3), "none", "no");
        let killed = said(None, "none", "no");
        for (answers, shows) in [
            (vec![applied.clone()], Shows::Applied),
            (vec![applied.clone(), repeated.clone()], Shows::Applied),
            (vec![obstructed.clone()], Shows::Nothing),
            (vec![said(Some(4), "unknown", "unknown")], Shows::Applied),
        ] {
            assert_eq!(check_words(&answers, shows), Ok(()));
        }
        for (answers, shows) in [
            (vec![applied.clone()], Shows::Nothing),
            (vec![applied.clone(), applied.clone()], Shows::Applied),
            (vec![repeated.clone()], Shows::Nothing),
            (vec![obstructed.clone()], Shows::Applied),
            (vec![said(Some(1), "conflict", "no")], Shows::Nothing),
        ] {
            assert!(check_words(&answers, shows).is_err(), "{answers:?} {shows:?}");
        }
        assert_eq!(check_words(&[Answered { stdout: String::new(), ..killed }], Shows::Applied), Ok(()));
    }
}
