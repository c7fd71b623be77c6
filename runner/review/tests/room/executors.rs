//! What an executor of the application came to: who said so and with which code, and another try.

use synapsor_ledger::{Start, StoredProposal};
use synapsor_protocol::receipt::RECEIPT_SCHEMA;
use synapsor_protocol::{
    Code, Decision, EventKind, Outcome, ProposalState, Receipt, ReceiptId, SourceChanged, Value, Verdict,
};

use crate::client::{encoded, input};
use crate::world::{World, page};

/// A proposal that ended so in the hands of that executor.
async fn ended(world: &World, executor: &str, outcome: Outcome, number: u32) -> StoredProposal {
    let key = Value::Text(format!("INV-{number}"));
    let stored = world
        .propose(|change, _| {
            change.executor = executor.to_owned();
            change.target.key = key.clone();
            for columns in [&mut change.before, &mut change.after] {
                columns.insert("id".to_owned(), key.clone());
            }
        })
        .await;
    let proposal = &stored.proposal;
    let decision = Decision {
        proposal_id: proposal.proposal_id.clone(),
        proposal_digest: proposal.digest.clone(),
        verdict: Verdict::Approved,
        actor: "ada".into(),
        reason: None,
        at: proposal.created_at,
    };
    world.ledger.decide(&decision).await.unwrap();
    let Start::Run(job) = world.ledger.start_writeback(&proposal.proposal_id, "runner-1").await.unwrap()
    else {
        panic!("nothing was settled before")
    };
    let (source_changed, code) = match outcome {
        Outcome::Applied => (SourceChanged::Yes, None),
        Outcome::Unknown => (SourceChanged::Unknown, Some(Code::ExecutorTimeout)),
        _ => (SourceChanged::No, Some(Code::ExecutorFailed)),
    };
    let receipt = Receipt {
        schema_version: RECEIPT_SCHEMA.into(),
        receipt_id: ReceiptId::from_stored(format!("rcp_{number:032}")),
        job_id: job.job_id,
        proposal_id: job.proposal_id,
        proposal_digest: job.proposal_digest,
        idempotency_key: job.idempotency_key,
        runner_id: "runner-1".into(),
        outcome,
        rows_affected: u32::from(outcome == Outcome::Applied),
        previous_version: None,
        new_version: None,
        source_changed,
        code,
        executor_code: code.map(|_| "ACCOUNT_CLOSED".to_owned()),
        changed_columns: Vec::new(),
        executed_at: proposal.created_at,
    };
    world.ledger.finish_writeback(&receipt).await.unwrap();
    stored
}

/// The page without its marks, as a person copies it.
fn text(html: &str) -> String {
    html.replace("<span class=\"whole\">", "")
        .replace("</span>", "")
        .replace("<bdi>", "")
        .replace("</bdi>", "")
}

#[tokio::test]
async fn a_no_names_executor_and_code_and_the_command_that_has_it_tried_again() {
    let world = World::new().await;
    for (number, outcome) in (1..).zip([Outcome::Failed, Outcome::Conflict]) {
        let stored = ended(&world, "<b>refunds</b>", outcome, number).await;
        let browser = world.enter().await;
        let shown = text(&browser.get(&page(&stored)).await.body);
        assert!(shown.contains("ACCOUNT_CLOSED") && !shown.contains("<b>refunds"), "{shown}");
        assert!(shown.contains("the application, by its executor"), "{shown}");
        let command = format!("synapsor executor retry {} --reason", stored.proposal.proposal_id);
        assert!(shown.contains(&command), "{shown}");
        assert!(!shown.contains("id=\"retry\"") && !shown.contains("left to decide"), "{shown}");
        // Without `--allow-apply` there is no such page, as there is none that applies.
        let form = format!("csrf=&digest={}&actor=ada&reason=x", encoded(stored.proposal.digest.as_str()));
        assert_eq!(world.ask(browser.post(&format!("{}/retry", page(&stored)), &form)).await.status, 404);
    }
    let listed = world.enter().await.get("/receipts").await.body;
    assert!(listed.contains("EXECUTOR_FAILED") && listed.contains("ACCOUNT_CLOSED"), "{listed}");
}

#[tokio::test]
async fn where_the_pages_may_apply_they_approve_once_more_what_was_shown_for_a_reason_and_on_record() {
    let world = World::with(true).await;
    let stored = ended(&world, "refunds", Outcome::Failed, 1).await;
    let id = &stored.proposal.proposal_id;
    let browser = world.enter().await;
    let shown = browser.get(&page(&stored)).await.body;
    assert!(shown.contains("id=\"retry\"") && !shown.contains("id=\"apply\""), "{shown}");
    let (csrf, digest) = (input(&shown, "csrf"), encoded(&input(&shown, "digest")));
    let path = format!("{}/retry", page(&stored));
    let other = encoded(&format!("sha256:{}", "0".repeat(64)));
    for (body, status, code) in [
        (format!("csrf={csrf}&digest={digest}&actor=ada&reason="), 400, "REASON_REQUIRED"),
        (format!("csrf={csrf}&digest={other}&actor=ada&reason=x"), 409, "PROPOSAL_HASH_MISMATCH"),
        (format!("csrf=other&digest={digest}&actor=ada&reason=x"), 403, ""),
        (format!("csrf={csrf}&digest={digest}&actor=&reason=x"), 400, ""),
        (format!("csrf={csrf}&digest={digest}&actor=ada&reason=x&executor=other"), 400, ""),
    ] {
        let refused = world.ask(browser.post(&path, &body)).await;
        assert_eq!(refused.status, status, "{body}: {}", refused.body);
        assert!(refused.body.contains(code), "{code}: {}", refused.body);
    }
    assert_eq!(world.ledger.proposal(id).await.unwrap().state, ProposalState::Failed);

    let body = format!("csrf={csrf}&digest={digest}&actor=ada&reason=open+again");
    assert_eq!(world.ask(browser.post(&path, &body)).await.status, 303);
    let replay = world.ledger.replay(id).await.unwrap();
    assert_eq!(replay.proposal.state, ProposalState::Approved);
    let last = replay.events.last().unwrap();
    assert_eq!((last.kind, last.actor.as_str()), (EventKind::WritebackReopened, "ada"));
    assert_eq!(last.payload["reason"], serde_json::json!("open again"));
    let shown = browser.get(&page(&stored)).await.body;
    assert!(shown.contains("id=\"apply\"") && !shown.contains("id=\"retry\""), "{shown}");
}

#[tokio::test]
async fn a_success_an_unknown_outcome_and_the_runners_own_no_are_not_tried_again() {
    let world = World::with(true).await;
    for (number, (executor, outcome, says)) in (1..).zip([
        ("refunds", Outcome::Applied, "says the executor"),
        ("refunds", Outcome::Unknown, "synapsor writeback reconcile resolve"),
        ("sql_update", Outcome::Failed, "the source refused the change"),
    ]) {
        let stored = ended(&world, executor, outcome, number).await;
        let browser = world.enter().await;
        let shown = text(&browser.get(&page(&stored)).await.body);
        assert!(shown.contains(says), "{says}: {shown}");
        assert!(!shown.contains("id=\"retry\"") && !shown.contains("executor retry"), "{shown}");
        let (csrf, digest) = (input(&shown, "csrf"), encoded(stored.proposal.digest.as_str()));
        let body = format!("csrf={csrf}&digest={digest}&actor=ada&reason=x");
        let refused = world.ask(browser.post(&format!("{}/retry", page(&stored)), &body)).await;
        assert_eq!(refused.status, 409, "{}", refused.body);
        assert!(refused.body.contains("PROPOSAL_NOT_REOPENABLE"), "{}", refused.body);
    }
}
