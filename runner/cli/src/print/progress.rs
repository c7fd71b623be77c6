//! A progress bar on standard error, for a person who watches a command that takes a while.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a bar is drawn.
const TICK: Duration = Duration::from_millis(100);

/// How long a person waits without being told for what.
const PATIENCE: Duration = Duration::from_secs(1);

/// Does the work, and says on a terminal what it is that takes so long.
pub(crate) async fn waiting<T>(json: bool, what: &'static str, work: impl Future<Output = T>) -> T {
    if json || !super::terminal() || !std::io::stderr().is_terminal() {
        return work.await;
    }
    let mut work = std::pin::pin!(work);
    match tokio::time::timeout(PATIENCE, &mut work).await {
        Ok(done) => done,
        Err(_) => {
            let bar = ProgressBar::new_spinner().with_message(what);
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(TICK);
            let done = work.await;
            bar.finish_and_clear();
            done
        }
    }
}

/// A bar of so many steps; an invisible one where nobody watches, or one JSON document is wanted.
pub(crate) fn bar(number: usize, json: bool) -> ProgressBar {
    let watched = super::terminal() && !json && number > 0;
    let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(u64::try_from(number).ok(), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    bar
}
