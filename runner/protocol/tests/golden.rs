//! Documents that were stored or sent once must parse for ever, with the digest they had.
#![expect(clippy::panic, clippy::expect_used, reason = "a test ends loudly")]

use std::path::{Path, PathBuf};

use expect_test::expect_file;
use serde::Serialize;
use serde::de::DeserializeOwned;
use synapsor_protocol::evidence::EvidenceBundle;
use synapsor_protocol::{
    CandidateEnding, CandidateRun, ChangeSet, Decision, Event, EventEnvelope, HumanAction, JobDocument,
    Proposal, QueryAudit, Receipt, RedactedColumns, WritebackJob, executor, fleet, job_document,
};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/protocol")
}

/// Reads the document, prints it again, and compares: nothing is lost, nothing is added.
fn golden<T: Serialize + DeserializeOwned>(name: &str) -> T {
    let text =
        std::fs::read_to_string(fixtures().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let document: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let printed = serde_json::to_value(&document).expect("prints");
    let written: serde_json::Value = serde_json::from_str(&text).expect("is JSON");
    assert_eq!(printed, written, "{name}");
    document
}

#[test]
fn the_first_documents_still_parse_with_their_digests() {
    let change_set: ChangeSet = golden("change-set.v2.json");
    let proposal: Proposal = golden("proposal.v2.json");
    assert_eq!(proposal.change_set, change_set);
    assert_eq!(proposal.recompute_digest().expect("a digest"), proposal.digest);
    let evidence: EvidenceBundle = golden("evidence.v2.json");
    assert_eq!(evidence.digest().expect("a digest"), proposal.evidence_digest);
    assert_eq!(evidence.share(), None, "its budget was not kept");
    let with_budget: EvidenceBundle = golden("evidence.v2.budget.json");
    assert_eq!(with_budget.share().expect("a share").fuel_percent, 1);
    assert_eq!(EvidenceBundle { budget: None, ..with_budget }, evidence);
    let redacted: EvidenceBundle = golden("evidence.v2.redacted.json");
    assert_eq!(EvidenceBundle { redacted: RedactedColumns::new(), ..redacted }, evidence);
    let redacted: ChangeSet = golden("change-set.v2.redacted.json");
    assert_eq!(ChangeSet { redacted: RedactedColumns::new(), ..redacted }, change_set);
    let job: WritebackJob = golden("writeback-job.v2.json");
    let redacted: WritebackJob = golden("writeback-job.v2.redacted.json");
    assert_eq!(WritebackJob { redacted: RedactedColumns::new(), ..redacted }, job);
    assert_eq!(job.proposal_digest, proposal.digest);
    assert_eq!(job.handover, None);
    let handed_over: WritebackJob = golden("writeback-job.v2.handover.json");
    assert_eq!(WritebackJob { handover: None, ..handed_over }, job);
    let receipt: Receipt = golden("execution-receipt.v2.json");
    assert_eq!(receipt.idempotency_key, job.idempotency_key);
    let event: Event = golden("event.v1.json");
    let envelope: EventEnvelope = golden("event-webhook.v1.json");
    assert_eq!(EventEnvelope::of(&envelope.ledger_id, event.clone()), envelope);
    assert_eq!(event.recompute_digest().expect("a digest"), event.digest);
    let _: Decision = golden("decision.v1.json");
    let action: HumanAction = golden("human-action.v1.json");
    assert_eq!(action.proposal_digest, proposal.digest);
    let _: CandidateRun = golden("candidate-run.v1.json");
    let not_shown: CandidateRun = golden("candidate-run.v1.not-shown.json");
    assert_eq!(not_shown.ending, CandidateEnding::NotShown);
    let _: QueryAudit = golden("query-audit.v1.json");
    let delegated: QueryAudit = golden("query-audit.v1.delegated.json");
    assert_eq!(delegated.delegated.map(|trace| trace.took_ms), Some(42));
}

#[test]
fn what_a_worker_and_its_control_plane_say_still_parses() {
    let assignment: fleet::Assignment = golden("writeback-assignment.v1.json");
    assert_eq!(assignment.proposal.recompute_digest().expect("a digest"), assignment.job.proposal_digest);
    let result: fleet::JobResult = golden("writeback-result.v1.json");
    assert_eq!(Some(result.lease_id), assignment.job.handover.map(|handover| handover.lease.lease_id));
}

#[test]
fn one_changed_value_changes_the_digest() {
    let mut proposal: Proposal = golden("proposal.v2.json");
    for column in proposal.change_set.patch.clone().into_keys() {
        let mut edited = proposal.clone();
        edited.change_set.patch.insert(column, synapsor_protocol::Value::Integer(1));
        assert_ne!(edited.recompute_digest().expect("a digest"), proposal.digest);
    }
    proposal.change_set.tenant.push(' ');
    assert_ne!(proposal.recompute_digest().expect("a digest"), proposal.digest);
}

#[test]
fn an_unknown_field_is_refused() {
    let text = std::fs::read_to_string(fixtures().join("writeback-job.v2.json")).expect("the job");
    let text = text.replacen('{', "{ \"sql\": \"UPDATE\",", 1);
    assert!(serde_json::from_str::<WritebackJob>(&text).is_err());
}

fn committed(name: &str) -> String {
    std::fs::read_to_string(fixtures().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Every job document, with the schema it follows.
fn jobs() -> [(&'static str, serde_json::Value); 4] {
    [
        ("writeback-job.v2.json", job_document::job_schema()),
        ("writeback-job.v2.handover.json", job_document::job_schema()),
        ("writeback-job.v1.json", job_document::job_v1_schema()),
        ("writeback-job.legacy.json", job_document::legacy_job_schema()),
    ]
}

#[test]
fn every_job_form_is_read_and_both_published_ones_say_the_same() {
    let read =
        |name: &str| JobDocument::parse(&committed(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(read("writeback-job.v2.json").format(), "synapsor.writeback-job.v2");
    let (JobDocument::Published(mut v1), JobDocument::Published(legacy)) =
        (read("writeback-job.v1.json"), read("writeback-job.legacy.json"))
    else {
        panic!("both are published forms")
    };
    assert_eq!(v1.project_id.take().as_deref(), Some("local"));
    v1.format = legacy.format;
    assert_eq!(v1, legacy);
}

#[test]
fn a_job_with_a_field_too_many_or_too_few_is_refused_by_the_reader_and_by_the_schema() {
    for (name, schema) in jobs() {
        let schema = jsonschema::validator_for(&schema).expect("a schema");
        let job: serde_json::Value = serde_json::from_str(&committed(name)).expect("is JSON");
        let holds = |job: &serde_json::Value| {
            let read = JobDocument::parse(&job.to_string()).is_ok();
            assert_eq!(read, schema.is_valid(job), "{name}: {job}");
            read
        };
        assert!(holds(&job), "{name}");
        let fields = job.as_object().expect("an object").clone();
        for field in fields.keys().filter(|field| !matches!(field.as_str(), "handover" | "attempt_count")) {
            let mut fewer = fields.clone();
            fewer.remove(field);
            assert!(!holds(&fewer.into()), "{name} without {field}");
        }
        let mut more = fields;
        more.insert("sql".into(), "UPDATE".into());
        assert!(!holds(&more.into()), "{name}");
    }
}

#[test]
fn what_is_no_job_is_refused_and_nothing_of_it_is_repeated() {
    let long = " ".repeat(job_document::JOB_BYTES_MAX + 1);
    let text = committed("writeback-job.v1.json");
    let broken = [
        String::new(),
        "[]".into(),
        "{\"schema_version\":\"canary\"}".into(),
        text.replace("single_row_update", "canary"),
        text.replace("\"column\",", "\"row_hash\","),
        text.replace("\"INV-3001\"", "[\"canary\"]"),
        text.replace("2026-06-20T14:36:08Z", "canary"),
        text.replace("\"engine\": \"postgres\"", "\"engine\": \"canary\""),
        long,
    ];
    for text in broken {
        let refused = JobDocument::parse(&text).expect_err("no job").to_string();
        assert!(!refused.contains("canary"), "{refused}");
    }
}

/// Compares a committed file of `docs/reference` with what the code says now; `UPDATE_EXPECT=1` writes it.
fn compare(name: &str, generated: &str) {
    expect_file![fixtures().join("../../docs/reference").join(name)].assert_eq(generated);
}

#[test]
fn the_page_of_refusal_codes_is_as_generated() {
    compare("refusals.md", &synapsor_protocol::reference::refusal_reference());
}

#[test]
fn the_schemas_of_what_executors_are_told_and_answer_are_as_generated() {
    let schemas = [
        ("executor-request.v1.schema.json", executor::request_schema()),
        ("executor-answer.v1.schema.json", executor::answer_schema()),
        ("executor-check.v1.schema.json", executor::check_schema()),
    ];
    for (name, schema) in schemas {
        compare(name, &format!("{schema:#}\n"));
    }
}

#[test]
fn what_was_once_said_to_an_executor_fits_the_schema_it_was_published_with() {
    for (name, schema) in [
        ("executor-request.v1.json", executor::request_schema()),
        ("executor-answer.v1.json", executor::answer_schema()),
    ] {
        let document: serde_json::Value = golden(name);
        assert!(jsonschema::is_valid(&schema, &document), "{name}");
    }
    let request: executor::ExecutorRequest = golden("executor-request.v1.json");
    let answer: executor::ExecutorAnswer = golden("executor-answer.v1.json");
    assert_eq!(answer.idempotency_key, request.idempotency_key);
}

#[test]
fn the_schemas_of_the_job_forms_are_as_generated() {
    let schemas = [
        ("writeback-job.v2.schema.json", job_document::job_schema()),
        ("writeback-job.v1.schema.json", job_document::job_v1_schema()),
        ("writeback-job.legacy.schema.json", job_document::legacy_job_schema()),
    ];
    for (name, schema) in schemas {
        compare(name, &format!("{schema:#}\n"));
    }
}
