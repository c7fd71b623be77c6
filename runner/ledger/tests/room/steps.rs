//! Every step of every change fails once: nothing of the change stays, and it succeeds when it is repeated.

use std::pin::Pin;

use synapsor_ledger::{Error, Ledger};
use synapsor_protocol::proposal::ProposalMode;
use synapsor_protocol::{Code, Decision, Outcome, Proposal, ProposalId, QueryAudit, Receipt, WritebackJob};
use tokio::task::JoinSet;

use crate::story::{Call, Documents, Fixture, approval, code, receipt, recipient, rejection};

const TABLES: [&str; 7] =
    ["events", "evidence", "proposals", "query_audit", "approvals", "writeback_jobs", "receipts"];

/// How the database takes a failed statement back: the statement, nothing, or the whole transaction.
const WAYS: [&str; 3] = ["ABORT", "FAIL", "ROLLBACK"];

/// Makes every write to a table fail, as a broken disk would.
fn break_table(path: &std::path::Path, table: &str, way: &str) {
    let conn = rusqlite::Connection::open(path).expect("opens");
    for step in ["INSERT", "UPDATE"] {
        let sql = format!(
            "CREATE TRIGGER broken_{step} BEFORE {step} ON {table} BEGIN SELECT RAISE({way}, 'broken'); END"
        );
        conn.execute_batch(&sql).expect("broken");
    }
}

fn mend(path: &std::path::Path) {
    let conn = rusqlite::Connection::open(path).expect("opens");
    conn.execute_batch("DROP TRIGGER broken_INSERT; DROP TRIGGER broken_UPDATE").expect("mended");
}

type Changing = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// One change the ledger can be asked for, ready to be asked for twice.
enum Change {
    Read(Call),
    Refusal(Call),
    Proposal(Call),
    Decide(Decision),
    HandOver(ProposalId),
    Start(ProposalId),
    Finish(Receipt),
    Interrupt(Box<WritebackJob>),
}

impl Change {
    fn ask(&self, ledger: &Ledger) -> Changing {
        let (ledger, notebook) = (ledger.clone(), ledger.notebook());
        match self {
            Self::Read(call) => {
                let evidence = call.evidence();
                let audit = call.audit(Some(&evidence));
                Box::pin(async move { notebook.record_read(evidence, audit).await })
            }
            Self::Refusal(call) => {
                let audit = QueryAudit { refused: Some(Code::PatchEmpty), ..call.audit(None) };
                let evidence = call.evidence();
                Box::pin(async move { notebook.record_refusal(audit, Some(evidence)).await })
            }
            Self::Proposal(call) => {
                let Documents { proposal, evidence, audit } = call.documents();
                Box::pin(async move { notebook.record_proposal(proposal, evidence, audit).await.map(drop) })
            }
            Self::Decide(decision) => {
                let decision = decision.clone();
                Box::pin(async move { ledger.decide(&decision).await.map(drop) })
            }
            Self::HandOver(id) => {
                let id = id.clone();
                Box::pin(async move { ledger.hand_over(&id, &recipient()).await.map(drop) })
            }
            Self::Start(id) => {
                let id = id.clone();
                Box::pin(async move { ledger.start_writeback(&id, "runner-1").await.map(drop) })
            }
            Self::Finish(receipt) => {
                let receipt = receipt.clone();
                Box::pin(async move { ledger.finish_writeback(&receipt).await.map(drop) })
            }
            Self::Interrupt(job) => {
                let job = job.clone();
                Box::pin(async move { ledger.interrupt_writeback(&job, Code::DatabaseUnavailable).await })
            }
        }
    }
}

/// Every kind of change, each on a proposal of its own.
async fn every_change(fixture: &Fixture) -> Vec<Change> {
    let waiting = async |order| fixture.propose(&Call::order(order)).await;
    let proposal = |stored: synapsor_ledger::StoredProposal| -> Proposal { stored.proposal };
    vec![
        Change::Read(Call::order(1)),
        Change::Refusal(Call::order(2)),
        Change::Proposal(Call::order(3)),
        Change::Proposal(Call { mode: ProposalMode::Shadow, ..Call::order(4) }),
        Change::Decide(approval(&waiting(5).await, "ada")),
        Change::Decide(rejection(&waiting(6).await, "ada", "no")),
        Change::Start(proposal(fixture.approved(&Call::order(7)).await).proposal_id),
        Change::Finish(receipt(&fixture.started(&Call::order(8)).await, Outcome::Applied)),
        Change::Finish(receipt(&fixture.started(&Call::order(9)).await, Outcome::Unknown)),
        Change::Interrupt(Box::new(fixture.started(&Call::order(10)).await)),
        Change::HandOver(proposal(fixture.approved(&Call::order(11)).await).proposal_id),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_whose_step_fails_leaves_nothing_and_may_be_repeated() {
    let mut failed = 0;
    for table in TABLES {
        for way in WAYS {
            let fixture = Fixture::new().await;
            let changes = every_change(&fixture).await;
            let before = fixture.ledger.verify().await.expect("readable");
            break_table(&fixture.path, table, way);
            let mut refused = Vec::new();
            for change in &changes {
                // Changes that do not come by this table are only asked for afterwards.
                let events = fixture.events().await;
                match change.ask(&fixture.ledger).await {
                    Ok(()) => assert!(fixture.events().await > events, "{table} {way}"),
                    Err(error) => {
                        assert_eq!(code(&error), "INTERNAL", "{table} {way}");
                        assert_eq!(fixture.events().await, events, "{table} {way}");
                        refused.push(change);
                    }
                }
            }
            mend(&fixture.path);
            failed += refused.len();
            for change in refused {
                change.ask(&fixture.ledger).await.expect("repeated");
            }
            let events = u64::try_from(changes.len()).expect("few");
            assert_eq!(fixture.events().await, before.events + events, "{table} {way}");
        }
    }
    assert_eq!(failed, 3 * (11 + 4 + 7 + 4 + 2 + 5 + 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_takes_the_whole_transaction_down_leaves_no_false_answer() {
    let fixture = Fixture::new().await;
    {
        let conn = rusqlite::Connection::open(&fixture.path).expect("opens");
        conn.execute_batch(
            "CREATE TRIGGER broken BEFORE INSERT ON evidence WHEN NEW.document LIKE '%\"key\":{\"integer\":1_7}%'
             BEGIN SELECT RAISE(ROLLBACK, 'broken'); END",
        )
        .expect("broken");
    }
    let mut calls = JoinSet::new();
    for order in 100..200 {
        let notebook = fixture.ledger.notebook();
        let call = Call::order(order);
        let evidence = call.evidence();
        calls.spawn(async move {
            let id = evidence.evidence_id.clone();
            (order, id, notebook.record_read(evidence, call.audit(None)).await)
        });
    }
    let mut kept = 0;
    while let Some(call) = calls.join_next().await {
        let (order, id, recorded) = call.expect("joined");
        let there =
            fixture.ledger.notebook().evidence(id.as_str(), "acme").await.expect("readable").is_some();
        assert_eq!(recorded.is_ok(), there, "{order}");
        assert!(recorded.is_err() || order % 10 != 7, "{order}");
        kept += u64::from(there);
    }
    assert_eq!(fixture.events().await, kept + 1);
}

/// Catching up that is broken off leaves nothing half, keeps no call from being recorded, and is done by the next look.
#[tokio::test]
async fn a_list_that_cannot_be_brought_up_to_date_says_so_and_a_call_is_recorded_all_the_same() {
    for table in ["found_by", "names"] {
        for way in WAYS {
            let fixture = Fixture::new().await;
            break_table(&fixture.path, table, way);
            let read = Change::Read(Call::default());
            read.ask(&fixture.ledger).await.expect("recorded");
            let page = synapsor_ledger::Page::default();
            let filter = synapsor_ledger::Filter::default();
            let refused = fixture.ledger.find_audits(&filter, &page).await.expect_err("not up to date");
            assert_eq!(code(&refused), "INTERNAL", "{table} {way}: {refused}");
            assert_eq!(fixture.events().await, 2);
            mend(&fixture.path);
            assert_eq!(fixture.ledger.find_audits(&filter, &page).await.expect("readable").items.len(), 1);
            assert_eq!(fixture.events().await, 2);
        }
    }
}
