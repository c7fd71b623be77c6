//! The door of a server over HTTP: its address, and the layers that every request passes before it is looked at.
//!
//! Streamable HTTP and the JSON-RPC bridge stand behind the same door. From the outside in: connections and their times,
//! the names and pages allowed, who is asking, how many at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use synapsor_inbound::{Busy, Connections, Tls, TlsFiles, is_local};
use synapsor_invocation::Runtime;
use synapsor_protocol::{Code, Refusal};
use tokio::net::{TcpListener, lookup_host};
use tokio::sync::watch;

use super::admission::{Admission, admit};
use super::answer::refused;
use super::exposure::{Exposure, expose};
use super::health::{Health, healthz, readyz};
use super::limits::HttpLimits;
use super::metrics::{MetricsPage, count, metrics};
use super::well_known::well_known;
use crate::auth::{Authentication, RateLimits};
use crate::observe::Observer;

/// What a client is told that there is no place for, before it has asked anything.
const BUSY: &str = r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"the server has as many connections as it takes","data":{"code":"HTTP_BUSY","retryable":true}}}"#;

/// Where and for whom a server is open.
#[derive(Debug)]
pub struct HttpOptions {
    /// The address to listen on, or a name of this machine.
    pub host: String,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// Who may come in.
    pub authentication: Authentication,
    /// Names the server answers to besides the loopback ones and `host`, each with a port or without.
    pub allowed_hosts: Vec<String>,
    /// Web pages that may use the server.
    pub allowed_origins: Vec<String>,
    /// The one origin whose pages may also read answers in a browser.
    pub cors_origin: Option<String>,
    /// The certificate; without one the server speaks plain HTTP.
    pub tls: Option<TlsFiles>,
    /// A page of metrics, where one is wanted.
    pub metrics: Option<MetricsPage>,
    /// How much is taken at once.
    pub limits: HttpLimits,
}

impl HttpOptions {
    /// A loopback address, its own names, no web page, and the usual limits.
    pub fn new(port: u16, authentication: Authentication) -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port,
            authentication,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            cors_origin: None,
            tls: None,
            metrics: None,
            limits: HttpLimits::default(),
        }
    }
}

/// A door that nobody has come through yet.
pub(crate) struct Door {
    listener: TcpListener,
    address: SocketAddr,
    options: HttpOptions,
    exposure: Exposure,
    connections: Connections,
}

impl Door {
    /// Checks the options and takes the address.
    ///
    /// # Errors
    /// What is wrong with the options, [`Code::HttpDevNoAuthUnsafeHost`], or [`Code::HttpAddressUnavailable`].
    pub(crate) async fn bind(options: HttpOptions) -> Result<Self, Refusal> {
        let wanted = resolve(&options.host, options.port).await?;
        if matches!(options.authentication, Authentication::None) && !is_local(&wanted) {
            let message =
                format!("`{}` is not a loopback address, and nobody would have to authenticate", wanted.ip());
            return Err(Refusal::new(Code::HttpDevNoAuthUnsafeHost, message)
                .hint("name a token's variable with --auth-token-env, or serve on 127.0.0.1"));
        }
        own_token(&options)?;
        let exposure = Exposure::new(
            wanted.ip(),
            &options.allowed_hosts,
            &options.allowed_origins,
            options.cors_origin.as_deref(),
        )?;
        let tls = options.tls.as_ref().map(Tls::of).transpose()?;
        let unavailable = |error: std::io::Error| {
            Refusal::new(
                Code::HttpAddressUnavailable,
                format!("cannot listen on `{wanted}`: {}", error.kind()),
            )
            .hint("another server may be running; choose another one with --port")
        };
        let listener = TcpListener::bind(wanted).await.map_err(unavailable)?;
        let address = listener.local_addr().map_err(unavailable)?;
        let connections =
            Connections::new(&options.limits.of_connections()).over(tls).or_busy(Busy::telling(BUSY));
        Ok(Self { listener, address, options, exposure, connections })
    }

    /// The address taken.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where clients find what is served under `path`.
    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.options.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.address)
    }

    /// Whether other machines reach it.
    pub(crate) fn is_public(&self) -> bool {
        !is_local(&self.address)
    }

    /// Whether tokens and rows would travel over a network in clear.
    pub(crate) fn is_exposed(&self) -> bool {
        self.options.tls.is_none() && self.is_public()
    }

    /// Refuses a runtime that needs more of its callers than this door verifies.
    pub(crate) fn suits(&self, runtime: &Runtime) -> Result<(), Refusal> {
        self.options.authentication.suits(runtime)
    }

    pub(crate) fn limits(&self) -> &HttpLimits {
        &self.options.limits
    }

    /// Serves `guarded` to whoever may come in, and the health to everybody, until `shutdown` completes. Each
    /// request counts against its caller's limit.
    pub(crate) async fn serve(
        self,
        guarded: Router,
        health: Arc<dyn Health>,
        rate_limits: Arc<RateLimits>,
        observer: Option<Arc<dyn Observer>>,
        shutdown: impl Future<Output = ()> + Send,
    ) {
        let (stop, stopping) = watch::channel(false);
        let metadata = well_known(self.options.authentication.metadata());
        let admission = Admission::new(
            self.options.authentication,
            rate_limits,
            self.options.limits.requests_max,
            stopping,
        );
        let metrics = metrics(self.options.metrics);
        let health =
            Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).with_state(health);
        let router = guarded
            .layer(from_fn_with_state(Arc::new(admission), admit))
            .merge(metadata)
            .merge(health)
            .merge(metrics)
            .fallback(async || {
                refused(&Refusal::new(Code::HttpPathNotFound, "nothing is served at this address"))
            })
            .layer(from_fn_with_state(Arc::new(self.exposure), expose))
            .layer(from_fn_with_state(observer, count));
        let mut ending = self.connections.serve(self.listener, router, shutdown).await;
        // Nobody may be listening for it.
        let _ = stop.send(true);
        if !ending.within(Duration::from_millis(self.options.limits.drain_timeout_ms)).await {
            let connections = ending.open();
            tracing::warn!(connections, "not every answer was sent in time; the rest is cut off");
        }
    }
}

/// Whoever may look at the metrics may not call a tool for that, nor the other way round.
fn own_token(options: &HttpOptions) -> Result<(), Refusal> {
    match (&options.authentication, &options.metrics) {
        (Authentication::Opaque(clients), Some(page)) if clients.share_one_with(page.tokens()) => {
            let message = "the token of the metrics is a token of the clients";
            Err(Refusal::new(Code::HttpAuthTokenWeak, message).hint("make another one for the metrics"))
        }
        _ => Ok(()),
    }
}

async fn resolve(host: &str, port: u16) -> Result<SocketAddr, Refusal> {
    let unknown = || {
        Refusal::new(Code::HttpAddressUnavailable, format!("`{host}` is no address of this machine"))
            .hint("expected an address such as 127.0.0.1, ::1 or 0.0.0.0")
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let mut found = lookup_host((bare, port)).await.map_err(|_| unknown())?;
    found.next().ok_or_else(unknown)
}
