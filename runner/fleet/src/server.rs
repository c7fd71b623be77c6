//! The control plane's listening side.
//!
//! Invariant: bound to this machine alone unless somebody said otherwise in words.
//! Absent on purpose: TLS. A proxy in front of it has a certificate; workers take `http://` from their own machine only.

use std::future::Future;
use std::net::SocketAddr;

use synapsor_ledger::Ledger;
use synapsor_protocol::{Code, Refusal};
use tokio::net::TcpListener;

use crate::routes::router;

/// Where to listen.
#[derive(Debug, Clone, Copy)]
pub struct Bind {
    /// Address and port; port 0 is any free one.
    pub address: SocketAddr,
    /// Whether an address that other machines can reach is meant.
    pub allow_remote: bool,
}

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
        let address = bind.address;
        if !address.ip().is_loopback() && !bind.allow_remote {
            let message = format!("`{}` can be reached from other machines", address.ip());
            return Err(Refusal::new(Code::BindNotLocal, message)
                .hint("put a proxy with TLS in front of 127.0.0.1, or add --allow-remote-bind where the network is trusted"));
        }
        let taken = |error: std::io::Error| {
            Refusal::new(Code::AddressUnavailable, format!("cannot listen on `{address}`: {}", error.kind()))
                .hint("name another --port")
        };
        let listener = TcpListener::bind(address).await.map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        Ok(Self { listener, address, ledger })
    }

    /// Where workers find it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until `stop` completes, and lets requests that came before end.
    ///
    /// # Errors
    /// When the listener breaks.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), Refusal> {
        let serving = axum::serve(self.listener, router(self.ledger)).with_graceful_shutdown(stop);
        serving.await.map_err(|error| {
            Refusal::new(Code::AddressUnavailable, format!("the listener broke: {}", error.kind()))
        })
    }
}
