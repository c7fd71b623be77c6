//! Whoever asks a control plane without the right to: each request is refused with a status and a code, and nothing is recorded.

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use super::stand_in::ask;
use super::{control_plane, free_port, token};
use crate::unsettled::approved;
use crate::world::World;

/// Every endpoint that takes a token, with a body that is right for worker-1.
fn endpoints(job: &str, lease: &str) -> Vec<(String, Json)> {
    let presence = json!({ "runner_id": "worker-1", "source_id": "app", "status": "online", "version": "1" });
    let end = json!({ "came_to_nothing": { "code": "DATABASE_UNAVAILABLE" } });
    let result = json!({ "schema_version": "synapsor.writeback-result.v1", "lease_id": lease, "end": end });
    vec![
        ("GET /v1/writeback/runner/doctor".to_owned(), json!(null)),
        ("POST /v1/writeback/jobs/claim".to_owned(), claim()),
        (
            format!("POST /v1/writeback/jobs/{job}/heartbeat"),
            json!({ "lease_id": lease, "lease_seconds": 60 }),
        ),
        (format!("POST /v1/writeback/jobs/{job}/result"), result),
        ("POST /v1/runner/register".to_owned(), presence.clone()),
        ("POST /v1/runner/heartbeat".to_owned(), presence),
    ]
}

fn claim() -> Json {
    json!({ "source_id": "app", "runner_id": "worker-1", "limit": 1, "lease_seconds": 60 })
}

fn code(answered: &Json) -> &str {
    answered["error"]["code"].as_str().unwrap_or("no code")
}

/// How many events the ledger holds.
fn events(world: &World) -> usize {
    world.ask(&["store", "verify"])["events"]
        .as_u64()
        .and_then(|count| usize::try_from(count).ok())
        .expect("a count")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_missing_forged_revoked_or_somebody_elses_is_refused_everywhere() {
    let world = World::new(Engine::Sqlite).await;
    let port = free_port();
    let _plane = control_plane(&world, port);
    approved(&world, "INV-3001");
    let (_, right) = token(&world, "worker-1", "app");
    let (_, elsewhere) = token(&world, "worker-1", "books");
    let (_, other) = token(&world, "worker-2", "app");
    let (ended, revoked) = token(&world, "worker-1", "app");
    world.ask(&["control-plane", "token", "revoke", &ended]);
    let forged = format!("syn_wbr_{}", "0".repeat(64));
    let (_, given) = ask(port, Some(&right), "POST /v1/writeback/jobs/claim", &claim().to_string());
    let job = given["jobs"][0]["job"].clone();
    let lease = job["handover"]["lease"]["lease_id"].as_str().expect("a lease").to_owned();
    let before = events(&world);
    for (endpoint, body) in endpoints(job["job_id"].as_str().expect("an id"), &lease) {
        for token in [None, Some("nothing"), Some(&*forged), Some(&*revoked)] {
            let (status, answered) = ask(port, token, &endpoint, &body.to_string());
            let expected = if token.is_none() { "AUTHENTICATION_REQUIRED" } else { "TOKEN_INVALID" };
            assert_eq!((status, code(&answered)), (401, expected), "{endpoint}: {answered}");
        }
        let scoped = endpoint.contains("claim") || endpoint.contains("/v1/runner/");
        let leased = endpoint.contains(job["job_id"].as_str().expect("an id"));
        for (token, is_wrong) in [(&elsewhere, scoped), (&other, scoped || leased)] {
            let (status, answered) = ask(port, Some(token), &endpoint, &body.to_string());
            let expected =
                if scoped { (403, "RUNNER_SCOPE_MISMATCH") } else { (409, "WRITEBACK_LEASE_EXPIRED") };
            if is_wrong {
                assert_eq!((status, code(&answered)), expected, "{endpoint}: {answered}");
            }
            for secret in [&right, &elsewhere, &other, &revoked] {
                assert!(!answered.to_string().contains(secret.as_str()), "{endpoint}: {answered}");
            }
        }
    }
    assert_eq!(events(&world), before + 2, "the two that the other token of worker-1 may ask for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_none_is_refused_by_every_endpoint_and_nothing_is_recorded() {
    let world = World::new(Engine::Sqlite).await;
    let port = free_port();
    let _plane = control_plane(&world, port);
    approved(&world, "INV-3001");
    let (_, token) = token(&world, "worker-1", "app");
    let before = events(&world);
    let with = |member: &str, value: Json| {
        let mut claim = claim();
        claim[member] = value;
        claim.to_string()
    };
    for (endpoint, _) in endpoints("wbj_none", "lse_none").into_iter().skip(1) {
        let nested = "[".repeat(100_000);
        for body in ["", "{", "hunter2", "[]", "{\"source_id\":7}", &nested] {
            let (status, answered) = ask(port, Some(&token), &endpoint, body);
            assert_eq!((status, code(&answered)), (400, "INVALID_INPUT"), "{endpoint}: {answered}");
            assert!(!answered.to_string().contains("hunter2"), "{answered}");
        }
        let long = format!("{{\"source_id\":\"{}\"}}", "x".repeat(300_000));
        assert_eq!(ask(port, Some(&token), &endpoint, &long).0, 413, "{endpoint}");
    }
    for body in [
        with("limit", json!(0)),
        with("limit", json!(33)),
        with("lease_seconds", json!(14)),
        with("lease_seconds", json!(3601)),
        with("sql", json!("SELECT 1")),
    ] {
        let (status, answered) = ask(port, Some(&token), "POST /v1/writeback/jobs/claim", &body);
        assert_eq!((status, code(&answered)), (400, "INVALID_INPUT"), "{body}: {answered}");
    }
    assert_eq!(ask(port, None, "GET /health", "").0, 200);
    for (request, status, expected) in [
        ("DELETE /v1/writeback/jobs/claim", 405, "HTTP_METHOD_NOT_ALLOWED"),
        ("POST /v1/writeback/jobs/apply", 404, "HTTP_PATH_NOT_FOUND"),
        ("POST /v1/writeback/jobs/%FF/heartbeat", 400, "HTTP_REQUEST_INVALID"),
    ] {
        let body = json!({ "lease_id": "lse_none", "lease_seconds": 60 }).to_string();
        let (found, answered) = ask(port, Some(&token), request, &body);
        assert_eq!((found, code(&answered)), (status, expected), "{request}: {answered}");
    }
    assert_eq!(events(&world), before);
}
