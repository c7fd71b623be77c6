//! What somebody who watches is told while a command takes its time: what it waits for, and how far that is.
//!
//! Invariant: nothing is drawn before a second of waiting is over, nor where nobody watches: in a pipe, beside one JSON
//! document, or where `--quiet` was said.

use std::borrow::Cow;
use std::io::IsTerminal as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use synapsor_ledger::Progress;
use tokio::task::AbortHandle;

use super::inert;

/// How often it is drawn.
const TICK: Duration = Duration::from_millis(100);

/// How long a person waits without being told for what.
const PATIENCE: Duration = Duration::from_secs(1);

/// Work of which nobody knows how much it is.
const UNMEASURED: &str = "{spinner} {msg} {elapsed}";
/// The same, where its steps are counted as they are done.
const COUNTED: &str = "{spinner} {msg} {pos} {elapsed}";
/// Work of so many steps.
const MEASURED: &str = "{msg} {bar:30} {pos}/{len} {elapsed}";

/// Everything that is drawn, one line each, below what is printed. There is none where nothing may be drawn.
static LINES: OnceLock<MultiProgress> = OnceLock::new();

/// Decides for the whole process whether anything is drawn.
pub(crate) fn choose(json: bool, quiet: bool) {
    let watched = super::terminal() && std::io::stderr().is_terminal();
    if watched && !json && !quiet {
        // Whoever decided first has decided.
        let _ = LINES.set(MultiProgress::new());
    }
}

/// Prints while nothing is drawn in the way of it.
pub(crate) fn aside<T>(print: impl FnOnce() -> T) -> T {
    match LINES.get() {
        Some(lines) => lines.suspend(print),
        None => print(),
    }
}

/// Takes away what is still drawn: the command is over.
pub(crate) fn end() {
    if let Some(lines) = LINES.get() {
        // A terminal that went away is no error of ours.
        let _ = lines.clear();
        lines.set_draw_target(indicatif::ProgressDrawTarget::hidden());
    }
}

/// Something that is waited for. Dropped, it is over, and its line is gone.
pub(crate) struct Wait {
    line: ProgressBar,
    /// What draws the line once it has lasted.
    drawing: Option<AbortHandle>,
}

impl Wait {
    /// Begins to wait. A command runs in a runtime, which a wait is drawn from while the command itself may be at work.
    pub(crate) fn of(what: impl Into<Cow<'static, str>>) -> Self {
        let line = ProgressBar::hidden();
        styled(&line, UNMEASURED);
        line.set_message(what);
        let drawing = LINES.get().map(|lines| {
            let line = line.clone();
            let drawn = async move {
                tokio::time::sleep(PATIENCE).await;
                lines.add(line).enable_steady_tick(TICK);
            };
            tokio::spawn(drawn).abort_handle()
        });
        Self { line, drawing }
    }

    /// Waits for so many steps, of which none is done.
    pub(crate) fn of_steps(what: impl Into<Cow<'static, str>>, number: usize) -> Self {
        let wait = Self::of(what);
        wait.stands_at(0, u64::try_from(number).unwrap_or(u64::MAX));
        wait
    }

    /// The same wait is for something else from now on.
    pub(crate) fn is_for(&self, what: &str) {
        self.line.set_message(inert::text(what));
    }

    /// One more step is done.
    pub(crate) fn step(&self) {
        self.line.inc(1);
    }

    /// So many steps are done, of so many; a total of 0 is one that nobody knows.
    pub(crate) fn stands_at(&self, done: u64, total: u64) {
        let measured = self.line.length();
        match (done, total) {
            (0, 0) => styled(&self.line, UNMEASURED),
            (_, 0) => styled(&self.line, COUNTED),
            _ if measured != Some(total) => {
                self.line.set_length(total);
                styled(&self.line, MEASURED);
            }
            _ => {}
        }
        self.line.set_position(done);
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(drawing) = &self.drawing {
            drawing.abort();
        }
        self.line.finish_and_clear();
    }
}

fn styled(line: &ProgressBar, template: &'static str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        line.set_style(style);
    }
}

/// Does the work, and says what it is that takes so long.
pub(crate) async fn waiting<T>(what: &'static str, work: impl Future<Output = T>) -> T {
    let _wait = Wait::of(what);
    work.await
}

/// The same for work that says how far it is.
pub(crate) async fn following<T>(
    what: &'static str,
    progress: &Progress,
    work: impl Future<Output = T>,
) -> T {
    let wait = Wait::of(what);
    let mut work = std::pin::pin!(work);
    loop {
        if let Ok(done) = tokio::time::timeout(TICK, &mut work).await {
            return done;
        }
        let (done, total) = progress.now();
        wait.stands_at(done, total);
    }
}

/// Shows, for as long as the process lives, whatever long work a ledger does that somebody waits for.
pub(crate) fn accompany(progress: Arc<Progress>) {
    if LINES.get().is_none() {
        return;
    }
    tokio::spawn(async move {
        let mut wait: Option<Wait> = None;
        loop {
            tokio::time::sleep(TICK).await;
            match progress.work() {
                Some(what) => {
                    let (done, total) = progress.now();
                    wait.get_or_insert_with(|| Wait::of(what)).stands_at(done, total);
                }
                None => wait = None,
            }
        }
    });
}
