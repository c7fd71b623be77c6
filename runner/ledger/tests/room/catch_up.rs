//! What records are found by is written later than they are, and nobody can tell.

use synapsor_ledger::{EventFilter, Filter, Ledger, Page, RecordKind, Status};
use synapsor_protocol::{AuditId, Code, EventKind, EvidenceId, QueryAudit};

use crate::story::{Call, Fixture, code};

async fn read(ledger: &Ledger, order: i64) -> EvidenceId {
    let call = Call::order(order);
    let evidence = call.evidence();
    let (id, audit) = (evidence.evidence_id.clone(), call.audit(Some(&evidence)));
    ledger.notebook().record_read(evidence, audit).await.expect("recorded");
    id
}

/// The keys of the rows that were read, newest first.
async fn keys(ledger: &Ledger) -> Vec<String> {
    let found = ledger.find_audits(&Filter::default(), &Page::default()).await.expect("readable");
    found.items.into_iter().filter_map(|found| found.key).collect()
}

#[tokio::test]
async fn a_list_holds_every_record_answered_before_it_whoever_recorded_it() {
    let fixture = Fixture::new().await;
    let other = fixture.reopened().await;
    for order in 1..=5 {
        read(if order % 2 == 0 { &fixture.ledger } else { &other }, order).await;
        let (here, there) = (keys(&fixture.ledger).await, keys(&other).await);
        assert_eq!(here, there);
        assert_eq!(here.len(), usize::try_from(order).expect("few"));
        assert_eq!(here.first(), Some(&order.to_string()));
    }
    fixture.events().await;
}

#[tokio::test]
async fn a_proposal_is_listed_as_soon_as_it_is_recorded_and_by_its_state_without_writing() {
    let fixture = Fixture::new().await;
    let (all, page) = (Filter::default(), Page::default());
    let waiting = Filter { status: Status::parse("pending_review"), ..all.clone() };
    for order in 1..=3 {
        let stored = fixture.propose(&Call::order(order)).await;
        let before = fixture.ledger.commits();
        let found = fixture.ledger.find_proposals(&waiting, &page).await.expect("readable").items;
        let latest = fixture.ledger.resolve_record(RecordKind::Proposal, "latest").await.expect("one");
        assert_eq!((found.first(), latest.as_str()), (Some(&stored), stored.proposal.proposal_id.as_str()));
        assert_eq!(fixture.ledger.commits(), before, "nothing had to be written for it");
        assert_eq!(fixture.ledger.find_proposals(&all, &page).await.expect("readable").items, found);
        assert_eq!(fixture.ledger.commits(), before + 1);
    }
    let fixture = fixture.tampered("DELETE FROM found_by").await;
    assert_eq!(fixture.ledger.find_proposals(&all, &page).await.expect("readable").items.len(), 3);
    fixture.events().await;
}

#[tokio::test]
async fn a_clock_that_ran_backwards_orders_a_list_and_not_what_latest_means() {
    let fixture = Fixture::new().await;
    let first = fixture.propose(&Call::order(9)).await;
    let second = fixture.propose(&Call::order(5)).await;
    for filter in [Filter::default(), Filter { status: Status::parse("pending_review"), ..Filter::default() }]
    {
        let found = fixture.ledger.find_proposals(&filter, &Page::default()).await.expect("readable").items;
        assert_eq!(found, [first.clone(), second.clone()]);
    }
    let latest = fixture.ledger.resolve_record(RecordKind::Proposal, "latest").await.expect("one");
    assert_eq!(latest, second.proposal.proposal_id.as_str());
}

#[tokio::test]
async fn a_record_is_shown_by_its_id_as_soon_as_it_is_recorded() {
    let fixture = Fixture::new().await;
    for order in 1..=3 {
        let id = read(&fixture.ledger, order).await;
        let shown = fixture.ledger.evidence_record(&id).await.expect("there");
        assert_eq!((shown.evidence.evidence_id, shown.proposal_id), (id.clone(), None));
        let latest = fixture.ledger.resolve_record(RecordKind::Evidence, "latest").await.expect("one");
        assert_eq!(latest, id.as_str());
        let found = fixture.ledger.notebook().evidence(id.as_str(), "acme").await.expect("readable");
        assert!(found.is_some());
    }
    let refused =
        fixture.ledger.evidence_record(&EvidenceId::from_stored("ev_none")).await.expect_err("none");
    assert_eq!(code(&refused), "RECORD_NOT_FOUND");
}

#[tokio::test]
async fn many_records_are_found_though_nobody_looked_in_between() {
    let fixture = Fixture::new().await;
    for order in 1..=600 {
        read(&fixture.ledger, order).await;
    }
    let page = Page::first(200);
    let (mut told, mut after) = (0, None);
    loop {
        let listing = fixture
            .ledger
            .find_evidence(&Filter::default(), &Page { after, ..page.clone() })
            .await
            .expect("readable");
        told += listing.items.len();
        after = listing.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(told, 600);
    assert_eq!(fixture.events().await, 601);
}

#[tokio::test]
async fn what_records_are_found_by_can_be_deleted_and_is_made_anew() {
    let fixture = Fixture::new().await;
    for order in 1..=5 {
        read(&fixture.ledger, order).await;
    }
    let before = keys(&fixture.ledger).await;
    let fixture = fixture.tampered("DELETE FROM found_by WHERE seq > 3").await;
    fixture.events().await;
    assert_eq!(keys(&fixture.ledger).await, before);
    let fixture = fixture.tampered("DELETE FROM found_by; DELETE FROM names").await;
    fixture.events().await;
    assert_eq!(keys(&fixture.ledger).await, before);
    fixture.events().await;
}

#[tokio::test]
async fn a_refused_call_is_found_by_its_code_and_has_no_evidence_to_list() {
    let fixture = Fixture::new().await;
    let refused = QueryAudit {
        refused: Some(Code::RowNotFound),
        audit_id: AuditId::from_stored("qa_refused"),
        ..Call::order(1).audit(None)
    };
    fixture.ledger.notebook().record_refusal(refused, None).await.expect("recorded");
    let filter = Filter { refused: Some(Code::RowNotFound), ..Filter::default() };
    let found = fixture.ledger.find_audits(&filter, &Page::default()).await.expect("readable").items;
    assert_eq!(found.len(), 1);
    assert!(
        fixture
            .ledger
            .find_evidence(&Filter::default(), &Page::default())
            .await
            .expect("readable")
            .items
            .is_empty()
    );
    let events = EventFilter { kind: Some(EventKind::CallRefused), ..EventFilter::default() };
    assert_eq!(fixture.ledger.latest_events(&events, 5).await.expect("readable").len(), 1);
}
