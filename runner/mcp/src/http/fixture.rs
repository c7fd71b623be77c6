//! The product's own door and endpoint in front of another handler: what the protocol's conformance suite is run against.
//!
//! The suite wants tools, prompts and questions no product has. Behind this door they are answered by fixtures, and all else
//! is judged by the code that ships: hosts, origins, bodies, sessions, versions, headers.
//!
//! Absent on purpose: this module, in any build without the feature `conformance`.

use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use rmcp::ServerHandler;
use serde_json::{Value as Json, json};
use synapsor_protocol::Refusal;

use super::door::{Door, HttpOptions};
use super::endpoint::{Behind, Endpoint, answer};
use super::health::Health;
use crate::auth::{Caller, Challenge, RateLimits, RateSettings};

/// A Streamable HTTP server of fixtures that has its address and serves nobody yet.
pub struct FixtureServer {
    door: Door,
}

impl FixtureServer {
    /// Checks the options and takes the address.
    ///
    /// # Errors
    /// What is wrong with the options, or that the address cannot be had.
    pub async fn bind(options: HttpOptions) -> Result<Self, Refusal> {
        Ok(Self { door: Door::bind(options).await? })
    }

    /// Where clients find the server.
    pub fn url(&self) -> String {
        self.door.url("/mcp")
    }

    /// Serves a clone of the handler to every session, and to every request that stands alone, until `shutdown` completes.
    pub async fn serve<H>(self, handler: H, shutdown: impl Future<Output = ()> + Send)
    where
        H: ServerHandler + Clone,
    {
        let endpoint = Arc::new(Endpoint::new(Fixtures(handler), self.door.limits().clone()));
        let guarded =
            Router::new().route("/mcp", any(answer::<Fixtures<H>>)).with_state(Arc::clone(&endpoint));
        let unlimited = Arc::new(RateLimits::new(RateSettings::default()));
        tokio::select! {
            () = self.door.serve(guarded, Arc::new(Alive), unlimited, None, shutdown) => endpoint.stop(),
            never = endpoint.end_idle_sessions() => match never {},
        }
    }
}

/// A handler that anybody who came in may ask anything.
#[derive(Clone)]
struct Fixtures<H>(H);

impl<H: ServerHandler + Clone> Behind for Fixtures<H> {
    type Handler = H;

    fn handler(&self) -> H {
        self.0.clone()
    }

    fn admit(&self, _caller: &Caller, _tool: &str) -> Result<(), Arc<Challenge>> {
        Ok(())
    }
}

/// Fixtures are ready when they are there.
struct Alive;

impl Health for Alive {
    fn alive(&self) -> Json {
        json!({ "ok": true })
    }

    fn ready(&self) -> (bool, Json) {
        (true, json!({}))
    }
}
