//! Our own proxy between the binary and a database server: sees every frame in both directions, and breaks one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use synapsor_protocol::Engine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};
use url::Url;

use crate::wire::{Frame, Wire, step};

/// How long a swallowed connection keeps its server's end open: longer than any limit of server or runner.
const SWALLOWED_FOR: Duration = Duration::from_secs(40);

/// Where it strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// The COMMIT statement.
    Commit,
    /// The first frame of the n-th request of a connection, from 1.
    Request(usize),
    /// The n-th frame to the server, from 1.
    ToServer(usize),
    /// The n-th frame to the client, from 1.
    ToClient(usize),
}

/// What happens there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// The frame never arrives; both ends are closed.
    Drop,
    /// Half of it arrives.
    Half,
    /// It arrives, and both ends are reset at once.
    ForwardReset,
    /// It arrives, and both ends are closed at once.
    ForwardClose,
    /// It is answered, and the answer is lost.
    LoseAnswer,
    /// It is answered, and half of the answer arrives.
    HalfAnswer,
    /// It is answered, and from then on nothing passes in either direction and nobody is told.
    Swallow,
    /// It passes later.
    Delay(Duration),
    /// The trial is told, and nothing passes until it says so.
    Hold,
    /// It is answered; then as [`Action::Hold`].
    HoldAnswer,
}

/// One breakage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) at: At,
    pub(crate) action: Action,
    /// Nobody can connect afterwards.
    pub(crate) stays_away: bool,
}

impl Plan {
    pub(crate) fn new(at: At, action: Action) -> Self {
        Self { at, action, stays_away: false }
    }

    /// Whoever connects after it struck is turned away.
    pub(crate) fn for_good(self) -> Self {
        Self { stays_away: true, ..self }
    }
}

/// What went by on the first connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traffic {
    /// The step of each request.
    pub(crate) requests: Vec<&'static str>,
    pub(crate) frames_to_server: usize,
    pub(crate) frames_to_client: usize,
}

/// A proxy that breaks at most once, on whichever connection gets there first.
pub(crate) struct Proxy {
    url: String,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

struct Shared {
    engine: Engine,
    server: String,
    plan: Mutex<Option<Plan>>,
    struck: Mutex<Option<&'static str>>,
    strikes: Notify,
    released: Notify,
    gone: AtomicBool,
    traffic: Mutex<Traffic>,
}

impl Proxy {
    /// Listens on a free port in front of the server of that URL.
    pub(crate) async fn start(engine: Engine, server: &str, plan: Option<Plan>) -> Self {
        let mut url = Url::parse(server).expect("a server's URL");
        let host = url.host_str().expect("a host").to_owned();
        let server = format!("{host}:{}", url.port().expect("a port"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        url.set_host(Some("127.0.0.1")).expect("a host can be set");
        url.set_port(Some(port)).expect("a port can be set");
        // Frames are to be read, and the servers of the tests speak on loopback.
        url.set_query(Some(if engine == Engine::Postgres { "sslmode=disable" } else { "ssl-mode=disabled" }));
        let shared = Arc::new(Shared {
            engine,
            server,
            plan: Mutex::new(plan),
            struck: Mutex::new(None),
            strikes: Notify::new(),
            released: Notify::new(),
            gone: AtomicBool::new(false),
            traffic: Mutex::default(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        Self { url: url.into(), shared, accepting }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The step it struck at.
    pub(crate) fn struck(&self) -> Option<&'static str> {
        *self.shared.struck.lock().expect("no panic with this held")
    }

    /// Waits until it has struck.
    pub(crate) async fn strike(&self) {
        while self.struck().is_none() {
            self.shared.strikes.notified().await;
        }
    }

    /// Ends a [`Action::Hold`].
    pub(crate) fn release(&self) {
        self.shared.released.notify_one();
    }

    pub(crate) fn traffic(&self) -> Traffic {
        self.shared.traffic.lock().expect("no panic with this held").clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this task, and with it every connection.
    let mut links = JoinSet::new();
    let mut first = true;
    while let Ok((client, _)) = listener.accept().await {
        if shared.gone.load(Ordering::SeqCst) {
            continue;
        }
        let (shared, counted) = (Arc::clone(&shared), std::mem::take(&mut first));
        links.spawn(async move {
            if let Ok(server) = TcpStream::connect(&shared.server).await {
                let _ = client.set_nodelay(true);
                let _ = server.set_nodelay(true);
                let wire = Wire::new(shared.engine);
                let link = Link {
                    shared,
                    client,
                    server,
                    wire,
                    seen: Seen { step: step(None, false), ..Seen::default() },
                    answer: None,
                    counted,
                };
                // An error is an end that went away, which is what proxies are for.
                let _ = link.carry().await;
            }
        });
    }
}

/// How far a connection has come.
#[derive(Default)]
struct Seen {
    requests: usize,
    to_server: usize,
    to_client: usize,
    committed: bool,
    step: &'static str,
}

struct Link {
    shared: Arc<Shared>,
    client: TcpStream,
    server: TcpStream,
    wire: Wire,
    seen: Seen,
    /// What happens to the answer that comes next.
    answer: Option<Action>,
    /// Whether its traffic is noted.
    counted: bool,
}

/// Whether a connection goes on.
#[derive(PartialEq, Eq)]
enum Next {
    On,
    End,
}

impl Link {
    async fn carry(mut self) -> std::io::Result<()> {
        let (mut from_client, mut from_server) = (Vec::new(), Vec::new());
        loop {
            tokio::select! {
                read = self.client.read_buf(&mut from_client) => {
                    if read? == 0 {
                        return Ok(());
                    }
                    while let Some(frame) = self.wire.take_from_client(&mut from_client) {
                        if self.towards_server(frame).await? == Next::End {
                            return Ok(());
                        }
                    }
                }
                read = self.server.read_buf(&mut from_server) => {
                    if read? == 0 {
                        return Ok(());
                    }
                    while let Some(frame) = self.wire.take_from_server(&mut from_server) {
                        if self.towards_client(frame).await? == Next::End {
                            return Ok(());
                        }
                    }
                }
            }
        }
    }

    async fn towards_server(&mut self, frame: Frame) -> std::io::Result<Next> {
        self.seen.to_server += 1;
        if frame.begins_request {
            self.seen.requests += 1;
            self.seen.step = step(frame.statement.as_deref(), self.seen.committed);
        }
        self.seen.committed |= frame.is_commit();
        self.note(frame.begins_request);
        let seen = &self.seen;
        let struck = self.shared.strikes_at(seen.step, |at| match at {
            At::Commit => frame.is_commit(),
            At::Request(number) => frame.begins_request && number == seen.requests,
            At::ToServer(number) => number == seen.to_server,
            At::ToClient(_) => false,
        });
        match struck {
            Some(Action::Drop) => return Ok(Next::End),
            Some(Action::Half) => {
                self.server.write_all(&frame.bytes[..frame.bytes.len() / 2]).await?;
                return Ok(Next::End);
            }
            Some(Action::ForwardReset) => {
                self.server.write_all(&frame.bytes).await?;
                self.client.set_zero_linger()?;
                self.server.set_zero_linger()?;
                return Ok(Next::End);
            }
            Some(Action::ForwardClose) => {
                self.server.write_all(&frame.bytes).await?;
                return Ok(Next::End);
            }
            Some(Action::Delay(time)) => tokio::time::sleep(time).await,
            Some(Action::Hold) => self.shared.hold().await,
            Some(
                answer @ (Action::LoseAnswer | Action::HalfAnswer | Action::Swallow | Action::HoldAnswer),
            ) => {
                self.answer = Some(answer);
            }
            None => {}
        }
        self.server.write_all(&frame.bytes).await?;
        Ok(Next::On)
    }

    async fn towards_client(&mut self, frame: Vec<u8>) -> std::io::Result<Next> {
        self.seen.to_client += 1;
        self.note(false);
        let number = self.seen.to_client;
        let at_frame = self.shared.strikes_at(self.seen.step, |at| at == At::ToClient(number));
        match at_frame.or(self.answer.take()) {
            Some(Action::Drop | Action::LoseAnswer) => return Ok(Next::End),
            Some(Action::Half | Action::HalfAnswer) => {
                self.client.write_all(&frame[..frame.len() / 2]).await?;
                return Ok(Next::End);
            }
            Some(Action::Swallow) => {
                // The server must not learn that the client gives up.
                tokio::time::sleep(SWALLOWED_FOR).await;
                return Ok(Next::End);
            }
            Some(Action::Hold) => self.shared.hold().await,
            Some(Action::HoldAnswer) => {
                self.shared.tell(self.seen.step);
                self.shared.hold().await;
            }
            Some(Action::Delay(time)) => tokio::time::sleep(time).await,
            Some(Action::ForwardReset) => {
                self.client.write_all(&frame).await?;
                self.client.set_zero_linger()?;
                return Ok(Next::End);
            }
            Some(Action::ForwardClose) => {
                self.client.write_all(&frame).await?;
                return Ok(Next::End);
            }
            None => {}
        }
        self.client.write_all(&frame).await?;
        Ok(Next::On)
    }

    fn note(&self, request: bool) {
        if self.counted {
            let mut traffic = self.shared.traffic.lock().expect("no panic with this held");
            if request {
                traffic.requests.push(self.seen.step);
            }
            traffic.frames_to_server = self.seen.to_server;
            traffic.frames_to_client = self.seen.to_client;
        }
    }
}

impl Shared {
    /// Takes the plan where this is the place.
    fn strikes_at(&self, step: &'static str, here: impl FnOnce(At) -> bool) -> Option<Action> {
        let mut plan = self.plan.lock().expect("no panic with this held");
        let Plan { action, stays_away, .. } = plan.take_if(|plan| here(plan.at))?;
        self.gone.store(stays_away, Ordering::SeqCst);
        // Who waits for an answer to be held is told when it has come.
        if action != Action::HoldAnswer {
            self.tell(step);
        }
        Some(action)
    }

    fn tell(&self, step: &'static str) {
        *self.struck.lock().expect("no panic with this held") = Some(step);
        self.strikes.notify_one();
    }

    async fn hold(&self) {
        self.released.notified().await;
    }
}
