//! The control plane's endpoints, one function each.
//!
//! Invariant: an answer holds a code and a message that is safe for an outsider, or what was asked for.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Extension, Path, State};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use synapsor_ledger::{Ledger, Recipient, RunnerToken};
use synapsor_protocol::fleet::{
    Assigned, AttemptEnd, CLAIM_JOBS_MAX, Claim, JobResult, LEASE_SECONDS, Presence, RESULT_SCHEMA, Renewal,
    Renewed, ResultRecorded, TokenKnown,
};
use synapsor_protocol::{Code, JobId, LOCAL_PROJECT, Refusal};

use crate::caller::{check_runner, check_source};
use crate::gate::{Gate, meant_for_us, with_token};
use crate::refused::Refused;

type Answer<T> = Result<Json<T>, Refused>;

/// What a control plane answers to, behind its gate.
pub(crate) fn router(gate: Gate) -> Router {
    let (ledger, gate) = (Arc::new(gate.ledger.clone()), Arc::new(gate));
    Router::new()
        .route("/v1/writeback/runner/doctor", get(token_known))
        .route("/v1/writeback/jobs/claim", post(claim))
        .route("/v1/writeback/jobs/{id}/heartbeat", post(renew))
        .route("/v1/writeback/jobs/{id}/result", post(result))
        .route("/v1/runner/register", post(presence))
        .route("/v1/runner/heartbeat", post(presence))
        // The gate has read the body within its own limit.
        .layer(DefaultBodyLimit::disable())
        .route_layer(from_fn_with_state(Arc::clone(&gate), with_token))
        .route("/health", get(health))
        .fallback(async || Refused(Refusal::new(Code::HttpPathNotFound, "nothing is served at this path")))
        .method_not_allowed_fallback(async || {
            Refused(Refusal::new(Code::HttpMethodNotAllowed, "this path is not asked in that way"))
        })
        .layer(from_fn_with_state(gate, meant_for_us))
        .with_state(ledger)
}

async fn health() -> Json<serde_json::Value> {
    Json(json!({ "ok": true }))
}

async fn token_known(Extension(token): Extension<RunnerToken>) -> Json<TokenKnown> {
    Json(TokenKnown { ok: true, runner_id: token.grant.runner_id, sources: token.grant.sources })
}

async fn claim(
    State(ledger): State<Arc<Ledger>>,
    Extension(token): Extension<RunnerToken>,
    body: Bytes,
) -> Answer<Assigned> {
    let claim: Claim = read(&body)?;
    check_runner(&token, &claim.runner_id)?;
    check_source(&token, &claim.source_id)?;
    check_lease(claim.lease_seconds)?;
    if !(1..=CLAIM_JOBS_MAX).contains(&claim.limit) {
        return Err(unexpected("limit", &format!("1 to {CLAIM_JOBS_MAX}"), claim.limit));
    }
    let recipient = Recipient {
        project_id: LOCAL_PROJECT.to_owned(),
        runner_id: claim.runner_id,
        lease_seconds: claim.lease_seconds,
    };
    let jobs = ledger.claim(&claim.source_id, &recipient, claim.limit).await?;
    for assignment in &jobs {
        let (job, attempt) = (&assignment.job, assignment.job.attempt);
        tracing::info!(runner = recipient.runner_id, job = %job.job_id, proposal = %job.proposal_id, source = job.target.source, attempt, "gave a job out");
    }
    Ok(Json(Assigned { ok: true, jobs }))
}

async fn renew(
    State(ledger): State<Arc<Ledger>>,
    id: Result<Path<String>, PathRejection>,
    Extension(token): Extension<RunnerToken>,
    body: Bytes,
) -> Answer<Renewed> {
    let renewal: Renewal = read(&body)?;
    check_lease(renewal.lease_seconds)?;
    let job = job(id)?;
    let lease = ledger.renew_claim(&job, &renewal, &token.grant.runner_id).await?;
    Ok(Json(Renewed { ok: true, lease }))
}

async fn result(
    State(ledger): State<Arc<Ledger>>,
    id: Result<Path<String>, PathRejection>,
    Extension(token): Extension<RunnerToken>,
    body: Bytes,
) -> Answer<ResultRecorded> {
    let result: JobResult = read(&body)?;
    if result.schema_version != RESULT_SCHEMA {
        return Err(unexpected("schema_version", RESULT_SCHEMA, &result.schema_version));
    }
    let job = job(id)?;
    let runner = &token.grant.runner_id;
    let state = ledger.end_claim(&job, &result, runner).await?.state;
    let outcome = match &result.end {
        AttemptEnd::Receipt(receipt) => receipt.outcome.as_str(),
        AttemptEnd::CameToNothing { code } => code.as_str(),
    };
    tracing::info!(runner, %job, outcome, %state, "recorded what came of a job");
    Ok(Json(ResultRecorded { ok: true, state }))
}

async fn presence(Extension(token): Extension<RunnerToken>, body: Bytes) -> Answer<serde_json::Value> {
    let said: Presence = read(&body)?;
    check_runner(&token, &said.runner_id)?;
    check_source(&token, &said.source_id)?;
    tracing::info!(runner = said.runner_id, source = said.source_id, status = ?said.status, version = ?said.version, "a worker says where it stands");
    Ok(Json(json!({ "ok": true })))
}

fn job(id: Result<Path<String>, PathRejection>) -> Result<JobId, Refused> {
    let no_text = |_| Refused(Refusal::new(Code::HttpRequestInvalid, "the job's id in the path is no text"));
    id.map(|Path(id)| JobId::from_stored(id)).map_err(no_text)
}

fn check_lease(seconds: u32) -> Result<(), Refused> {
    if LEASE_SECONDS.contains(&seconds) {
        return Ok(());
    }
    let expected = format!("{} to {}", LEASE_SECONDS.start(), LEASE_SECONDS.end());
    Err(unexpected("lease_seconds", &expected, seconds))
}

fn unexpected(member: &str, expected: &str, found: impl Serialize) -> Refused {
    let found = serde_json::to_string(&found).unwrap_or_default();
    Refused(Refusal::new(Code::InvalidInput, format!("`{member}`: expected {expected}, found `{found}`")))
}

/// What serde says of a document may quote it, so it goes to the log alone.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| {
        tracing::debug!(%error, "a body that does not parse");
        let place = format!("line {}, column {}", error.line(), error.column());
        Refused(Refusal::new(
            Code::InvalidInput,
            format!("the body is not what this endpoint takes: {place}"),
        ))
    })
}
