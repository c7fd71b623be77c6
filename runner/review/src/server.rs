//! The listening side: which address, how many connections, how long each may take, and how it all ends.
//!
//! Invariant: bound to this machine alone unless somebody said otherwise in words.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use synapsor_inbound::{Bind, Connections, Limits};
use synapsor_protocol::{Code, Refusal};
use tokio::net::TcpListener;

use crate::host::Hosts;
use crate::live;
use crate::routes;
use crate::site::{Parts, Site};

/// For one person: a browser needs about six connections.
const LIMITS: Limits = Limits {
    head_bytes_max: 16 * 1024,
    headers_max: 64,
    connections_max: 128,
    head_timeout_ms: 10_000,
    write_timeout_ms: 10_000,
};
/// How long open connections may take to end.
const END_WITHIN: Duration = Duration::from_secs(1);
/// How long an apply may take to end; the stop signal has been given to it by then.
const APPLY_END_WITHIN: Duration = Duration::from_secs(9);

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
        let (listener, bound) = bind.listen().await.map_err(|refusal| match refusal.code {
            Code::BindNotLocal => refusal.hint(
                "leave --host out, or add --allow-remote-bind if every machine that can reach it is trusted",
            ),
            _ => refusal.hint("leave --port out for any free port"),
        })?;
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
        let router = routes::router(Arc::clone(&site));
        let mut ending = Connections::new(&LIMITS).serve(listener, router, stop).await;
        site.pulse.end();
        ending.within(END_WITHIN).await;
        let _ = tokio::time::timeout(APPLY_END_WITHIN, site.applying.write()).await;
        let _ = watching.await;
        drop(ending);
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
