//! How many calls run at once, how many wait, and for how long; everyone else is told to come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use synapsor_protocol::Code;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::EngineSettings;
use crate::stop::Stop;

/// The engine's slots.
pub(crate) struct Slots {
    free: Arc<Semaphore>,
    waiting: AtomicU32,
    queue_max: u32,
    wait: Duration,
}

/// The right to run one call; it goes back when dropped.
pub(crate) struct Slot {
    _permit: OwnedSemaphorePermit,
}

impl Slots {
    pub(crate) fn new(settings: &EngineSettings) -> Self {
        Self {
            free: Arc::new(Semaphore::new(settings.slots.try_into().unwrap_or(usize::MAX))),
            waiting: AtomicU32::new(0),
            queue_max: settings.queue_max,
            wait: Duration::from_millis(settings.queue_wait_ms),
        }
    }

    /// A slot now, or after a short wait, or a refusal that is safe to repeat.
    pub(crate) async fn take(&self) -> Result<Slot, Stop> {
        if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
            return Ok(Slot { _permit: permit });
        }
        let place = Place::in_line(self).ok_or_else(busy)?;
        let permit = tokio::time::timeout(self.wait, Arc::clone(&self.free).acquire_owned()).await;
        drop(place);
        match permit {
            Ok(Ok(permit)) => Ok(Slot { _permit: permit }),
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }
}

fn busy() -> Stop {
    Stop::new(Code::HandlerBusy, "every handler slot is in use; try again")
}

/// A place in the line, given up when dropped, also by a caller that went away.
struct Place<'a>(&'a AtomicU32);

impl<'a> Place<'a> {
    fn in_line(slots: &'a Slots) -> Option<Self> {
        let taken = slots.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Self(&slots.waiting);
        (taken < slots.queue_max).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(slots: u32, queue_max: u32, queue_wait_ms: u64) -> Slots {
        Slots::new(&EngineSettings { slots, queue_max, queue_wait_ms, ..EngineSettings::default() })
    }

    #[tokio::test]
    async fn a_call_waits_its_turn_and_is_refused_when_the_wait_is_over() {
        let slots = slots(1, 1, 20);
        let first = slots.take().await.expect("free");
        assert_eq!(slots.take().await.err().map(|stop| stop.code), Some(Code::HandlerBusy));
        let (second, ()) = tokio::join!(slots.take(), async { drop(first) });
        assert!(second.is_ok());
    }

    #[tokio::test]
    async fn a_full_line_refuses_at_once() {
        let slots = slots(1, 0, 60_000);
        let _held = slots.take().await.expect("free");
        assert_eq!(slots.take().await.err().map(|stop| stop.code), Some(Code::HandlerBusy));
    }
}
