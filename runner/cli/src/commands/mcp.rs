//! `synapsor mcp serve`: the capabilities over stdio, until the client is gone or a signal says stop.

use synapsor_mcp::ServeOptions;
use synapsor_protocol::Refusal;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{Serve, ToolNames};
use crate::settings::Settings;
use crate::wiring;

pub(crate) async fn serve(serve: &Serve, settings: &Settings) -> Result<(), Refusal> {
    let config = settings.config()?;
    let ledger = wiring::ledger(settings, true).await?;
    let (runtime, handlers) = wiring::runtime(settings, &config, &ledger, serve.read_only)?;
    // Handlers compile while the client says hello; a call that needs one waits for it.
    tokio::spawn(async move {
        if let Err(refusal) = handlers.load_all().await {
            tracing::error!(code = %refusal.code, "{refusal}");
        }
    });
    synapsor_mcp::serve_stdio(runtime, options(serve), stop_signal()).await.map_err(|error| {
        tracing::debug!(?error, "serving ended");
        error.refusal()
    })
}

/// How the surface looks, from the command line.
pub(crate) fn options(serve: &Serve) -> ServeOptions {
    let mut options = ServeOptions::new(env!("CARGO_PKG_VERSION"));
    options.tool_names = match serve.tool_names {
        ToolNames::Safe => synapsor_mcp::ToolNames::Safe,
        ToolNames::Dotted => synapsor_mcp::ToolNames::Dotted,
    };
    options
}

/// Completes on SIGTERM or SIGINT. Where signals cannot be watched, only the end of input stops the server.
async fn stop_signal() {
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        _ => std::future::pending().await,
    }
}
