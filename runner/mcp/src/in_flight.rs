//! The requests that have been read and not answered yet: how many there may be, and that no id is used twice.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rmcp::model::RequestId;
use tokio::sync::Notify;

/// Unanswered requests by id.
pub(crate) struct InFlight {
    ids: Mutex<HashSet<RequestId>>,
    freed: Notify,
    requests_max: usize,
}

impl InFlight {
    pub(crate) fn new(requests_max: usize) -> Self {
        Self { ids: Mutex::default(), freed: Notify::new(), requests_max }
    }

    /// Waits until another request may be read. The peer feels this as back pressure, never as an error.
    pub(crate) async fn room(&self) {
        while self.ids().len() >= self.requests_max {
            self.freed.notified().await;
        }
    }

    /// Whether the id was free; it is taken now.
    pub(crate) fn take(&self, id: &RequestId) -> bool {
        self.ids().insert(id.clone())
    }

    /// The request was answered, or its answer is no longer wanted.
    pub(crate) fn release(&self, id: &RequestId) {
        if self.ids().remove(id) {
            self.freed.notify_one();
        }
    }

    fn ids(&self) -> MutexGuard<'_, HashSet<RequestId>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn reading_waits_while_as_many_requests_as_allowed_are_unanswered() {
        let in_flight = InFlight::new(1);
        let id = RequestId::Number(1);
        in_flight.room().await;
        assert!(in_flight.take(&id));
        assert!(!in_flight.take(&id), "an id in use is not free");
        let full = tokio::time::timeout(Duration::from_millis(20), in_flight.room()).await;
        assert!(full.is_err());
        in_flight.release(&id);
        in_flight.room().await;
    }
}
