//! The bridge's server: the door of every server over HTTP, and one address behind it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use serde_json::{Value as Json, json};
use synapsor_invocation::Runtime;
use synapsor_protocol::Refusal;

use super::endpoint::{Endpoint, answer};
use crate::http::{Door, Health, HttpOptions, readiness};
use crate::live::Live;

/// The one path of the bridge.
const PATH: &str = "/mcp";

/// A JSON-RPC bridge that has its address and serves nobody yet.
pub struct BridgeServer {
    door: Door,
}

impl BridgeServer {
    /// Checks the options and takes the address.
    ///
    /// # Errors
    /// What is wrong with the options, or that the address cannot be had.
    pub async fn bind(options: HttpOptions) -> Result<Self, Refusal> {
        Ok(Self { door: Door::bind(options).await? })
    }

    /// The address taken.
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// Where programs find the bridge.
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
    /// leaves, at whatever point, is no error.
    pub async fn serve(self, live: Live, shutdown: impl Future<Output = ()> + Send) {
        let endpoint = Arc::new(Endpoint::new(live.clone(), self.door.limits().clone()));
        let guarded = Router::new().route(PATH, any(answer)).with_state(endpoint);
        self.door.serve(guarded, Router::new(), Arc::new(Served { live }), shutdown).await;
    }
}

/// What a bridge says of itself.
struct Served {
    live: Live,
}

impl Health for Served {
    fn alive(&self) -> Json {
        json!({
            "ok": true,
            "transport": "http",
            "tools": self.live.tools(),
            "mode": self.live.now().runtime.mode(),
        })
    }

    fn ready(&self) -> (bool, Json) {
        readiness(&self.live)
    }
}
