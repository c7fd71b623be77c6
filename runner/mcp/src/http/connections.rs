//! Connections: accepted up to a number, served until they or the server end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutWriter;
use tokio_rustls::TlsAcceptor;

use super::limits::HttpLimits;

/// How long accepting pauses when the system has no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How many connections over the limit are told so at once; the others are closed without a word.
const TURNED_AWAY_MAX: usize = 32;

/// How long one of them may take to hear it.
const TURNED_AWAY_TIMEOUT: Duration = Duration::from_secs(1);

/// Smallest buffer hyper works with.
const BUFFER_BYTES_MIN: usize = 8 * 1024;

/// Connections of one server.
pub(crate) struct Connections {
    builder: http1::Builder,
    tls: Option<TlsAcceptor>,
    places: Arc<Semaphore>,
    turned_away: Arc<Semaphore>,
    handshake_timeout: Duration,
    write_timeout: Duration,
    drain_timeout: Duration,
}

impl Connections {
    pub(crate) fn new(limits: &HttpLimits, tls: Option<TlsAcceptor>) -> Self {
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
            tls,
            places: Arc::new(Semaphore::new(limits.connections_max.min(Semaphore::MAX_PERMITS))),
            turned_away: Arc::new(Semaphore::new(TURNED_AWAY_MAX)),
            handshake_timeout: head_timeout,
            write_timeout: Duration::from_millis(limits.write_timeout_ms),
            drain_timeout: Duration::from_millis(limits.drain_timeout_ms),
        }
    }

    /// Serves until `shutdown` completes. Then nothing is accepted any more, what is being answered gets its time, and
    /// what is left is cut off.
    pub(crate) async fn serve(
        self,
        listener: TcpListener,
        router: Router,
        shutdown: impl Future<Output = ()> + Send,
        stopping: impl FnOnce(),
    ) {
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
        drop(listener);
        stopping();
        if timeout(self.drain_timeout, graceful.shutdown()).await.is_err() {
            tracing::warn!(
                connections = serving.len(),
                "not every answer was sent in time; the rest is cut off"
            );
        }
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
            if self.tls.is_none()
                && let Ok(turn) = Arc::clone(&self.turned_away).try_acquire_owned()
            {
                serving.spawn(turn_away(stream, turn));
            }
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

/// Says that there is no place, to whoever has not even asked yet.
async fn turn_away(mut stream: TcpStream, turn: OwnedSemaphorePermit) {
    const BODY: &str = r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"the server has as many connections as it takes","data":{"code":"HTTP_BUSY","retryable":true}}}"#;
    let answer = format!(
        "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\ncontent-length: {}\r\nretry-after: 1\r\n\
         cache-control: no-store\r\nconnection: close\r\n\r\n{BODY}",
        BODY.len()
    );
    let told = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // Closing with something unread would reset the connection and take the answer with it.
        let mut unread = [0; 1024];
        while stream.read(&mut unread).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    // Whether it was heard is the client's affair.
    let _ = timeout(TURNED_AWAY_TIMEOUT, told).await;
    drop(turn);
}
