//! The sessions of the handshake era: how many there may be, and that each is its caller's alone.
//!
//! rmcp keeps them; an id is all it asks for. Here an id is worth something only together with the caller that opened the
//! session, so one that was seen in a log or guessed opens nothing.
//!
//! A session ends when nothing was asked in it for too long and nobody listens to it: whoever waits for a person's decision
//! asks nothing for hours.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt as _};
use http::request::Parts;
use rmcp::model::{
    ClientJsonRpcMessage, GetExtensions as _, JsonRpcMessage, RequestId, ServerJsonRpcMessage,
};
use rmcp::transport::streamable_http_server::SessionManager;
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError,
};
use rmcp::transport::streamable_http_server::session::{ServerSseMessage, SessionId};

use super::limits::HttpLimits;
use crate::auth::Caller;

/// How long an answer that is sent stays at hand for a client that lost its connection in the middle of it.
const ANSWER_KEPT: Duration = Duration::from_secs(10);

/// Sessions and whose they are.
pub(crate) struct Sessions {
    inner: LocalSessionManager,
    open: Mutex<HashMap<SessionId, Session>>,
    sessions_max: usize,
    sessions_per_caller_max: usize,
    idle: Duration,
}

struct Session {
    /// The caller's key; none until its `initialize` has been looked at.
    owner: Option<String>,
    unanswered: HashSet<RequestId>,
    /// Open streams of notifications.
    listeners: usize,
    /// When something was last asked, answered, or listened to.
    used: Instant,
}

impl Session {
    fn new() -> Self {
        Self { owner: None, unanswered: HashSet::new(), listeners: 0, used: Instant::now() }
    }

    fn is_idle(&self, idle: Duration) -> bool {
        self.listeners == 0 && self.unanswered.is_empty() && self.used.elapsed() >= idle
    }
}

/// A request of a session that is being answered; dropped, its id is free again.
pub(crate) struct Turn {
    sessions: Arc<Sessions>,
    session: SessionId,
    id: RequestId,
}

/// A stream of notifications that is open; dropped, nobody listens to it any more.
pub(crate) struct Listening {
    sessions: Arc<Sessions>,
    session: SessionId,
}

/// Why a request cannot have its turn in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoTurn {
    /// There is no such session, or it is another caller's.
    NoSession,
    /// A request with this id has no answer yet.
    IdInUse,
}

impl Sessions {
    pub(crate) fn new(limits: &HttpLimits) -> Self {
        let mut inner = LocalSessionManager::default();
        // rmcp ends a session by the clock alone, though somebody listens; `end_idle` does not.
        inner.session_config.keep_alive = None;
        inner.session_config.completed_cache_ttl = ANSWER_KEPT;
        Self {
            inner,
            open: Mutex::default(),
            sessions_max: limits.sessions_max,
            sessions_per_caller_max: limits.sessions_per_caller_max,
            idle: Duration::from_millis(limits.session_idle_ms),
        }
    }

    /// Ends every session that is idle for too long, for as long as this is polled.
    pub(crate) async fn end_idle(&self) -> Infallible {
        let look_again = (self.idle / 8).clamp(Duration::from_millis(10), Duration::from_secs(30));
        loop {
            tokio::time::sleep(look_again).await;
            let idle: Vec<SessionId> = {
                let open = self.open();
                let idle = open.iter().filter(|(_, session)| session.is_idle(self.idle));
                idle.map(|(id, _)| SessionId::clone(id)).collect()
            };
            for id in idle {
                tracing::debug!("a session is ended that nobody used");
                if let Err(error) = self.close_session(&id).await {
                    tracing::debug!(%error, "it had ended already");
                }
            }
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.open().len()
    }

    /// Whether the caller may open another one.
    pub(crate) fn has_room_for(&self, caller: &Caller) -> bool {
        let open = self.open();
        let own = open.values().filter(|session| session.owner.as_deref() == Some(caller.key()));
        open.len() < self.sessions_max && own.count() < self.sessions_per_caller_max
    }

    /// Whether the session is the caller's, who uses it by asking.
    pub(crate) fn is_of(&self, session: &str, caller: &Caller) -> bool {
        let mut open = self.open();
        let own = open.get_mut(session).filter(|session| session.owner.as_deref() == Some(caller.key()));
        own.map(|session| session.used = Instant::now()).is_some()
    }

    /// Keeps a session that exists for as long as somebody listens to it.
    pub(crate) fn listen(self: &Arc<Self>, session: &str) -> Option<Listening> {
        let mut open = self.open();
        let name = open.get_key_value(session).map(|(name, _)| SessionId::clone(name))?;
        open.get_mut(session)?.listeners += 1;
        Some(Listening { sessions: Arc::clone(self), session: name })
    }

    /// Takes the id of a request for as long as it is being answered.
    pub(crate) fn turn(
        self: &Arc<Self>,
        session: &str,
        caller: &Caller,
        id: &RequestId,
    ) -> Result<Turn, NoTurn> {
        let mut open = self.open();
        let name = open.get_key_value(session).map(|(name, _)| SessionId::clone(name));
        let own = open.get_mut(session).filter(|session| session.owner.as_deref() == Some(caller.key()));
        let (Some(name), Some(own)) = (name, own) else {
            return Err(NoTurn::NoSession);
        };
        if !own.unanswered.insert(id.clone()) {
            return Err(NoTurn::IdInUse);
        }
        Ok(Turn { sessions: Arc::clone(self), session: name, id: id.clone() })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<SessionId, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(session) = self.sessions.open().get_mut(&self.session) {
            session.unanswered.remove(&self.id);
            session.used = Instant::now();
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(session) = self.sessions.open().get_mut(&self.session) {
            session.listeners = session.listeners.saturating_sub(1);
            session.used = Instant::now();
        }
    }
}

/// The caller that the door put into an `initialize`.
fn caller_of(message: &ClientJsonRpcMessage) -> Option<&Caller> {
    let JsonRpcMessage::Request(request) = message else {
        return None;
    };
    request.request.extensions().get::<Parts>()?.extensions.get::<Caller>()
}

impl SessionManager for Sessions {
    type Error = LocalSessionManagerError;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        let (id, transport) = self.inner.create_session().await?;
        self.open().insert(SessionId::clone(&id), Session::new());
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        let owner = caller_of(&message).map(|caller| caller.key().to_owned());
        if let Some(session) = self.open().get_mut(id) {
            session.owner = owner;
        }
        self.inner.initialize_session(id, message).await
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        self.inner.has_session(id).await
    }

    /// Also where a session ends that is idle for too long, or whose worker ended.
    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        self.open().remove(id);
        self.inner.close_session(id).await
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        Ok(self.inner.create_stream(id, message).await?.map(counted_from_one))
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), Self::Error> {
        self.inner.accept_message(id, message).await
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        Ok(self.inner.create_standalone_stream(id).await?.map(counted_from_one))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        Ok(self.inner.resume(id, last_event_id).await?.map(counted_from_one))
    }
}

/// rmcp counts the messages of a stream from 0, opens a stream with an event that has the id 0 as well, and sends the message
/// that a client names as its last once more. Counted from 1, 0 is "nothing yet", and what is sent is what was missed.
fn counted_from_one(mut event: ServerSseMessage) -> ServerSseMessage {
    let next = |id: &str| {
        let (number, stream) =
            id.split_once('/').map_or((id, None), |(number, stream)| (number, Some(stream)));
        let number = number.parse::<u64>().ok()?.checked_add(1)?;
        Some(stream.map_or_else(|| number.to_string(), |stream| format!("{number}/{stream}")))
    };
    event.event_id = event.event_id.as_deref().map(|id| next(id).unwrap_or_else(|| id.to_owned()));
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_from_one_within_their_stream() {
        for (given, told) in [("0", "1"), ("41", "42"), ("0/7", "1/7"), ("no number", "no number")] {
            let event = counted_from_one(ServerSseMessage::priming(given, Duration::ZERO));
            assert_eq!(event.event_id.as_deref(), Some(told));
        }
    }
}
