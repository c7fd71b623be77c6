//! The server over HTTP: one address behind the door, and what is spoken on it.

use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use serde_json::{Value as Json, json};
use synapsor_invocation::Runtime;
use synapsor_protocol::Refusal;

use super::door::{Door, HttpOptions};
use super::endpoint::{self, Endpoint};
use super::health::{Health, readiness};
use super::limits::HttpLimits;
use crate::bridge;
use crate::live::Live;

/// The one path of either protocol.
const PATH: &str = "/mcp";

/// What is spoken at the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpProtocol {
    /// The Model Context Protocol, in both eras.
    Streamable,
    /// Plain JSON-RPC, for programs that are no MCP clients.
    Bridge,
}

/// A server that has its address and serves nobody yet.
pub struct HttpServer {
    door: Door,
    protocol: HttpProtocol,
}

impl HttpServer {
    /// Checks the options and takes the address.
    ///
    /// # Errors
    /// What is wrong with the options, or that the address cannot be had.
    pub async fn bind(protocol: HttpProtocol, options: HttpOptions) -> Result<Self, Refusal> {
        Ok(Self { door: Door::bind(options).await?, protocol })
    }

    /// The address taken.
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// Where clients find the server.
    pub fn url(&self) -> String {
        self.door.url(PATH)
    }

    /// Whether tokens and rows would travel over a network in clear.
    pub fn is_exposed(&self) -> bool {
        self.door.is_exposed()
    }

    /// Whether other machines reach it.
    pub fn is_public(&self) -> bool {
        self.door.is_public()
    }

    /// Refuses a runtime that needs more of its callers than is verified here.
    ///
    /// # Errors
    /// See [`crate::auth::Authentication::suits`].
    pub fn suits(&self, runtime: &Runtime) -> Result<(), Refusal> {
        self.door.suits(runtime)
    }

    /// Serves until `shutdown` completes and what is being answered is answered, or its time is over. A client that
    /// leaves, at whatever point, is no error. Then candidates are shown what waits for them, for two seconds.
    pub async fn serve(self, live: Live, shutdown: impl Future<Output = ()> + Send) {
        let limits = self.door.limits().clone();
        let served = Arc::new(Served::new(self.protocol, live.clone(), limits));
        let (router, health) = (served.router(), Arc::clone(&served));
        let observer = live.options().observer.clone();
        tokio::select! {
            () = self.door.serve(router, health, live.rate_limits(), observer, shutdown) => served.stop(),
            never = served.keep() => match never {},
        }
        live.drain_candidates().await;
    }
}

/// What is behind the door.
struct Served {
    live: Live,
    endpoint: Spoken,
}

enum Spoken {
    Streamable(Arc<Endpoint>),
    Bridge(Arc<bridge::Endpoint>),
}

impl Served {
    fn new(protocol: HttpProtocol, live: Live, limits: HttpLimits) -> Self {
        let endpoint = match protocol {
            HttpProtocol::Streamable => Spoken::Streamable(Arc::new(Endpoint::new(live.clone(), limits))),
            HttpProtocol::Bridge => Spoken::Bridge(Arc::new(bridge::Endpoint::new(live.clone(), limits))),
        };
        Self { live, endpoint }
    }

    fn router(&self) -> Router {
        match &self.endpoint {
            Spoken::Streamable(endpoint) => {
                Router::new().route(PATH, any(endpoint::answer)).with_state(Arc::clone(endpoint))
            }
            Spoken::Bridge(endpoint) => {
                Router::new().route(PATH, any(bridge::answer)).with_state(Arc::clone(endpoint))
            }
        }
    }

    /// Ends what nobody uses any more.
    async fn keep(&self) -> Infallible {
        match &self.endpoint {
            Spoken::Streamable(endpoint) => endpoint.end_idle_sessions().await,
            Spoken::Bridge(_) => pending().await,
        }
    }

    /// Ends what outlives a request.
    fn stop(&self) {
        match &self.endpoint {
            Spoken::Streamable(endpoint) => endpoint.stop(),
            Spoken::Bridge(_) => {}
        }
    }
}

impl Health for Served {
    fn alive(&self) -> Json {
        let tools = self.live.tools();
        match &self.endpoint {
            Spoken::Streamable(endpoint) => json!({
                "ok": true,
                "transport": "streamable-http",
                "tools": tools,
                "sessions": endpoint.sessions(),
            }),
            Spoken::Bridge(_) => {
                json!({ "ok": true, "transport": "http", "tools": tools, "mode": self.live.now().runtime.mode() })
            }
        }
    }

    fn ready(&self) -> (bool, Json) {
        readiness(&self.live)
    }
}
