//! The listening side: which address, how many connections, how long each may take, and how it all ends.
//!
//! Invariant: bound to this machine alone unless somebody said otherwise in words.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use synapsor_protocol::{Code, Refusal};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutWriter;

use crate::host::Hosts;
use crate::live;
use crate::routes;
use crate::site::{Parts, Site};

/// Connections at one time; a browser needs about six.
const CONNECTIONS_MAX: usize = 128;
/// How long a request's head may take, and how long a connection may idle.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How long a browser may go without taking anything of an answer.
const TAKE_WITHIN: Duration = Duration::from_secs(10);
/// Longest head of a request.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Most headers of a request.
const HEADERS_MAX: usize = 64;
/// How long open connections may take to end.
const END_WITHIN: Duration = Duration::from_secs(1);
/// How long an apply may take to end; the stop signal has been given to it by then.
const APPLY_END_WITHIN: Duration = Duration::from_secs(9);

/// Where to listen.
#[derive(Debug, Clone, Copy)]
pub struct Bind {
    /// Address and port; port 0 is any free one.
    pub address: SocketAddr,
    /// Whether an address that other machines can reach is meant.
    pub allow_remote: bool,
}

/// Pages that listen.
pub struct Server {
    listener: TcpListener,
    site: Arc<Site>,
}

impl Server {
    /// Takes the address. Nobody is served yet.
    ///
    /// # Errors
    /// When other machines could reach it and nobody asked for that, or the address is taken.
    pub async fn bind(bind: Bind, parts: Parts) -> Result<Self, Refusal> {
        let address = bind.address;
        if !address.ip().is_loopback() && !bind.allow_remote {
            let message = format!("`{}` can be reached from other machines", address.ip());
            return Err(Refusal::new(Code::BindNotLocal, message).hint(
                "leave --host out, or add --allow-remote-bind if every machine that can reach it is trusted",
            ));
        }
        let taken = |error: std::io::Error| {
            tracing::debug!(%error, "binding failed");
            Refusal::new(Code::AddressUnavailable, format!("cannot listen on `{address}`: {}", error.kind()))
                .hint("leave --port out for any free port")
        };
        let listener = TcpListener::bind(address).await.map_err(taken)?;
        let bound = listener.local_addr().map_err(taken)?;
        Ok(Self { listener, site: Arc::new(Site::new(parts, Hosts::new(bound))) })
    }

    /// A link that opens one session, once.
    ///
    /// # Errors
    /// When the machine gives no randomness.
    pub fn link(&self) -> Result<String, Refusal> {
        self.links().next()
    }

    /// Where further links come from while the pages are served.
    pub fn links(&self) -> Links {
        Links { site: Arc::clone(&self.site) }
    }

    /// Serves until `stop` completes, then lets open connections end, and what is being applied.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let Self { listener, site } = self;
        let watching = tokio::spawn(live::watch_ledger(Arc::clone(&site)));
        let service = TowerToHyperService::new(routes::router(Arc::clone(&site)));
        let connections = GracefulShutdown::new();
        let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = listener.accept() => accepted,
            };
            // Out of file descriptors, or somebody holds every slot: whoever is there is served, and the rest may come again.
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else { continue };
            let mut stream = TimeoutWriter::new(stream);
            stream.set_timeout(Some(TAKE_WITHIN));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_WITHIN)
                .max_buf_size(HEAD_BYTES_MAX)
                .max_headers(HEADERS_MAX)
                .serve_connection(TokioIo::new(Box::pin(stream)), service.clone());
            let connection = connections.watch(connection);
            tokio::spawn(async move {
                let _slot = slot;
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection ended early");
                }
            });
        }
        drop(listener);
        site.pulse.end();
        let _ = tokio::time::timeout(END_WITHIN, connections.shutdown()).await;
        let _ = tokio::time::timeout(APPLY_END_WITHIN, site.applying.write()).await;
        let _ = watching.await;
    }
}

/// Makes links.
#[derive(Clone)]
pub struct Links {
    site: Arc<Site>,
}

impl Links {
    /// One more link; each opens one session, once.
    ///
    /// # Errors
    /// When the machine gives no randomness.
    pub fn next(&self) -> Result<String, Refusal> {
        let token = self.site.sessions.link(Instant::now())?;
        Ok(format!("{}/?token={token}", self.site.hosts.address()))
    }
}
