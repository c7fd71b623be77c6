//! Streamable HTTP: the server in front of what is served.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use serde_json::{Value as Json, json};
use synapsor_invocation::Runtime;
use synapsor_protocol::Refusal;

use super::door::{Door, HttpOptions};
use super::endpoint::{Endpoint, answer};
use super::health;
use crate::live::Live;

/// The one path of the protocol.
const PATH: &str = "/mcp";

/// A Streamable HTTP server that has its address and serves nobody yet.
pub struct HttpServer {
    door: Door,
}

impl HttpServer {
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
    /// leaves, at whatever point, is no error.
    pub async fn serve(self, live: Live, shutdown: impl Future<Output = ()> + Send) {
        let endpoint = Arc::new(Endpoint::new(live.clone(), self.door.limits().clone()));
        let guarded = Router::new().route(PATH, any(answer)).with_state(Arc::clone(&endpoint));
        let health = Arc::new(Health { live, endpoint: Arc::clone(&endpoint) });
        self.door.serve(guarded, Router::new(), health, shutdown).await;
        endpoint.stop();
    }
}

/// What a Streamable HTTP server says of itself.
struct Health {
    live: Live,
    endpoint: Arc<Endpoint>,
}

impl health::Health for Health {
    fn alive(&self) -> Json {
        json!({
            "ok": true,
            "transport": "streamable-http",
            "tools": self.live.tools(),
            "sessions": self.endpoint.sessions(),
        })
    }

    fn ready(&self) -> (bool, Json) {
        health::readiness(&self.live)
    }
}
