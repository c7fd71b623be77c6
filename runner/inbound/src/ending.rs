//! The end of a server: nothing is accepted any more, and what is open ends by itself or is cut off.

use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The connections that are open when the last one was accepted. Dropped, it cuts off what is left of them.
#[must_use = "dropped, it cuts off every connection"]
pub struct Ending {
    graceful: Option<GracefulShutdown>,
    serving: JoinSet<()>,
}

impl Ending {
    pub(crate) fn of(graceful: GracefulShutdown, serving: JoinSet<()>) -> Self {
        Self { graceful: Some(graceful), serving }
    }

    /// Lets each connection end with the answer it is at. Answers whether all of them did in that time; the others go on.
    pub async fn within(&mut self, time: Duration) -> bool {
        match self.graceful.take() {
            Some(graceful) => timeout(time, graceful.shutdown()).await.is_ok(),
            None => self.serving.is_empty(),
        }
    }

    /// How many connections have not ended.
    pub fn open(&mut self) -> usize {
        // One that ended counts until somebody has looked.
        while self.serving.try_join_next().is_some() {}
        self.serving.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_that_ended_is_not_counted_among_those_that_are_cut_off() {
        let mut serving = JoinSet::new();
        serving.spawn(std::future::ready(()));
        serving.spawn(std::future::pending());
        tokio::task::yield_now().await;
        let mut ending = Ending::of(GracefulShutdown::new(), serving);
        assert!(ending.within(Duration::from_secs(5)).await, "nobody is being answered");
        assert_eq!(ending.open(), 1);
    }
}
