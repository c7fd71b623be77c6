//! Deciding on the page: what was shown is what is decided, two tabs cannot both, and a refusal says what changed.

use synapsor_protocol::proposal::ProposalMode;
use synapsor_protocol::{HumanAction, ProposalState};

use crate::world::{World, page};

#[tokio::test]
async fn approving_records_who_and_shows_the_command_that_applies() {
    let world = World::new().await;
    let stored = world.invoice("INV-1").await;
    let browser = world.enter().await;
    let form = browser.form(&stored, "checked with the bank").await;
    let decided = world.ask(browser.post(&format!("{}/approve", page(&stored)), &form)).await;
    assert_eq!((decided.status, decided.header("location")), (303, Some(page(&stored).as_str())));
    let replay = world.ledger.replay(&stored.proposal.proposal_id).await.unwrap();
    assert_eq!(replay.proposal.state, ProposalState::Approved);
    assert_eq!(
        (replay.decisions[0].actor.as_str(), replay.decisions[0].reason.as_deref()),
        ("ada", Some("checked with the bank"))
    );
    let shown = browser.get(&page(&stored)).await.body;
    let command =
        format!("synapsor apply {} --config synapsor.runner.json --store ", stored.proposal.proposal_id);
    // Its parts are elements of their own, and what is copied is the text.
    let text = shown.replace("<span class=\"whole\">", "").replace("</span>", "");
    assert!(text.contains(&command), "{shown}");
    assert!(!shown.contains("id=\"approve\"") && !shown.contains("id=\"apply\""), "{shown}");
}

#[tokio::test]
async fn a_rejection_needs_a_reason() {
    let world = World::new().await;
    let stored = world.invoice("INV-1").await;
    let browser = world.enter().await;
    let path = format!("{}/reject", page(&stored));
    for empty in ["", "  \n "] {
        let form = browser.form(&stored, empty).await;
        assert_eq!(world.ask(browser.post(&path, &form)).await.status, 400);
    }
    let form = browser.form(&stored, "wrong invoice").await;
    assert_eq!(world.ask(browser.post(&path, &form)).await.status, 303);
    assert!(browser.get(&page(&stored)).await.body.contains("wrong invoice"));
}

#[tokio::test]
async fn of_two_tabs_one_decides_and_the_other_is_told_who_did() {
    let world = World::new().await;
    let stored = world.invoice("INV-1").await;
    let (first, second) = (world.enter().await, world.enter().await);
    let (yes, no) = (first.form(&stored, "").await, second.form(&stored, "no").await);
    let approve = first.post(&format!("{}/approve", page(&stored)), &yes);
    // Rejecting what is approved is allowed; approving what was rejected is not.
    let rejected = world.ask(second.post(&format!("{}/reject", page(&stored)), &no)).await;
    assert_eq!(rejected.status, 303);
    let late = world.ask(approve).await;
    assert_eq!(late.status, 409);
    assert!(late.body.contains("PROPOSAL_NOT_PENDING_REVIEW"), "{}", late.body);
    assert!(
        late.body.contains("ada rejected it at") && late.body.contains("Nothing was decided"),
        "{}",
        late.body
    );
}

#[tokio::test]
async fn a_hundred_clicks_are_one_approval() {
    let world = World::new().await;
    let stored = world.invoice("INV-1").await;
    let browser = world.enter().await;
    let form = browser.form(&stored, "").await;
    let post = browser.post(&format!("{}/approve", page(&stored)), &form);
    let clicks = (0..100).map(|_| world.ask(post.clone()));
    for answer in futures_util::future::join_all(clicks).await {
        assert_eq!(answer.status, 303, "{}", answer.body);
    }
    let replay = world.ledger.replay(&stored.proposal.proposal_id).await.unwrap();
    assert_eq!((replay.decisions.len(), replay.proposal.state), (1, ProposalState::Approved));
}

#[tokio::test]
async fn a_decision_about_edited_content_is_refused_and_says_what_changed() {
    let world = World::new().await;
    let stored = world.invoice("INV-1").await;
    let browser = world.enter().await;
    let form = browser.form(&stored, "").await;
    let conn = rusqlite::Connection::open(&world.ledger_path).unwrap();
    for trigger in triggers(&conn) {
        conn.execute_batch(&format!("DROP TRIGGER \"{trigger}\"")).unwrap();
    }
    conn.execute(
        "UPDATE proposals SET document = json_set(document, '$.change_set.patch.late_fee_cents.integer', 99999)",
        [],
    )
    .unwrap();
    let answer = world.ask(browser.post(&format!("{}/approve", page(&stored)), &form)).await;
    assert_eq!(answer.status, 409, "{}", answer.body);
    assert!(answer.body.contains("PROPOSAL_HASH_MISMATCH"), "{}", answer.body);
    assert!(answer.body.contains("late_fee_cents") && answer.body.contains("99999"), "{}", answer.body);
    let shown = browser.get(&page(&stored)).await;
    assert_eq!(shown.status, 200);
    assert!(shown.body.contains("This record was edited") && !shown.body.contains("id=\"approve\""));
}

fn triggers(conn: &rusqlite::Connection) -> Vec<String> {
    let mut statement = conn.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

#[tokio::test]
async fn the_apply_button_is_there_only_where_it_was_allowed() {
    let world = World::with(true).await;
    let stored = world.invoice("INV-1").await;
    let browser = world.enter().await;
    let form = browser.form(&stored, "").await;
    world.ask(browser.post(&format!("{}/approve", page(&stored)), &form)).await;
    let shown = browser.get(&page(&stored)).await.body;
    assert!(shown.contains("id=\"apply\""), "{shown}");
    let (csrf, digest) = (crate::client::input(&shown, "csrf"), crate::client::input(&shown, "digest"));
    let body = format!("csrf={csrf}&digest={}", digest.replace(':', "%3A"));
    let applied = world.ask(browser.post(&format!("{}/apply", page(&stored)), &body)).await;
    // The world's config names another engine than the proposal: refused, and the page says that nothing changed.
    assert_eq!(applied.status, 409, "{}", applied.body);
    assert!(
        applied.body.contains("WRITEBACK_NOT_REVIEWED") && applied.body.contains("Nothing was decided"),
        "{}",
        applied.body
    );
}

#[tokio::test]
async fn a_shadow_proposal_is_shown_beside_what_people_did_and_nobody_can_approve_it() {
    let world = World::with(true).await;
    let stored = world.propose_in(ProposalMode::Shadow, |_, _| {}).await;
    let done = [("late_fee_cents".to_owned(), serde_json::from_str("250").unwrap())].into();
    let said = Some("<script>by phone</script>".to_owned());
    let action = HumanAction::new(&stored.proposal, "<b>lead</b>", done, said, stored.proposal.created_at);
    world.ledger.record_human_action(&action.unwrap()).await.unwrap();
    let browser = world.enter().await;
    let shown = browser.get(&page(&stored)).await.body;
    assert!(shown.contains("For comparison") && shown.contains("nobody approves it"), "{shown}");
    assert!(shown.contains("250") && shown.contains("by phone"), "{shown}");
    assert!(!shown.contains("<script>by") && !shown.contains("<b>lead"), "{shown}");
    assert!(!shown.contains("id=\"approve\"") && !shown.contains("id=\"apply\""), "{shown}");
    // A request that no page of ours sends.
    let form = browser.form(&stored, "").await;
    let approved = world.ask(browser.post(&format!("{}/approve", page(&stored)), &form)).await;
    assert!(
        approved.status >= 400 && approved.body.contains("SHADOW_WRITEBACK_DISABLED"),
        "{}",
        approved.body
    );
    let form = form.replace("&actor=ada&reason=", "");
    let applied = world.ask(browser.post(&format!("{}/apply", page(&stored)), &form)).await;
    assert!(applied.status >= 400, "{}", applied.body);
    let replay = world.ledger.replay(&stored.proposal.proposal_id).await.unwrap();
    assert_eq!((replay.proposal.state, replay.decisions.len()), (ProposalState::PendingReview, 0));
}
