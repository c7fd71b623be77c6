//! Recording reads, refusals and proposals; looking them up again.

use synapsor_ledger::{MisfitKind, ProposalFilter, REPLAY_SCHEMA};
use synapsor_protocol::proposal::ProposalMode;
use synapsor_protocol::{Code, EventKind, ProposalId, ProposalState, QueryAudit, Value};

use crate::story::{Call, Documents, Fixture, approval, at, code, receipt, rejection};

#[tokio::test]
async fn a_read_is_recorded_with_its_evidence_and_found_by_its_tenant_only() {
    let fixture = Fixture::new().await;
    let notebook = fixture.ledger.notebook();
    let call = Call::default();
    let evidence = call.evidence();
    notebook.record_read(evidence.clone(), call.audit(Some(&evidence))).await.expect("recorded");
    let id = evidence.evidence_id.as_str();
    assert_eq!(notebook.evidence(id, "acme").await.expect("readable"), Some(evidence.clone()));
    for tenant in ["globex", "ACME", "acme ", "", "%"] {
        assert_eq!(notebook.evidence(id, tenant).await.expect("readable"), None, "{tenant}");
    }
    assert_eq!(fixture.events().await, 2);
}

#[tokio::test]
async fn a_refused_call_is_recorded_with_and_without_evidence() {
    let fixture = Fixture::new().await;
    let notebook = fixture.ledger.notebook();
    let call = Call::default();
    let evidence = call.evidence();
    let refused = QueryAudit { refused: Some(Code::PatchEmpty), ..call.audit(Some(&evidence)) };
    notebook.record_refusal(refused, Some(evidence.clone())).await.expect("recorded");
    let early = QueryAudit {
        refused: Some(Code::TrustedContextMissing),
        tenant: None,
        principal: None,
        ..call.audit(None)
    };
    notebook.record_refusal(early, None).await.expect("recorded");
    assert!(notebook.evidence(evidence.evidence_id.as_str(), "acme").await.expect("readable").is_some());
    assert_eq!(fixture.events().await, 3);
}

#[tokio::test]
async fn a_proposal_waits_for_review_and_survives_reopening() {
    let fixture = Fixture::new().await;
    let stored = fixture.propose(&Call::default()).await;
    assert_eq!(stored.state, ProposalState::PendingReview);
    assert!(stored.intact);
    let ledger_id = fixture.ledger.ledger_id().to_owned();
    let again = fixture.reopened().await;
    assert_eq!(again.ledger_id(), ledger_id);
    assert_eq!(again.proposal(&stored.proposal.proposal_id).await.expect("there"), stored);
}

#[tokio::test]
async fn a_proposal_is_another_tenants_secret() {
    let fixture = Fixture::new().await;
    let stored = fixture.propose(&Call::default()).await;
    let id = stored.proposal.proposal_id.as_str();
    let notebook = fixture.ledger.notebook();
    assert_eq!(notebook.proposal(id, "acme").await.expect("readable"), Some(stored.clone()));
    assert!(notebook.replay(id, "acme").await.expect("readable").is_some());
    assert_eq!(notebook.proposal(id, "globex").await.expect("readable"), None);
    assert_eq!(notebook.replay(id, "globex").await.expect("readable"), None);
    assert_eq!(notebook.proposal("wrp_none", "acme").await.expect("readable"), None);
}

#[tokio::test]
async fn the_same_proposal_again_is_the_same_proposal_while_it_is_open() {
    let fixture = Fixture::new().await;
    let call = Call::default();
    let first = fixture.record(&call).await.expect("recorded");
    assert!(!first.repeated);
    let again = fixture.record(&call).await.expect("recorded");
    assert!(again.repeated);
    assert_eq!(again.proposal, first.proposal);

    fixture.ledger.decide(&approval(&first.proposal, "ada")).await.expect("approved");
    let approved = fixture.record(&call).await.expect("recorded");
    assert!(approved.repeated);
    assert_eq!(approved.proposal.state, ProposalState::Approved);

    fixture.ledger.decide(&rejection(&first.proposal, "ada", "no")).await.expect("rejected");
    let after = fixture.record(&call).await.expect("recorded");
    assert!(!after.repeated, "a rejected proposal may be made again");
    let replay = fixture.ledger.replay(&first.proposal.proposal.proposal_id).await.expect("readable");
    assert_eq!(replay.audits.len(), 3, "each call that led there is on the record");
    fixture.events().await;
}

#[tokio::test]
async fn another_tenant_row_value_or_mode_is_another_proposal() {
    let fixture = Fixture::new().await;
    fixture.propose(&Call::default()).await;
    for other in [
        Call { tenant: "globex", ..Call::default() },
        Call::order(43),
        Call { note: Value::Text("42".into()), ..Call::default() },
        Call { note: Value::Integer(42), ..Call::default() },
        Call { mode: ProposalMode::Shadow, ..Call::default() },
    ] {
        assert!(!fixture.record(&other).await.expect("recorded").repeated);
    }
}

#[tokio::test]
async fn a_proposal_whose_evidence_belongs_to_another_call_is_a_bug_and_leaves_nothing() {
    let fixture = Fixture::new().await;
    let Documents { proposal, .. } = Call::default().documents();
    let Documents { evidence, audit, .. } = Call::order(43).documents();
    let error =
        fixture.ledger.notebook().record_proposal(proposal, evidence, audit).await.expect_err("refused");
    assert_eq!(code(&error), "INTERNAL");
    assert_eq!(fixture.events().await, 1);
}

#[tokio::test]
async fn a_proposal_that_would_be_found_by_another_call_is_a_bug_and_leaves_nothing() {
    let fixture = Fixture::new().await;
    let strays: [fn(&mut QueryAudit); 4] = [
        |audit| audit.at = at(7),
        |audit| audit.tenant = Some("globex".into()),
        |audit| audit.principal = None,
        |audit| audit.capability = "billing.other".into(),
    ];
    for stray in strays {
        let Documents { proposal, evidence, mut audit } = Call::default().documents();
        stray(&mut audit);
        let recorded = fixture.ledger.notebook().record_proposal(proposal, evidence, audit).await;
        assert_eq!(code(&recorded.expect_err("refused")), "INTERNAL");
    }
    assert_eq!(fixture.events().await, 1);
}

#[tokio::test]
async fn what_looks_like_a_secret_is_recorded_nowhere() {
    let fixture = Fixture::new().await;
    let notebook = fixture.ledger.notebook();
    let call = Call { note: Value::Text("postgres://app:hunter2@db/shop".into()), ..Call::default() };
    let error = fixture.record(&call).await.expect_err("refused");
    assert_eq!(code(&error), "SECRET_MATERIAL_REJECTED");
    let mut evidence = Call::default().evidence();
    evidence.arguments.insert("api_key".into(), Value::Text("hunter2".into()));
    let error = notebook.record_read(evidence, Call::default().audit(None)).await.expect_err("refused");
    assert_eq!(code(&error), "SECRET_MATERIAL_REJECTED");
    assert!(!error.refusal().message.contains("hunter2"));
    assert_eq!(fixture.events().await, 1);
    // The refused call itself is on the record, without what it would have kept.
    let (evidence, audit) = (call.evidence(), call.audit(Some(&call.evidence())));
    let refused = QueryAudit { refused: Some(Code::SecretMaterialRejected), ..audit };
    notebook.record_refusal(refused, Some(evidence.clone())).await.expect("recorded");
    assert!(notebook.evidence(evidence.evidence_id.as_str(), "acme").await.expect("readable").is_none());
    assert_eq!(fixture.events().await, 2);
    assert!(!fixture.holds("hunter2").await);
}

#[tokio::test]
async fn proposals_are_listed_newest_first_through_any_filter() {
    let fixture = Fixture::new().await;
    for order in 1..=5 {
        fixture.propose(&Call::order(order)).await;
    }
    fixture.propose(&Call { tenant: "globex", ..Call::order(6) }).await;
    let rejected = fixture.propose(&Call::order(7)).await;
    fixture.ledger.decide(&rejection(&rejected, "ada", "no")).await.expect("rejected");

    let orders = async |filter: ProposalFilter| -> Vec<String> {
        let found = fixture.ledger.proposals(&filter).await.expect("readable");
        found.iter().map(|found| found.proposal.change_set.target.key.to_string()).collect()
    };
    let all = ProposalFilter::default;
    assert_eq!(orders(all()).await, ["7", "6", "5", "4", "3", "2", "1"]);
    assert_eq!(orders(ProposalFilter { limit: 2, ..all() }).await, ["7", "6"]);
    assert_eq!(orders(ProposalFilter { tenant: Some("globex".into()), ..all() }).await, ["6"]);
    assert_eq!(orders(ProposalFilter { state: Some(ProposalState::Rejected), ..all() }).await, ["7"]);
    assert!(orders(ProposalFilter { capability: Some("other".into()), ..all() }).await.is_empty());
    let narrow = ProposalFilter {
        state: Some(ProposalState::PendingReview),
        tenant: Some("acme".into()),
        capability: Some("billing.refund".into()),
        limit: 3,
    };
    assert_eq!(orders(narrow).await, ["5", "4", "3"]);
}

#[tokio::test]
async fn a_reference_is_an_id_the_start_of_one_or_latest() {
    let fixture = Fixture::new().await;
    let error = fixture.ledger.resolve("latest").await.expect_err("empty");
    assert_eq!(code(&error), "PROPOSAL_NOT_FOUND");
    let first = fixture.propose(&Call::order(1)).await.proposal.proposal_id;
    let second = fixture.propose(&Call::order(2)).await.proposal.proposal_id;
    let resolve = |reference: String| {
        let ledger = fixture.ledger.clone();
        async move { ledger.resolve(&reference).await }
    };
    assert_eq!(resolve("latest".into()).await.expect("found"), second);
    for id in [&first, &second] {
        let bare = id.as_str().strip_prefix(ProposalId::PREFIX).expect("prefixed");
        for reference in [id.as_str(), bare] {
            assert_eq!(&resolve(reference.into()).await.expect("found"), id);
        }
    }
    let error = resolve("wrp_".into()).await.expect_err("two");
    assert_eq!(code(&error), "PROPOSAL_ID_AMBIGUOUS");
    let hint = error.refusal().hint.expect("a hint");
    assert!(hint.contains(first.as_str()) && hint.contains(second.as_str()), "{hint}");
    for unknown in
        ["", "wrp_nope", "zzz", "%", "_", "'; DROP TABLE events; --", "latest ", "é", &"a".repeat(10_000)]
    {
        let error = resolve(unknown.to_owned()).await.expect_err("unknown");
        assert_eq!(code(&error), "PROPOSAL_NOT_FOUND", "{unknown}");
        assert!(error.to_string().len() < 200);
    }
}

#[tokio::test]
async fn a_replay_tells_the_whole_story_in_order() {
    use synapsor_protocol::Outcome;
    let fixture = Fixture::new().await;
    let job = fixture.started(&Call::default()).await;
    fixture.ledger.interrupt_writeback(&job, Code::DatabaseUnavailable).await.expect("recorded");
    let job = fixture.start(&job.proposal_id).await;
    fixture.ledger.finish_writeback(&receipt(&job, Outcome::Applied)).await.expect("recorded");
    fixture.propose(&Call::order(43)).await;

    let replay = fixture.ledger.replay(&job.proposal_id).await.expect("readable");
    assert_eq!(replay.schema_version, REPLAY_SCHEMA);
    assert!(replay.evidence_intact && replay.proposal.intact);
    assert_eq!(replay.proposal.state, ProposalState::Applied);
    assert_eq!((replay.audits.len(), replay.decisions.len(), replay.receipts.len()), (1, 1, 1));
    assert_eq!(replay.jobs, [job]);
    let kinds: Vec<EventKind> = replay.events.iter().map(|event| event.kind).collect();
    let expected = [
        EventKind::ProposalCreated,
        EventKind::ProposalApproved,
        EventKind::WritebackStarted,
        EventKind::WritebackInterrupted,
        EventKind::WritebackStarted,
        EventKind::WritebackApplied,
    ];
    assert_eq!(kinds, expected);
    let json = serde_json::to_value(&replay).expect("serializes");
    assert_eq!(json["schema_version"], "synapsor.replay.v2");
    assert_eq!(json["proposal"]["state"], "applied");
}

#[tokio::test]
async fn an_unknown_proposal_is_refused_by_every_call_that_takes_one() {
    let fixture = Fixture::new().await;
    let other = Fixture::new().await;
    let stranger = other.started(&Call::default()).await;
    let id = &stranger.proposal_id;
    let decision = approval(&other.ledger.proposal(id).await.expect("there"), "ada");
    let refused = [
        fixture.ledger.proposal(id).await.err(),
        fixture.ledger.replay(id).await.err(),
        fixture.ledger.decide(&decision).await.err(),
        fixture.ledger.start_writeback(id, "runner-1").await.err(),
        fixture.ledger.finish_writeback(&receipt(&stranger, synapsor_protocol::Outcome::Applied)).await.err(),
        fixture.ledger.interrupt_writeback(&stranger, Code::DatabaseUnavailable).await.err(),
    ];
    for error in refused {
        assert_eq!(code(&error.expect("refused")), "PROPOSAL_NOT_FOUND");
    }
    assert_eq!(fixture.events().await, 1);
}

#[tokio::test]
async fn a_proposal_under_the_id_of_another_is_refused_and_the_ledger_goes_on() {
    let fixture = Fixture::new().await;
    let notebook = fixture.ledger.notebook();
    let taken = fixture.propose(&Call::order(1)).await.proposal.proposal_id;
    let Documents { proposal, evidence, audit } = Call::order(2).documents_as(&taken);
    let error = notebook.record_proposal(proposal, evidence, audit).await.expect_err("taken");
    assert_eq!(code(&error), "INTERNAL");
    fixture.propose(&Call::order(2)).await;
    let report = fixture.ledger.verify().await.expect("readable");
    assert_eq!(report.misfit.map(|misfit| misfit.kind), None::<MisfitKind>);
    assert_eq!((report.events, report.records), (3, 6));
}
