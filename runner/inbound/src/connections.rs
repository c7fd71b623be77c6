//! Connections: accepted up to a number, served until they or the server end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutWriter;

use crate::busy::Busy;
use crate::ending::Ending;
use crate::limits::Limits;
use crate::tls::Tls;

/// How long accepting pauses when the system has no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How many connections over the limit are told so at once; the others are closed without a word.
const TURNED_AWAY_MAX: usize = 32;

/// Smallest buffer hyper works with.
const BUFFER_BYTES_MIN: usize = 8 * 1024;

/// Connections of one server.
pub struct Connections {
    builder: http1::Builder,
    tls: Option<Tls>,
    busy: Option<Busy>,
    places: Arc<Semaphore>,
    turned_away: Arc<Semaphore>,
    handshake_timeout: Duration,
    write_timeout: Duration,
}

impl Connections {
    /// Connections in clear, within these limits. One that there is no place for is closed without a word.
    pub fn new(limits: &Limits) -> Self {
        let head_timeout = Duration::from_millis(limits.head_timeout_ms);
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(head_timeout)
            .max_headers(limits.headers_max)
            .max_header_size(limits.head_bytes_max)
            .max_buf_size(limits.head_bytes_max.max(BUFFER_BYTES_MIN));
        Self {
            builder,
            tls: None,
            busy: None,
            places: Arc::new(Semaphore::new(limits.connections_max.min(Semaphore::MAX_PERMITS))),
            turned_away: Arc::new(Semaphore::new(TURNED_AWAY_MAX)),
            handshake_timeout: head_timeout,
            write_timeout: Duration::from_millis(limits.write_timeout_ms),
        }
    }

    /// The same, speaking TLS where there is a certificate.
    #[must_use]
    pub fn over(self, tls: Option<Tls>) -> Self {
        Self { tls, ..self }
    }

    /// The same, telling whoever there is no place for. Where TLS is spoken that would be more work than a place.
    #[must_use]
    pub fn or_busy(self, busy: Busy) -> Self {
        Self { busy: Some(busy), ..self }
    }

    /// Serves until `shutdown` completes. Then nothing is accepted any more, and what is open is handed back to be ended.
    pub async fn serve(
        self,
        listener: TcpListener,
        router: Router,
        shutdown: impl Future<Output = ()>,
    ) -> Ending {
        let graceful = GracefulShutdown::new();
        let mut serving = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => self.take(stream, &router, &graceful, &mut serving),
                    Err(error) => {
                        tracing::warn!(%error, "a connection cannot be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(_) = serving.join_next() => {}
            }
        }
        Ending::of(graceful, serving)
    }

    fn take(
        &self,
        stream: TcpStream,
        router: &Router,
        graceful: &GracefulShutdown,
        serving: &mut JoinSet<()>,
    ) {
        // An answer is one small write: waiting for more would only delay it.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY is not set");
        }
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            self.turn_away(stream, serving);
            return;
        };
        let (builder, router, watcher) = (self.builder.clone(), router.clone(), graceful.watcher());
        let write_timeout = self.write_timeout;
        match self.tls.clone() {
            None => {
                let served = serve_one(builder, stream, write_timeout, router, watcher);
                serving.spawn(async move {
                    served.await;
                    drop(place);
                });
            }
            Some(tls) => {
                let handshake = timeout(self.handshake_timeout, tls.accept(stream));
                serving.spawn(async move {
                    match handshake.await {
                        Ok(Ok(stream)) => {
                            serve_one(builder, stream, write_timeout, router, watcher).await;
                        }
                        Ok(Err(error)) => tracing::debug!(%error, "no TLS with a client"),
                        Err(_) => tracing::debug!("a client did not finish its TLS handshake"),
                    }
                    drop(place);
                });
            }
        }
    }

    fn turn_away(&self, stream: TcpStream, serving: &mut JoinSet<()>) {
        let (None, Some(busy)) = (&self.tls, self.busy.clone()) else { return };
        if let Ok(turn) = Arc::clone(&self.turned_away).try_acquire_owned() {
            serving.spawn(async move {
                busy.tell(stream).await;
                drop(turn);
            });
        }
    }
}

async fn serve_one<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    builder: http1::Builder,
    stream: S,
    write_timeout: Duration,
    router: Router,
    watcher: Watcher,
) {
    // Reading has its limits where requests are read; a client that stops reading would hold its connection, and the answer
    // it was sent, for as long as it likes.
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(write_timeout));
    let stream = TokioIo::new(Box::pin(stream));
    let connection = builder.serve_connection(stream, TowerToHyperService::new(router));
    if let Err(error) = watcher.watch(connection).await {
        // A client that left, was too slow or sent no HTTP; it has been answered where it could be.
        tracing::debug!(%error, "a connection ended");
    }
}
