//! `synapsor control-plane`: gives approved proposals of this ledger to workers, and keeps the list of their tokens.

use std::net::SocketAddr;

use serde_json::json;
use synapsor_fleet::{ControlPlaneOptions, ControlPlaneServer, digest_of, token_from};
use synapsor_ledger::{RunnerToken, TokenGrant};
use synapsor_protocol::Refusal;

use super::mcp::stop_signal;
use crate::args::{ControlPlane, MakeRunnerToken, RunnerTokens, ServeControlPlane, count};
use crate::next::After;
use crate::print::{self, Report, inert, style};
use crate::settings::Settings;
use crate::wiring;

pub(crate) async fn run(command: ControlPlane, settings: &Settings) -> Result<Option<Report>, Refusal> {
    match command {
        ControlPlane::Serve(wanted) => serve(&wanted, settings).await.map(|()| None),
        ControlPlane::Token(RunnerTokens::Make(wanted)) => make(&wanted, settings).await.map(Some),
        ControlPlane::Token(RunnerTokens::List) => list(settings).await.map(Some),
        ControlPlane::Token(RunnerTokens::Revoke(wanted)) => {
            let ledger = wiring::ledger(settings, false).await?;
            let actor = settings.actor(wanted.actor.as_deref());
            let revoked = ledger.revoke_runner_token(&wanted.token, &actor).await;
            let token = revoked.map_err(|error| error.refusal())?;
            let text = format!("{} {}", style::good("revoked"), inert::text(&token.token_id));
            Ok(Some(Report::done(json!({ "token": document(&token) }), text)))
        }
    }
}

async fn serve(wanted: &ServeControlPlane, settings: &Settings) -> Result<(), Refusal> {
    let ledger = wiring::ledger(settings, !settings.store_is_named()).await?;
    let server = ControlPlaneServer::bind(&options(wanted), ledger).await?;
    warn_of_exposure(&server);
    print::note(&format!("listening on {}", server.url()));
    server.serve(stop_signal()).await;
    Ok(())
}

/// Where and how, from the command line.
fn options(wanted: &ServeControlPlane) -> ControlPlaneOptions {
    let usual = ControlPlaneOptions::new(SocketAddr::new(wanted.host, wanted.port));
    let inbound = &wanted.inbound;
    ControlPlaneOptions {
        allow_remote: wanted.allow_remote_bind,
        allowed_hosts: inbound.allow_host.clone(),
        tls: inbound.tls(),
        connections_max: count(inbound.connections_max, usual.connections_max),
        head_timeout_ms: inbound.head_timeout_ms.unwrap_or(usual.head_timeout_ms),
        body_timeout_ms: inbound.body_timeout_ms.unwrap_or(usual.body_timeout_ms),
        ..usual
    }
}

/// Whoever opens it to a network is told what that means.
fn warn_of_exposure(server: &ControlPlaneServer) {
    if server.is_exposed() {
        print::note(&style::bad(
            "warning: other machines can reach this control plane, and runner tokens and rows cross the network in clear; give it a certificate with --tls-cert and --tls-key, or put a proxy with TLS in front of it",
        ));
    } else if server.is_public() {
        print::note(
            "warning: other machines can reach this control plane; name the hosts it answers to with --allow-host",
        );
    }
}

async fn make(wanted: &MakeRunnerToken, settings: &Settings) -> Result<Report, Refusal> {
    let token = token_from(&wiring::secret()?);
    let mut sources = wanted.source.clone();
    sources.sort();
    sources.dedup();
    let grant = TokenGrant { runner_id: wanted.runner.clone(), sources, digest: digest_of(&token) };
    let ledger = wiring::ledger(settings, !settings.store_is_named()).await?;
    let actor = settings.actor(wanted.actor.as_deref());
    let made = ledger.make_runner_token(&grant, &actor).await.map_err(|error| error.refusal())?;
    let document = json!({ "token": document(&made), "secret": token });
    let text = format!(
        "{}\n{token}\n{} shown this once: set it as SYNAPSOR_RUNNER_TOKEN where the worker runs",
        described(&made),
        style::dim("hint:")
    );
    Ok(Report::done(document, text).next(After::TokenMade, ""))
}

async fn list(settings: &Settings) -> Result<Report, Refusal> {
    let ledger = wiring::ledger(settings, false).await?;
    let tokens = ledger.runner_tokens().await.map_err(|error| error.refusal())?;
    let text = match tokens.as_slice() {
        [] => "no runner token was ever made".to_owned(),
        some => some.iter().map(described).collect::<Vec<_>>().join("\n"),
    };
    let documents: Vec<_> = tokens.iter().map(document).collect();
    Ok(Report::done(json!({ "tokens": documents }), text))
}

/// Everything but the digest, which is nobody's business.
fn document(token: &RunnerToken) -> serde_json::Value {
    json!({
        "id": token.token_id,
        "runner_id": token.grant.runner_id,
        "sources": token.grant.sources,
        "made_by": token.made_by,
        "made_at": token.made_at,
        "revoked_at": token.revoked_at,
    })
}

fn described(token: &RunnerToken) -> String {
    let state = match token.revoked_at {
        Some(at) => style::bad(format!("revoked {at}")),
        None => style::good("stands"),
    };
    let (runner, sources) = (inert::text(&token.grant.runner_id), token.grant.sources.join(", "));
    format!("{} {runner} for {}: {state}", inert::text(&token.token_id), inert::text(&sources))
}
