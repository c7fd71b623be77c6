//! An issuer of signed tokens, and a server on a real socket that trusts it.

use std::num::NonZeroU32;
use std::sync::Arc;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value as Json, json};
use synapsor_mcp::auth::{
    Authentication, IssuerSettings, KeySource, RateSettings, SignedTokens, TokenAlgorithm,
};
use synapsor_mcp::http::{HttpOptions, HttpProtocol, HttpServer};
use synapsor_mcp::{Live, ServeOptions};
use synapsor_protocol::Moment;
use synapsor_protocol::standin::SteppingClock;

use crate::world::World;

const NOW_SECONDS: i64 = 1_800_000_000;
const ISSUER: &str = "https://id.example";
pub(crate) const RESOURCE: &str = "https://runner.example/mcp";

/// A token of this tenant with these scopes.
pub(crate) fn token(tenant: &str, scope: &str) -> String {
    token_of(&json!({ "org": { "tenant": tenant }, "sub": format!("agent.{tenant}"), "scope": scope }))
}

/// A good token with these claims on top.
pub(crate) fn token_of(claims: &Json) -> String {
    let mut all = json!({ "iss": ISSUER, "aud": RESOURCE, "exp": NOW_SECONDS + 300 });
    for (name, value) in claims.as_object().unwrap() {
        all[name] = value.clone();
    }
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some("one".to_owned());
    jsonwebtoken::encode(&header, &all, &key()).unwrap()
}

fn key() -> EncodingKey {
    EncodingKey::from_ed_der(include_bytes!("../keys/eddsa.der"))
}

async fn authentication() -> Authentication {
    let mut entry = Jwk::from_encoding_key(&key(), Algorithm::EdDSA).unwrap();
    entry.common.key_id = Some("one".to_owned());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), json!({ "keys": [entry] }).to_string()).unwrap();
    let settings = IssuerSettings {
        issuer: ISSUER.to_owned(),
        resource_url: RESOURCE.to_owned(),
        audience: RESOURCE.to_owned(),
        keys: KeySource::File(file.path().to_owned()),
        algorithms: vec![TokenAlgorithm::EdDsa],
        leeway_seconds: 60,
        read_scope: "synapsor:read".to_owned(),
        propose_scope: "synapsor:propose".to_owned(),
    };
    let now = Moment::from_micros(NOW_SECONDS * 1_000_000).unwrap();
    let clock = Arc::new(SteppingClock::new(now, 0));
    Authentication::Signed(Box::new(SignedTokens::open(settings, clock).await.unwrap()))
}

/// The demo, with tenant and principal from the token.
pub(crate) async fn world_on_claims() -> World {
    world_on_claims_and(|_| {}).await
}

/// The same, with another change.
pub(crate) async fn world_on_claims_and(change: impl FnOnce(&mut Json)) -> World {
    World::with(|config| {
        change(config);
        config["contexts"]["desk"] = json!({
            "provider": "http_claims",
            "values": { "tenant_id_key": "/org/tenant", "principal_key": "sub" },
        });
    })
    .await
}

/// Both servers over HTTP.
pub(crate) const BOTH: [HttpProtocol; 2] = [HttpProtocol::Bridge, HttpProtocol::Streamable];

/// A server that runs until the test ends, and a client for it.
pub(crate) struct Peer {
    over: HttpProtocol,
    url: String,
    http: reqwest::Client,
}

impl Peer {
    pub(crate) async fn of(world: &World, over: HttpProtocol) -> Self {
        Self::limited(world, over, RateSettings::default()).await
    }

    pub(crate) async fn limited(world: &World, over: HttpProtocol, settings: RateSettings) -> Self {
        // Fails where the server under test has installed it already, which is just as well.
        rustls::crypto::ring::default_provider().install_default().ok();
        let mut options = ServeOptions::new("0.0.0-test");
        options.rate_limits = settings;
        let live = Live::new(world.runtime.clone(), options).unwrap();
        let options = HttpOptions::new(0, authentication().await);
        let server = HttpServer::bind(over, options).await.unwrap();
        let url = server.url();
        tokio::spawn(server.serve(live, std::future::pending()));
        Self { over, url, http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    pub(crate) fn origin(&self) -> &str {
        self.url.trim_end_matches("/mcp")
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.http.get(format!("{}{path}", self.origin())).send().await.unwrap()
    }

    /// A request of the test's own making.
    pub(crate) fn raw(&self, method: &str) -> reqwest::RequestBuilder {
        self.http.request(method.parse().unwrap(), &self.url)
    }

    /// One request in the words of the transport.
    pub(crate) async fn ask(&self, token: &str, method: &str, mut params: Json) -> reqwest::Response {
        let mut request = self.raw("POST").bearer_auth(token).header("content-type", "application/json");
        if self.over == HttpProtocol::Streamable {
            let name = params.get("name").or_else(|| params.get("uri")).and_then(Json::as_str);
            request = request
                .header("accept", "application/json, text/event-stream")
                .header("mcp-protocol-version", "2026-07-28")
                .header("mcp-method", method)
                .header("mcp-name", name.unwrap_or_default());
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "0" },
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        request.body(message.to_string()).send().await.unwrap()
    }

    /// The answer to one request, whatever it says.
    pub(crate) async fn answer(&self, token: &str, method: &str, params: Json) -> Json {
        let text = self.ask(token, method, params).await.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The result of one tool call.
    pub(crate) async fn call(&self, token: &str, tool: &str, arguments: Json) -> Json {
        let mut answer =
            self.answer(token, "tools/call", json!({ "name": tool, "arguments": arguments })).await;
        assert!(answer.get("result").is_some(), "{answer}");
        answer["result"]["structuredContent"].take()
    }

    /// What is behind an address, or the code of the refusal.
    pub(crate) async fn record(&self, token: &str, address: &str) -> Result<String, Json> {
        let mut answer = self.answer(token, "resources/read", json!({ "uri": address })).await;
        match answer.get("error") {
            None => Ok(answer["result"]["contents"][0]["text"].as_str().unwrap().to_owned()),
            Some(_) => Err(answer["error"]["data"]["code"].take()),
        }
    }
}

pub(crate) fn per_minute(limit: u32) -> Option<NonZeroU32> {
    NonZeroU32::new(limit)
}
