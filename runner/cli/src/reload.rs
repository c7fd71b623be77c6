//! Hot reload: a changed config, or a changed handler bundle, is served without a restart, or refused with all that is wrong.
//!
//! So is what a hosted service lists, once it no longer has a tool that it had.
//!
//! The new one is put together beside the old one, handlers compiled and all. Only when everything stands does it take the old
//! one's place, in one step; calls under way finish on the old one.
//!
//! Invariant: whatever is wrong with the new one, the old one stays.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use synapsor_config::{Config, Logic, Severity};
use synapsor_ledger::Ledger;
use synapsor_mcp::Live;
use synapsor_mcp::auth::Authentication;
use synapsor_protocol::{Code, Digest, Refusal};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::settings::{Settings, usable};
use crate::wiring;

/// What the log's default filter lets through although it is no warning.
const TARGET: &str = "synapsor::ready";

/// Whoever saves several files, or one in several steps, makes one change.
const STEPS: Duration = Duration::from_millis(300);

/// How clients reach what is served; that stays as it was at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    /// By the one who started the process.
    OverStdio,
    /// By whoever the door lets in.
    OverHttp {
        /// Whether the door vouches for claims.
        verifies_claims: bool,
    },
}

/// What is served from a config, and may be replaced.
pub(crate) struct Reload<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) read_only: bool,
    pub(crate) reached: Reached,
    pub(crate) ledger: &'a Ledger,
    pub(crate) live: Live,
    pub(crate) config: Arc<Config>,
    /// What that was read from.
    pub(crate) text: String,
}

impl Reload<'_> {
    /// Follows SIGHUP and the files for as long as it is polled.
    pub(crate) async fn follow(mut self) -> Infallible {
        let mut asked = signal(SignalKind::hangup()).ok();
        let mut bundles = self.bundles(&self.config);
        let mut known = Some(fingerprint(&self.text, &bundles));
        let mut files = Files::watched(self.settings.config_folder(), &bundles);
        // What changed before the files were watched.
        let mut again = true;
        loop {
            let forced = tokio::select! {
                () = hangup(asked.as_mut()) => true,
                () = self.live.list_went_stale() => true,
                () = files.changed(), if !again => false,
                () = std::future::ready(()), if again => false,
            };
            files.settled().await;
            again = false;
            let text = match self.settings.config_text() {
                Ok(text) => text,
                Err(refusal) => {
                    if forced || known.take().is_some() {
                        refused(&refusal);
                    }
                    continue;
                }
            };
            if !forced && known == Some(fingerprint(&text, &bundles)) {
                continue;
            }
            let config = self.checked(&text);
            let mut wanted = self.bundles(&self.config);
            wanted.extend(config.iter().flat_map(|config| self.bundles(config)));
            // Before it is loaded, so that what changes meanwhile is noticed.
            known = Some(fingerprint(&text, &wanted));
            match config {
                Ok(config) => self.attempt(config).await,
                Err(refusal) => refused(&refusal),
            }
            if wanted != bundles {
                files = Files::watched(self.settings.config_folder(), &wanted);
                bundles = wanted;
                again = true;
            }
        }
    }

    /// Serves this config, or says why not.
    async fn attempt(&mut self, config: Config) {
        match self.prepare(Arc::new(config)).await {
            Ok(tools) => tracing::info!(target: TARGET, tools, "the changed config is served"),
            Err(refusal) => refused(&refusal),
        }
    }

    async fn prepare(&mut self, config: Arc<Config>) -> Result<usize, Refusal> {
        if config.storage != self.config.storage {
            return Err(Refusal::new(Code::ConfigInvalid, "`storage` names another ledger")
                .hint("restart the server to serve from another ledger"));
        }
        if self.reached != Reached::OverStdio && config.authentication != self.config.authentication {
            return Err(Refusal::new(
                Code::ConfigInvalid,
                "`authentication` trusts other tokens than before",
            )
            .hint("restart the server to let others in"));
        }
        let (runtime, handlers) =
            wiring::serving_runtime(self.settings, &config, self.ledger, self.read_only).await?;
        if self.reached != (Reached::OverHttp { verifies_claims: true }) {
            Authentication::None.suits(&runtime)?;
        }
        let readiness = handlers.load_all().await;
        for (capability, refusal) in &readiness.failed {
            tracing::error!(%capability, code = %refusal.code, "its handler cannot be loaded: {refusal}");
        }
        if let Some(refusal) = readiness.failed.into_values().next() {
            return Err(refusal);
        }
        let tools = runtime.tools().len();
        self.live.replace(runtime, wiring::rate_limits(&config)).map_err(|error| error.refusal())?;
        self.config = config;
        Ok(tools)
    }

    /// The config of a text; each of its problems goes to the log.
    fn checked(&self, text: &str) -> Result<Config, Refusal> {
        let checked = synapsor_config::check(text);
        for problem in checked.problems.iter().filter(|problem| problem.severity == Severity::Error) {
            tracing::error!(code = %problem.code, path = %problem.path, "{}", problem.message);
        }
        usable(&self.settings.config_path, checked)
    }

    fn bundles(&self, config: &Config) -> BTreeSet<PathBuf> {
        let rules = config.capabilities.iter().filter_map(|capability| capability.proposal.as_ref());
        let grants = rules.filter_map(|rules| match &rules.logic {
            Logic::Handler(grant) => Some(grant),
            Logic::Patch(_) => None,
        });
        let bundles = grants.flat_map(|grant| {
            let tried = grant.shadow.as_ref().map(|shadow| &shadow.bundle);
            std::iter::once(&grant.bundle).chain(tried)
        });
        bundles.map(|bundle| self.settings.config_folder().join(bundle)).collect()
    }
}

/// The same for the same text and the same files of these bundles.
fn fingerprint(text: &str, bundles: &BTreeSet<PathBuf>) -> Digest {
    let mut seen = text.to_owned();
    for folder in bundles {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<String> = entries
            .filter_map(|entry| {
                let meta = entry.metadata().ok()?;
                Some(format!("{:?} {} {:?}", entry.file_name(), meta.len(), meta.modified().ok()))
            })
            .collect();
        files.sort();
        seen.push_str(&files.join("\n"));
    }
    Digest::of_bytes(seen.as_bytes())
}

fn refused(refusal: &Refusal) {
    let hint = refusal.hint.as_deref().unwrap_or_default();
    tracing::error!(code = %refusal.code, hint, "the change is refused, and what was served before is served still: {refusal}");
}

/// Never where signals cannot be watched.
async fn hangup(asked: Option<&mut Signal>) {
    match asked {
        Some(asked) => {
            asked.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Files in folders that are watched.
struct Files {
    // Dropping it ends the watching.
    _watcher: Option<RecommendedWatcher>,
    changes: UnboundedReceiver<()>,
}

impl Files {
    /// A folder that cannot be watched is said and left out; SIGHUP still works.
    fn watched(of_config: &Path, bundles: &BTreeSet<PathBuf>) -> Self {
        let (sender, changes) = unbounded_channel();
        let tell = move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_))) {
                // Nobody waits any more when the receiver is gone.
                let _ = sender.send(());
            }
        };
        let mut watcher = match notify::recommended_watcher(tell) {
            Ok(watcher) => watcher,
            Err(error) => {
                tracing::warn!(%error, "files cannot be watched; send SIGHUP after a change");
                return Self { _watcher: None, changes };
            }
        };
        // Folders, because editors put a new file in an old one's place.
        for folder in bundles.iter().map(PathBuf::as_path).chain([of_config]) {
            if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
                tracing::warn!(folder = %folder.display(), %error, "cannot be watched; send SIGHUP after a change");
            }
        }
        Self { _watcher: Some(watcher), changes }
    }

    async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            std::future::pending().await
        }
    }

    /// Until nothing happens for a moment. A folder in which something happens all the time, a ledger say, is not waited for.
    async fn settled(&mut self) {
        let quiet = async {
            while tokio::time::timeout(STEPS, self.changes.recv()).await.is_ok_and(|event| event.is_some()) {}
        };
        let _ = tokio::time::timeout(STEPS * 10, quiet).await;
    }
}
