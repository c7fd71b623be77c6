//! `synapsor mcp serve --transport streamable-http`: the capabilities over HTTP, until a signal says stop.

use synapsor_config::Config;
use synapsor_mcp::Live;
use synapsor_mcp::auth::Authentication;
use synapsor_mcp::http::{HttpLimits, HttpOptions, HttpProtocol, HttpServer};
use synapsor_protocol::{Code, Refusal};

use super::authentication::{authentication, in_words, metrics_tokens};
use super::mcp::{load, options, stop_signal};
use crate::args::{Http, Serve, ServeMcp, Transport, count};
use crate::keeper::{self, Keeper};
use crate::reload::{Reached, Reload};
use crate::settings::Settings;
use crate::{print, wiring};

/// Where clients look for the server when nobody says.
const PORT: u16 = 8766;
/// The same for the bridge.
const BRIDGE_PORT: u16 = 8765;

/// Serves over the transport that was asked for.
pub(crate) async fn run(wanted: &ServeMcp, settings: &Settings) -> Result<(), Refusal> {
    match wanted.transport {
        Transport::StreamableHttp => serve(&wanted.serve, &wanted.http, settings).await,
        Transport::Stdio if wanted.http == Http::default() => {
            super::mcp::serve(&wanted.serve, settings).await
        }
        Transport::Stdio => {
            let message = "an option of HTTP was given, and the server would speak over stdio";
            Err(Refusal::new(Code::InvalidInput, message).hint("add --transport streamable-http"))
        }
    }
}

/// Serves over Streamable HTTP.
pub(crate) async fn serve(serve: &Serve, http: &Http, settings: &Settings) -> Result<(), Refusal> {
    serve_over(HttpProtocol::Streamable, PORT, serve, http, settings).await
}

/// Serves the JSON-RPC bridge.
pub(crate) async fn serve_bridge(serve: &Serve, http: &Http, settings: &Settings) -> Result<(), Refusal> {
    serve_over(HttpProtocol::Bridge, BRIDGE_PORT, serve, http, settings).await
}

async fn serve_over(
    protocol: HttpProtocol,
    port: u16,
    serve: &Serve,
    wanted: &Http,
    settings: &Settings,
) -> Result<(), Refusal> {
    let text = settings.config_text()?;
    let config = settings.config_of(&text)?;
    let mut http = http_options(wanted, port, settings, &config).await?;
    let lets_in = in_words(wanted, &config);
    let watch = settings.telemetry.watch(metrics_tokens(wanted, settings)?)?;
    http.metrics = watch.page.clone();
    let verifies_claims = matches!(http.authentication, Authentication::Signed(_));
    let server = HttpServer::bind(protocol, http).await?;
    let ledger = wiring::ledger(settings, true).await?;
    let keeper = Keeper::of(settings, &ledger)?;
    let (runtime, handlers) = wiring::serving_runtime(settings, &config, &ledger, serve.read_only).await?;
    server.suits(&runtime)?;
    // Handlers compile while the first clients come; a call that needs one waits for it.
    tokio::spawn(async move { load(&handlers).await });
    let mut options = options(serve, &config);
    options.observer = watch.observer.clone();
    let live = Live::new(runtime, options).map_err(|error| error.refusal())?;
    watch.follow(&live);
    let (read_only, live_too) = (serve.read_only, live.clone());
    let reached = Reached::OverHttp { verifies_claims };
    let reload = Reload { settings, read_only, reached, ledger: &ledger, live: live_too, config, text };
    let stopped = stop_signal();
    warn_of_exposure(&server);
    print::note(&format!("config  {}", settings.config_path.display()));
    print::note(&format!("ledger  {}", settings.ledger()?));
    print::note(&format!("lets in {lets_in}"));
    print::note(&format!("listening on {}", server.url()));
    tokio::select! {
        () = server.serve(live, stopped) => Ok(()),
        never = reload.follow() => match never {},
        never = keeper::follow(keeper) => match never {},
    }
}

/// Where and for whom, from the command line.
async fn http_options(
    http: &Http,
    port: u16,
    settings: &Settings,
    config: &Config,
) -> Result<HttpOptions, Refusal> {
    let authentication = authentication(http, settings, config).await?;
    let mut options = HttpOptions::new(http.port.unwrap_or(port), authentication);
    if let Some(host) = &http.host {
        options.host.clone_from(host);
    }
    options.allowed_hosts.clone_from(&http.inbound.allow_host);
    options.allowed_origins.clone_from(&http.allow_origin);
    options.cors_origin.clone_from(&http.cors_origin);
    options.tls = http.inbound.tls();
    options.limits = limits(http);
    Ok(options)
}

fn limits(http: &Http) -> HttpLimits {
    let mut limits = HttpLimits::default();
    limits.body_bytes_max = count(http.body_bytes_max, limits.body_bytes_max);
    limits.connections_max = count(http.inbound.connections_max, limits.connections_max);
    limits.requests_max = count(http.requests_max, limits.requests_max);
    limits.sessions_max = count(http.sessions_max, limits.sessions_max);
    limits.session_idle_ms = http.session_idle_ms.unwrap_or(limits.session_idle_ms);
    limits.head_timeout_ms = http.inbound.head_timeout_ms.unwrap_or(limits.head_timeout_ms);
    limits.body_timeout_ms = http.inbound.body_timeout_ms.unwrap_or(limits.body_timeout_ms);
    limits.drain_timeout_ms = http.drain_timeout_ms.unwrap_or(limits.drain_timeout_ms);
    limits
}

/// Whoever opens the server to a network is told what that means.
fn warn_of_exposure(server: &HttpServer) {
    if server.is_exposed() {
        print::note(
            "warning: other machines can reach this server, and tokens and rows cross the network in clear; give it a \
             certificate with --tls-cert and --tls-key, or put a proxy with TLS in front of it",
        );
    } else if server.is_public() {
        print::note(
            "warning: other machines can reach this server; name the hosts it answers to with --allow-host",
        );
    }
}
