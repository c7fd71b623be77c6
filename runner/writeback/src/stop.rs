//! Told to stop: what is before its COMMIT is rolled back, what is at it is finished.

use std::future::Future;

use tokio::sync::watch;

/// Tells every apply of a desk to stop.
#[derive(Debug)]
pub struct StopSwitch(watch::Sender<bool>);

/// Hears it.
#[derive(Debug, Clone)]
pub struct StopSignal(watch::Receiver<bool>);

impl StopSwitch {
    /// A switch that nobody has thrown.
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Throws it, for good.
    pub fn throw(&self) {
        self.0.send_replace(true);
    }

    /// What hears it.
    pub fn signal(&self) -> StopSignal {
        StopSignal(self.0.subscribe())
    }
}

impl Default for StopSwitch {
    fn default() -> Self {
        Self::new()
    }
}

impl StopSignal {
    /// Nobody ever says so.
    pub fn never() -> Self {
        StopSwitch::new().signal()
    }

    /// Whether it was said.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Completes once it is said.
    pub async fn requested(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|stop| *stop).await.is_err() {
            // The switch is gone, so nobody can throw it any more.
            std::future::pending::<()>().await;
        }
    }

    /// The work's end; `None` when it was dropped because of the stop.
    pub(crate) async fn unless_requested<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.requested() => None,
            ended = work => Some(ended),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_ends_unless_it_was_told_to_stop_first() {
        let switch = StopSwitch::new();
        let signal = switch.signal();
        assert_eq!(signal.unless_requested(async { 1 }).await, Some(1));
        assert_eq!(StopSignal::never().unless_requested(async { 1 }).await, Some(1));
        let (ended, ()) =
            tokio::join!(signal.unless_requested(std::future::pending::<()>()), async { switch.throw() });
        assert_eq!(ended, None);
        assert!(signal.is_requested());
        assert_eq!(signal.unless_requested(async { 1 }).await, None);
    }
}
