//! Waiting until a file of a handler changes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use synapsor_protocol::{Code, Refusal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

/// An editor saves a file in several steps; they are one change.
const STEPS_MS: u64 = 150;
/// Folders whose files are made by tools.
const MADE: [&str; 4] = ["target", "node_modules", ".git", "__pycache__"];

/// A folder that is watched.
pub(super) struct Watch {
    folder: PathBuf,
    // Dropping it ends the watching.
    _watcher: RecommendedWatcher,
    changes: UnboundedReceiver<PathBuf>,
    /// Something has changed that nobody has waited for yet.
    waiting: bool,
}

impl Watch {
    pub(super) fn of(folder: &Path) -> Result<Self, Refusal> {
        let cannot = |error: &dyn std::fmt::Display| {
            Refusal::new(Code::NotFound, format!("cannot watch `{}`: {error}", folder.display()))
        };
        let folder = folder.canonicalize().map_err(|error| cannot(&error.kind()))?;
        let (sender, changes) = unbounded_channel();
        let tell = move |event: notify::Result<Event>| {
            let Ok(event) = event else { return };
            if !matches!(event.kind, EventKind::Access(_)) {
                // Nobody waits any more when the receiver is gone.
                event.paths.into_iter().for_each(|path| drop(sender.send(path)));
            }
        };
        let mut watcher = notify::recommended_watcher(tell).map_err(|error| cannot(&error))?;
        watcher.watch(&folder, RecursiveMode::Recursive).map_err(|error| cannot(&error))?;
        Ok(Self { folder, _watcher: watcher, changes, waiting: false })
    }

    /// Takes what happened meanwhile, but for the files a build writes: building is no reason to build again. What somebody
    /// saved while it ran is kept for the next wait.
    pub(super) fn forget(&mut self, written: &[&str]) {
        while let Ok(path) = self.changes.try_recv() {
            let built = written.iter().any(|file| path == self.folder.join(file));
            self.waiting |= !built && self.is_source(&path);
        }
    }

    /// Waits for a change and until it is complete. False when there will be none any more.
    pub(super) async fn changed(&mut self) -> bool {
        while !self.waiting {
            let Some(path) = self.changes.recv().await else { return false };
            self.waiting = self.is_source(&path);
        }
        self.waiting = false;
        while timeout(Duration::from_millis(STEPS_MS), self.changes.recv())
            .await
            .is_ok_and(|path| path.is_some())
        {}
        true
    }

    fn is_source(&self, path: &Path) -> bool {
        let Ok(inside) = path.strip_prefix(&self.folder) else { return false };
        let mut parts = inside.components().filter_map(|part| part.as_os_str().to_str());
        // Temporary files of editors, and of our own writing, begin with a dot.
        !parts.any(|part| MADE.contains(&part) || part.starts_with('.'))
    }
}
