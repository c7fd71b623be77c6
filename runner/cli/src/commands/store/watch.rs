//! A bar for what goes over a whole ledger, where a person watches.

use std::sync::Arc;
use std::time::Duration;

use synapsor_ledger::Progress;

use crate::print::progress;

/// How often the bar is moved.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Waits for the work and shows how far it is.
pub(in crate::commands) async fn watched<T>(
    shown: &Arc<Progress>,
    json: bool,
    work: impl Future<Output = T>,
) -> T {
    let (shown, bar) = (Arc::clone(shown), progress::bar(1, json));
    let moved = bar.clone();
    let moving = tokio::spawn(async move {
        loop {
            let (walked, total) = shown.now();
            moved.set_length(total.max(1));
            moved.set_position(walked);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    });
    let done = work.await;
    moving.abort();
    bar.finish_and_clear();
    done
}
