//! Records are found by who, what, where and when; pages go on where they ended; a reference means one record.

use synapsor_ledger::{
    Activity, Cursor, EventFilter, Filter, Listing, ObjectFilter, Page, RecordKind, Status, TableFilter,
};
use synapsor_protocol::{AuditId, Code, EventKind, Outcome, ProposalState};

use crate::story::{Call, Fixture, approval, at, code, receipt};

/// Three proposals, one applied, one of another tenant; a read and a refused call.
async fn told() -> Fixture {
    let fixture = Fixture::new().await;
    for order in 1..=2 {
        fixture.propose(&Call::order(order)).await;
    }
    let job = fixture.started(&Call::order(3)).await;
    fixture.ledger.finish_writeback(&receipt(&job, Outcome::Applied)).await.expect("recorded");
    fixture.propose(&Call { tenant: "globex", ..Call::order(4) }).await;
    let read = Call::order(5);
    let evidence = read.evidence();
    let audit = read.audit(Some(&evidence));
    fixture.ledger.notebook().record_read(evidence, audit).await.expect("recorded");
    let mut refused = read.audit(None);
    (refused.refused, refused.at, refused.audit_id) =
        (Some(Code::RowNotFound), at(6), AuditId::from_stored("qa_refused"));
    fixture.ledger.notebook().record_refusal(refused, None).await.expect("recorded");
    fixture
}

/// The orders of the proposals a filter finds.
async fn orders(fixture: &Fixture, filter: Filter) -> Vec<String> {
    let found = fixture.ledger.find_proposals(&filter, &Page::default()).await.expect("readable");
    found.items.iter().map(|stored| stored.proposal.change_set.target.key.to_string()).collect()
}

fn object(kind: Option<&str>, key: Option<&str>) -> ObjectFilter {
    ObjectFilter { kind: kind.map(str::to_owned), key: key.map(str::to_owned) }
}

#[tokio::test]
async fn proposals_are_found_by_every_part_of_a_filter() {
    let fixture = told().await;
    let every = Filter::default;
    let some = |text: &str| Some(text.to_owned());
    for (filter, expected) in [
        (every(), &["4", "3", "2", "1"][..]),
        (Filter { tenant: some("globex"), ..every() }, &["4"]),
        (Filter { principal: some("bot-7"), ..every() }, &["4", "3", "2", "1"]),
        (Filter { principal: some("bot-8"), ..every() }, &[]),
        (
            Filter { capability: some("billing.refund"), source: some("shop"), ..every() },
            &["4", "3", "2", "1"],
        ),
        (Filter { object: object(Some("order"), Some("2")), ..every() }, &["2"]),
        (Filter { object: object(Some("main.Orders"), Some("2")), ..every() }, &["2"]),
        (Filter { object: object(Some("public.order"), Some("2")), ..every() }, &[]),
        (Filter { object: object(None, Some("3")), ..every() }, &["3"]),
        (Filter { object: object(None, Some("3")), status: Status::parse("applied"), ..every() }, &["3"]),
        (Filter { object: object(None, Some("2")), status: Status::parse("applied"), ..every() }, &[]),
        (Filter { tenant: some("acme"), status: Status::parse("pending_review"), ..every() }, &["2", "1"]),
        (Filter { from: Some(at(2)), to: Some(at(4)), ..every() }, &["3", "2"]),
        (Filter { table: Some(TableFilter::parse("orders")), tenant: some("globex"), ..every() }, &["4"]),
        (Filter { table: Some(TableFilter::parse("main.orders")), ..every() }, &["4", "3", "2", "1"]),
        (Filter { table: Some(TableFilter::parse("order")), ..every() }, &[]),
        (Filter { status: Status::parse("applied"), ..every() }, &["3"]),
        (Filter { status: Some(ProposalState::Rejected.into()), ..every() }, &[]),
        (Filter { from: Some(at(2)), to: Some(at(4)), ..every() }, &["3", "2"]),
        (Filter { job: Some(synapsor_protocol::JobId::from_stored("wbj_1")), ..every() }, &[]),
    ] {
        assert_eq!(orders(&fixture, filter.clone()).await, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn what_belongs_to_a_proposal_is_found_through_it() {
    let fixture = told().await;
    let id = fixture.ledger.resolve("latest").await.expect("one");
    let filter = Filter { proposal: Some(id.clone()), ..Filter::default() };
    let page = Page::default();
    let evidence = fixture.ledger.find_evidence(&filter, &page).await.expect("readable").items;
    let audits = fixture.ledger.find_audits(&filter, &page).await.expect("readable").items;
    assert_eq!((evidence.len(), audits.len()), (1, 1));
    assert_eq!((evidence[0].proposal_id.as_ref(), audits[0].proposal_id.as_ref()), (Some(&id), Some(&id)));
    assert_eq!(audits[0].key.as_deref(), Some("4"));

    let back = Filter { evidence: Some(evidence[0].evidence.evidence_id.clone()), ..Filter::default() };
    assert_eq!(orders(&fixture, back.clone()).await, ["4"]);
    assert_eq!(fixture.ledger.find_audits(&back, &page).await.expect("readable").items, audits);
    assert!(fixture.ledger.find_receipts(&filter, &page).await.expect("readable").items.is_empty());
}

#[tokio::test]
async fn a_receipt_is_found_by_what_its_proposal_was_about() {
    let fixture = told().await;
    let page = Page::default();
    let find =
        async |filter: Filter| fixture.ledger.find_receipts(&filter, &page).await.expect("readable").items;
    let all = find(Filter::default()).await;
    assert_eq!(all.len(), 1);
    let receipt = &all[0].receipt;
    for filter in [
        Filter { tenant: Some("acme".into()), ..Filter::default() },
        Filter { object: object(Some("orders"), Some("3")), ..Filter::default() },
        Filter { status: Some(Outcome::Applied.into()), ..Filter::default() },
        Filter { job: Some(receipt.job_id.clone()), ..Filter::default() },
        Filter { idempotency_key: Some(receipt.idempotency_key.clone()), ..Filter::default() },
    ] {
        assert_eq!(find(filter.clone()).await, all, "{filter:?}");
    }
    assert!(find(Filter { tenant: Some("globex".into()), ..Filter::default() }).await.is_empty());
}

#[tokio::test]
async fn the_activity_is_one_list_in_which_evidence_of_a_proposal_is_not_told_twice() {
    let fixture = told().await;
    let kinds = |listing: &Listing<Activity>| {
        let kind = |activity: &Activity| match activity {
            Activity::Proposal(_) => 'p',
            Activity::Evidence(_) => 'e',
            Activity::QueryAudit(_) => 'q',
            Activity::Receipt(_) => 'r',
        };
        listing.items.iter().map(kind).collect::<String>()
    };
    let all = fixture.ledger.find_activity(&Filter::default(), &Page::default()).await.expect("readable");
    let mut sorted: Vec<char> = kinds(&all).chars().collect();
    sorted.sort_unstable();
    assert_eq!(sorted.into_iter().collect::<String>(), "eppppqqqqqqr");
    assert!(all.items.is_sorted_by_key(|item| std::cmp::Reverse((item.at(), item.id()))), "newest first");

    let acme = Filter { object: object(None, Some("4")), ..Filter::default() };
    assert_eq!(
        kinds(&fixture.ledger.find_activity(&acme, &Page::default()).await.expect("readable")).len(),
        2
    );
    let refused = Filter { refused: Some(Code::RowNotFound), ..Filter::default() };
    assert_eq!(
        kinds(&fixture.ledger.find_activity(&refused, &Page::default()).await.expect("readable")),
        "q"
    );
}

#[tokio::test]
async fn pages_of_any_size_tell_everything_once() {
    let fixture = told().await;
    let all = fixture.ledger.find_activity(&Filter::default(), &Page::default()).await.expect("readable");
    assert_eq!(all.next, None);
    for rows_max in 1..=8 {
        let (mut told, mut after, mut pages) = (Vec::new(), None::<Cursor>, 0);
        loop {
            let page = Page { rows_max, after };
            let listing = fixture.ledger.find_activity(&Filter::default(), &page).await.expect("readable");
            assert!(listing.items.len() <= usize::try_from(rows_max).expect("few"));
            told.extend(listing.items);
            after = listing.next.map(|cursor| cursor.to_string().parse().expect("reads back"));
            pages += 1;
            assert!(pages < 40, "the pages end");
            if after.is_none() {
                break;
            }
        }
        assert_eq!(told, all.items, "{rows_max} a page");
    }
}

#[tokio::test]
async fn what_comes_in_between_two_pages_neither_repeats_nor_hides_a_record() {
    let fixture = told().await;
    let first = fixture.ledger.find_proposals(&Filter::default(), &Page::first(2)).await.expect("readable");
    fixture.propose(&Call::order(99)).await;
    let rest = Page { rows_max: 2, after: first.next };
    let rest = fixture.ledger.find_proposals(&Filter::default(), &rest).await.expect("readable");
    let keys = rest.items.iter().map(|stored| stored.proposal.change_set.target.key.to_string());
    assert_eq!(keys.collect::<Vec<_>>(), ["2", "1"]);
    assert_eq!(rest.next, None);
}

#[tokio::test]
async fn a_reference_means_one_record_of_its_kind() {
    let fixture = told().await;
    let resolve = async |kind, reference: &str| fixture.ledger.resolve_record(kind, reference).await;
    for kind in [RecordKind::Proposal, RecordKind::Evidence, RecordKind::QueryAudit, RecordKind::Receipt] {
        let latest = resolve(kind, "latest").await.expect("one");
        let start = latest.strip_suffix(|_: char| true).expect("an id");
        assert_eq!(resolve(kind, &latest).await.expect("itself"), latest);
        if kind == RecordKind::Receipt {
            assert_eq!(resolve(kind, start).await.expect("the only one"), latest);
        }
    }
    for (kind, codes) in [
        (RecordKind::Proposal, ["PROPOSAL_NOT_FOUND", "PROPOSAL_ID_AMBIGUOUS"]),
        (RecordKind::Evidence, ["RECORD_NOT_FOUND", "RECORD_ID_AMBIGUOUS"]),
    ] {
        for (reference, expected) in
            [("nothing-like-it", codes[0]), ("' OR 1", codes[0]), ("", codes[0]), ("0", codes[1])]
        {
            let error = resolve(kind, reference).await.expect_err("refused");
            assert_eq!(code(&error), expected, "{reference}");
        }
    }
    let hint = resolve(RecordKind::Evidence, "ev_").await.expect_err("several").refusal().hint;
    assert_eq!(hint.expect("candidates").matches("ev_").count(), 5);
}

#[tokio::test]
async fn a_record_is_shown_by_its_id_or_refused() {
    let fixture = told().await;
    let audit = fixture.ledger.audit_record("qa_refused").await.expect("there");
    assert_eq!(audit.audit.refused, Some(Code::RowNotFound));
    let error = fixture.ledger.receipt_record("rcp_none").await.expect_err("none");
    assert_eq!(code(&error), "RECORD_NOT_FOUND");
}

#[tokio::test]
async fn events_are_the_latest_few_or_what_came_after_one() {
    let fixture = told().await;
    let every = EventFilter::default();
    let latest = fixture.ledger.latest_events(&every, 2).await.expect("readable");
    assert_eq!(
        latest.iter().map(|event| event.kind).collect::<Vec<_>>(),
        [EventKind::EvidenceRecorded, EventKind::CallRefused]
    );
    let seq = latest[1].seq;
    assert!(fixture.ledger.events_after(&every, seq, 9).await.expect("readable").is_empty());

    let stored = fixture.propose(&Call::order(7)).await;
    fixture.ledger.decide(&approval(&stored, "ada")).await.expect("approved");
    let news = fixture.ledger.events_after(&every, seq, 9).await.expect("readable");
    assert_eq!(news.iter().map(|event| event.seq).collect::<Vec<_>>(), [seq + 1, seq + 2]);
    let by_ada =
        EventFilter { actor: Some("ada".into()), kind: Some(EventKind::ProposalApproved), ..every.clone() };
    assert_eq!(fixture.ledger.events_after(&by_ada, seq, 9).await.expect("readable"), news[1..]);
    let about = EventFilter { proposal: Some(stored.proposal.proposal_id), ..every };
    assert_eq!(fixture.ledger.latest_events(&about, 9).await.expect("readable"), news);
}
