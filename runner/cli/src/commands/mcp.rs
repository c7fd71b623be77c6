//! `synapsor mcp serve`: the capabilities over stdio, until the client is gone or a signal says stop.

use std::time::Instant;

use synapsor_config::Config;
use synapsor_invocation::Handlers;
use synapsor_mcp::auth::Authentication;
use synapsor_mcp::{Live, ServeOptions};
use synapsor_protocol::Refusal;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{AliasMode, Serve};
use crate::keeper::{self, Keeper};
use crate::reload::{Reached, Reload};
use crate::settings::Settings;
use crate::wiring;

/// What the log's default filter lets through although it is no warning: that the server is ready.
const LOADED_TARGET: &str = "synapsor::ready";

pub(crate) async fn serve(serve: &Serve, settings: &Settings) -> Result<(), Refusal> {
    let text = settings.config_text()?;
    let config = settings.config_of(&text)?;
    let ledger = wiring::ledger(settings, true).await?;
    let keeper = Keeper::of(settings, &ledger)?;
    let (runtime, handlers) = wiring::serving_runtime(settings, &config, &ledger, serve.read_only).await?;
    // Handlers compile while the client says hello; a call that needs one waits for it.
    tokio::spawn(async move { load(&handlers).await });
    // Whoever starts the runner over stdio is trusted, and nobody can verify more about them.
    Authentication::None.suits(&runtime)?;
    let watch = settings.telemetry.watch(None)?;
    let mut options = options(serve, &config);
    options.observer = watch.observer.clone();
    let live = Live::new(runtime, options).map_err(|error| error.refusal())?;
    watch.follow(&live);
    let (read_only, live_too) = (serve.read_only, live.clone());
    let reached = Reached::OverStdio;
    let reload = Reload { settings, read_only, reached, ledger: &ledger, live: live_too, config, text };
    let serving = synapsor_mcp::serve_stdio(live, stop_signal());
    let ended = tokio::select! {
        ended = serving => ended,
        never = reload.follow() => match never {},
        never = keeper::follow(keeper) => match never {},
    };
    ended.map_err(|error| {
        tracing::debug!(?error, "serving ended");
        error.refusal()
    })
}

/// Loads every handler, and says on the log when they are ready and how long it took, or which failed and why.
pub(crate) async fn load(handlers: &Handlers) {
    let started = Instant::now();
    let readiness = handlers.load_all().await;
    let took_ms = started.elapsed().as_millis();
    for (capability, refusal) in &readiness.failed {
        tracing::error!(%capability, code = %refusal.code, "its handler is not loaded: {refusal}");
    }
    let number = readiness.loaded.len();
    if number > 0 && readiness.is_ready() {
        tracing::info!(target: LOADED_TARGET, handlers = number, took_ms, "all handlers are loaded");
    }
}

/// How the surface looks and how often it may be used, from the command line and the config.
pub(crate) fn options(serve: &Serve, config: &Config) -> ServeOptions {
    let mut options = ServeOptions::new(env!("CARGO_PKG_VERSION"));
    options.rate_limits = wiring::rate_limits(config);
    options.tool_names = match serve.alias_mode {
        AliasMode::Canonical => synapsor_mcp::ToolNames::Canonical,
        AliasMode::Openai => synapsor_mcp::ToolNames::OpenAi,
        AliasMode::Both => synapsor_mcp::ToolNames::Both,
    };
    options
}

/// Completes on a SIGTERM or SIGINT that comes after this call, whenever it is polled: a server calls it before it says where
/// it is. Where signals cannot be watched, only the end of input stops the server.
pub(crate) fn stop_signal() -> impl Future<Output = ()> + Send {
    let watched = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async move {
        match watched {
            (Ok(mut terminate), Ok(mut interrupt)) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            _ => std::future::pending().await,
        }
    }
}
