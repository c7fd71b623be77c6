//! The control plane's listening side.
//!
//! Invariant: bound to this machine alone, or speaking TLS, unless somebody said otherwise in words.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use synapsor_inbound::{Bind, Busy, Connections, Limits, Names, Tls, TlsFiles, is_local};
use synapsor_ledger::Ledger;
use synapsor_protocol::{Code, Refusal};
use tokio::net::TcpListener;

use crate::gate::Gate;
use crate::routes::router;

/// How long requests that came before the end may take to be answered.
const END_WITHIN: Duration = Duration::from_secs(5);
/// What a worker is told that there is no place for; it asks again after a pause.
const BUSY: &str = r#"{"ok":false,"error":{"code":"HTTP_BUSY","message":"the control plane has as many connections as it takes","hint":null}}"#;

/// Where and how a control plane is open.
#[derive(Debug, Clone)]
pub struct ControlPlaneOptions {
    /// Address and port; port 0 is any free one.
    pub address: SocketAddr,
    /// Whether an address that other machines can reach is meant although nothing is encrypted.
    pub allow_remote: bool,
    /// Names it answers to besides the loopback ones and its address, each with a port or without.
    pub allowed_hosts: Vec<String>,
    /// The certificate; without one it speaks plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Most connections. A worker holds one or two for as long as it runs.
    pub connections_max: usize,
    /// How long a worker may take to send the head of a request, and a connection may be kept without one.
    pub head_timeout_ms: u64,
    /// How long a worker may take to send a request's body.
    pub body_timeout_ms: u64,
}

impl ControlPlaneOptions {
    /// The usual limits, for workers on this machine or behind a proxy on it.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            allow_remote: false,
            allowed_hosts: Vec::new(),
            tls: None,
            connections_max: 512,
            head_timeout_ms: 30_000,
            body_timeout_ms: 10_000,
        }
    }

    /// Workers send little, and ask often.
    fn of_connections(&self) -> Limits {
        Limits {
            head_bytes_max: 16 * 1024,
            headers_max: 64,
            connections_max: self.connections_max,
            head_timeout_ms: self.head_timeout_ms,
            write_timeout_ms: 10_000,
        }
    }
}

/// A control plane that listens.
pub struct ControlPlaneServer {
    listener: TcpListener,
    address: SocketAddr,
    connections: Connections,
    gate: Gate,
    is_encrypted: bool,
}

impl ControlPlaneServer {
    /// Checks the options and takes the address. Nobody is served yet.
    ///
    /// # Errors
    /// What is wrong with the options; when other machines could reach it in clear and nobody asked for that; or the address is
    /// taken.
    pub async fn bind(options: &ControlPlaneOptions, ledger: Ledger) -> Result<Self, Refusal> {
        let tls = options.tls.as_ref().map(Tls::of).transpose()?;
        let names = Names::new(options.address.ip(), &options.allowed_hosts)?;
        let is_encrypted = tls.is_some();
        let bind = Bind { address: options.address, allow_remote: options.allow_remote || is_encrypted };
        let (listener, address) = bind.listen().await.map_err(|refusal| match refusal.code {
            Code::BindNotLocal => refusal.hint("give it a certificate with --tls-cert and --tls-key, put a proxy with TLS in front of 127.0.0.1, or add --allow-remote-bind where the network is trusted"),
            _ => refusal.hint("name another --port"),
        })?;
        let connections = Connections::new(&options.of_connections()).over(tls).or_busy(Busy::telling(BUSY));
        let gate = Gate { ledger, names, body_timeout_ms: options.body_timeout_ms };
        Ok(Self { listener, address, connections, gate, is_encrypted })
    }

    /// Where workers find it.
    pub fn url(&self) -> String {
        let scheme = if self.is_encrypted { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Whether other machines reach it.
    pub fn is_public(&self) -> bool {
        !is_local(&self.address)
    }

    /// Whether runner tokens and rows would cross a network in clear.
    pub fn is_exposed(&self) -> bool {
        self.is_public() && !self.is_encrypted
    }

    /// Serves until `stop` completes, and lets requests that came before end.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let mut ending = self.connections.serve(self.listener, router(self.gate), stop).await;
        if !ending.within(END_WITHIN).await {
            let connections = ending.open();
            tracing::warn!(connections, "not every worker was answered in time; the rest is cut off");
        }
    }
}
