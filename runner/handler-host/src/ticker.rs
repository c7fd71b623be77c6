//! Advances the engine's epoch, so that a guest that never yields meets its deadline.

use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use wasmtime::Engine;

/// How long one epoch lasts.
pub(crate) const TICK_MS: u64 = 10;

/// The ticking thread; dropping this ends it.
pub(crate) struct Ticker {
    _ends_when_dropped: SyncSender<()>,
}

impl Ticker {
    /// Starts ticking.
    pub(crate) fn start(engine: Engine) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel::<()>(0);
        std::thread::Builder::new().name("handler-epoch".into()).spawn(move || {
            while receiver.recv_timeout(Duration::from_millis(TICK_MS)) == Err(RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        })?;
        Ok(Self { _ends_when_dropped: sender })
    }
}

/// The epochs a call may last: past its timeout, which is the one that should fire.
pub(crate) fn epochs(timeout_ms: u64) -> u64 {
    timeout_ms.div_ceil(TICK_MS).saturating_add(2)
}
