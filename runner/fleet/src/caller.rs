//! Who calls: the worker behind a bearer token, and whether it may ask what it asks.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use subtle::ConstantTimeEq as _;
use synapsor_ledger::{Ledger, RunnerToken};
use synapsor_protocol::{Code, Refusal};

use crate::token::digest_of;

/// The token of a request, as the ledger knows it. Looked up each time, so that a revoked one is worth nothing at once.
pub(crate) async fn caller(ledger: &Ledger, headers: &HeaderMap) -> Result<RunnerToken, Refusal> {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        given.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim).filter(|t| !t.is_empty());
    let Some(token) = token else {
        return Err(Refusal::new(Code::AuthenticationRequired, "the request carries no runner token"));
    };
    let digest = digest_of(token);
    let known = ledger.runner_tokens().await.map_err(|error| error.refusal())?;
    let is_it =
        |one: &RunnerToken| bool::from(one.grant.digest.hex().as_bytes().ct_eq(digest.hex().as_bytes()));
    match known.into_iter().find(is_it) {
        Some(token) if token.revoked_at.is_none() => Ok(token),
        Some(_) => Err(Refusal::new(Code::TokenInvalid, "the runner token was revoked")),
        None => Err(Refusal::new(Code::TokenInvalid, "the runner token is not one of this ledger")),
    }
}

/// Whether the token was made for this worker.
pub(crate) fn check_runner(token: &RunnerToken, runner_id: &str) -> Result<(), Refusal> {
    if token.grant.runner_id == runner_id {
        return Ok(());
    }
    let expected = &token.grant.runner_id;
    Err(Refusal::new(Code::RunnerScopeMismatch, format!("the token is for runner `{expected}`"))
        .hint("set SYNAPSOR_RUNNER_ID to the name the token was made for"))
}

/// Whether the token may drain this source.
pub(crate) fn check_source(token: &RunnerToken, source_id: &str) -> Result<(), Refusal> {
    if token.grant.sources.iter().any(|source| source == source_id) {
        return Ok(());
    }
    let sources: Vec<String> = token.grant.sources.iter().map(|source| format!("`{source}`")).collect();
    Err(Refusal::new(Code::RunnerScopeMismatch, format!("the token is for source {}", sources.join(", ")))
        .hint("set SYNAPSOR_SOURCE_ID to a source the token was made for"))
}
