//! The control plane's listening side.
//!
//! Invariant: bound to this machine alone unless somebody said otherwise in words.
//! Absent on purpose: TLS. A proxy in front of it has a certificate; workers take `http://` from their own machine only.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use synapsor_inbound::{Bind, Busy, Connections, Limits};
use synapsor_ledger::Ledger;
use synapsor_protocol::{Code, Refusal};
use tokio::net::TcpListener;

use crate::routes::router;

/// For programs, which send little and ask often: a worker holds a connection or two for as long as it runs.
const LIMITS: Limits = Limits {
    head_bytes_max: 16 * 1024,
    headers_max: 64,
    connections_max: 512,
    head_timeout_ms: 15_000,
    write_timeout_ms: 15_000,
};
/// How long requests that came before the end may take to be answered.
const END_WITHIN: Duration = Duration::from_secs(5);
/// What a worker is told that there is no place for; it asks again after a pause.
const BUSY: &str = r#"{"ok":false,"error":{"code":"HTTP_BUSY","message":"the control plane has as many connections as it takes","hint":null}}"#;

/// A control plane that listens.
pub struct ControlPlaneServer {
    listener: TcpListener,
    address: SocketAddr,
    ledger: Ledger,
}

impl ControlPlaneServer {
    /// Takes the address. Nobody is served yet.
    ///
    /// # Errors
    /// When other machines could reach it and nobody asked for that, or the address is taken.
    pub async fn bind(bind: Bind, ledger: Ledger) -> Result<Self, Refusal> {
        let (listener, address) = bind.listen().await.map_err(|refusal| match refusal.code {
            Code::BindNotLocal => refusal.hint("put a proxy with TLS in front of 127.0.0.1, or add --allow-remote-bind where the network is trusted"),
            _ => refusal.hint("name another --port"),
        })?;
        Ok(Self { listener, address, ledger })
    }

    /// Where workers find it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until `stop` completes, and lets requests that came before end.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let connections = Connections::new(&LIMITS).or_busy(Busy::telling(BUSY));
        let mut ending = connections.serve(self.listener, router(self.ledger), stop).await;
        if !ending.within(END_WITHIN).await {
            tracing::warn!(
                connections = ending.open(),
                "not every worker was answered in time; the rest is cut off"
            );
        }
    }
}
