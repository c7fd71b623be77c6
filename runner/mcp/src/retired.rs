//! What was served before the config changed, for as long as its candidates are still shown what waits for them.
//!
//! Invariant: a server that stops waits for it too, and for no longer than for what it serves now.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long a server that stops goes on showing candidates what waits for them.
pub(crate) const STOPPED_WITHIN: Duration = Duration::from_secs(2);
/// The same for one that serves something else from now on.
const RETIRED_WITHIN: Duration = Duration::from_secs(60);

/// Candidates of what was served before.
#[derive(Default)]
pub(crate) struct Retired {
    draining: Mutex<JoinSet<()>>,
    stops: watch::Sender<bool>,
}

impl Retired {
    /// One more; `drain` shows its candidates what waits, for that long, and records the rest.
    pub(crate) fn add<D>(&self, drain: impl Fn(Duration) -> D + Send + 'static)
    where
        D: Future<Output = ()> + Send,
    {
        let mut stops = self.stops.subscribe();
        let mut draining = self.draining.lock().unwrap_or_else(PoisonError::into_inner);
        while draining.try_join_next().is_some() {}
        draining.spawn(async move {
            let in_its_own_time = tokio::select! {
                () = drain(RETIRED_WITHIN) => true,
                _ = stops.wait_for(|stops| *stops) => false,
            };
            if !in_its_own_time {
                drain(STOPPED_WITHIN).await;
            }
        });
    }

    /// The server stops: until all of them are done.
    pub(crate) async fn end(&self) {
        self.stops.send_replace(true);
        let draining = std::mem::take(&mut *self.draining.lock().unwrap_or_else(PoisonError::into_inner));
        draining.join_all().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn a_server_that_stops_ends_what_it_served_before_and_does_not_forget_it() {
        let (tell, ended) = channel();
        let retired = Retired::default();
        for name in ["first", "second"] {
            let tell = tell.clone();
            retired.add(move |within| {
                let tell = tell.clone();
                async move {
                    if within > STOPPED_WITHIN {
                        std::future::pending::<()>().await;
                    }
                    tell.send(name).expect("the test listens");
                }
            });
        }
        tokio::task::yield_now().await;
        assert!(ended.try_recv().is_err(), "nobody said stop");
        retired.end().await;
        let mut ended: Vec<&str> = ended.try_iter().collect();
        ended.sort_unstable();
        assert_eq!(ended, ["first", "second"]);
    }
}
