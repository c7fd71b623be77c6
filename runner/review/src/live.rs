//! Live updates: a page holds one stream open and is told when the ledger has something new; it then asks for itself again.
//!
//! Invariant: a stream ends with its session, so that a page nobody may ask for any more learns of it by itself.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Extension, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use synapsor_ledger::EventFilter;
use tokio::sync::watch;

use crate::denied::Denied;
use crate::sessions::Session;
use crate::site::Site;

/// Where the stream is.
pub(crate) const PATH: &str = "/live";
/// The header of a request that a page makes by itself.
pub(crate) const BY_ITSELF: &str = "x-synapsor-live";

/// How often the ledger is looked at while somebody watches.
const LOOK_EVERY: Duration = Duration::from_millis(700);
/// How often a silent stream says that it is there.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// How often a stream asks whether its session lasts.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// Open streams at most.
const STREAMS_MAX: usize = 32;

/// What the streams are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beat {
    /// The last event of the ledger.
    Event(i64),
    /// The pages are closing.
    Over,
}

/// Tells every open stream.
pub(crate) struct Pulse {
    beat: watch::Sender<Beat>,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        Self { beat: watch::Sender::new(Beat::Event(0)) }
    }

    /// Ends every stream.
    pub(crate) fn end(&self) {
        self.beat.send_replace(Beat::Over);
    }
}

/// Looks at the ledger while somebody watches, until the streams are ended.
pub(crate) async fn watch_ledger(site: Arc<Site>) {
    let mut pause = tokio::time::interval(LOOK_EVERY);
    loop {
        pause.tick().await;
        if *site.pulse.beat.borrow() == Beat::Over {
            return;
        }
        if site.pulse.beat.receiver_count() == 0 {
            continue;
        }
        match site.ledger.latest_events(&EventFilter::default(), 1).await {
            Ok(latest) => {
                let news = Beat::Event(latest.last().map_or(0, |event| event.seq));
                site.pulse.beat.send_if_modified(|beat| {
                    let changed = *beat != news && *beat != Beat::Over;
                    if changed {
                        *beat = news;
                    }
                    changed
                });
            }
            Err(error) => tracing::debug!(?error, "the ledger could not be looked at for live updates"),
        }
    }
}

/// `GET /live`.
pub(crate) async fn stream(
    State(site): State<Arc<Site>>,
    Extension(session): Extension<Session>,
) -> Response {
    if site.pulse.beat.receiver_count() >= STREAMS_MAX {
        return Denied::TOO_MANY.into_response();
    }
    let beats = site.pulse.beat.subscribe();
    let events = stream::unfold((beats, site, session), |(mut beats, site, session)| async move {
        let last = next_event(&mut beats, &site, &session).await?;
        Some((Ok::<_, Infallible>(Event::default().data(last.to_string())), (beats, site, session)))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE_EVERY)).into_response()
}

/// The next news of the ledger; none where the pages close or the session is over.
async fn next_event(beats: &mut watch::Receiver<Beat>, site: &Site, session: &Session) -> Option<i64> {
    loop {
        let changed = tokio::time::timeout(ASK_EVERY, beats.changed()).await;
        if !site.sessions.lasts(session, Instant::now()) {
            return None;
        }
        match changed.map(|changed| changed.map(|()| *beats.borrow_and_update())) {
            Ok(Ok(Beat::Event(last))) => return Some(last),
            Ok(Ok(Beat::Over) | Err(_)) => return None,
            // Nothing new yet.
            Err(_) => {}
        }
    }
}
