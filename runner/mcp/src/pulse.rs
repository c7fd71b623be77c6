//! Notices that the ledger grew, whoever made it grow: a decision is taken in another process.
//!
//! While somebody watches a record, one task of this process asks the ledger for the number of its last event, twice a second:
//! one look at the end of an index. Only when that number moves are watched records read again. Nobody watching, nothing asked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::live::Live;

/// How long a change may go unnoticed.
const BEAT: Duration = Duration::from_millis(500);

/// The number of the ledger's last event, followed while somebody wants to know.
#[derive(Default)]
pub(crate) struct Pulse {
    position: watch::Sender<i64>,
    beating: Mutex<bool>,
}

impl Pulse {
    /// Changes whenever the ledger grew, and possibly once at the start.
    pub(crate) fn feel(self: &Arc<Self>, live: &Live) -> watch::Receiver<i64> {
        let mut beating = self.beating();
        let receiver = self.position.subscribe();
        if !*beating {
            *beating = true;
            tokio::spawn(Arc::clone(self).beat(live.clone()));
        }
        receiver
    }

    async fn beat(self: Arc<Self>, live: Live) {
        while self.is_felt() {
            // Of the present state: a replaced config has the same ledger, but not the same connections to it.
            match live.now().runtime.ledger_position().await {
                Ok(position) => {
                    self.position.send_if_modified(|seen| std::mem::replace(seen, position) != position);
                }
                Err(refusal) => tracing::debug!(%refusal, "the ledger is not there to be watched"),
            }
            tokio::time::sleep(BEAT).await;
        }
    }

    /// Under the lock, so that nobody starts to watch while the last one's task ends.
    fn is_felt(&self) -> bool {
        let mut beating = self.beating();
        *beating = self.position.receiver_count() > 0;
        *beating
    }

    fn beating(&self) -> MutexGuard<'_, bool> {
        self.beating.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
