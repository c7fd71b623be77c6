//! What the pages work with: put together once by the binary's wiring, shared by every request.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use synapsor_config::Config;
use synapsor_ledger::Ledger;
use synapsor_protocol::{Digest, Proposal, ProposalId, Refusal};
use synapsor_writeback::Desk;
use tokio::sync::{RwLock, Semaphore};

use crate::host::Hosts;
use crate::live::Pulse;
use crate::sessions::{KeysLast, Sessions};
use crate::throttle::Throttle;

/// Contents a page has shown, remembered so that a refused decision can say what is different now.
const SHOWN_MAX: usize = 256;

/// 32 bytes nobody can guess, or a refusal where the machine gives none.
pub type MakeSecret = Arc<dyn Fn() -> Result<[u8; 32], Refusal> + Send + Sync>;

/// Runs the recorded call of a proposal again and compares.
pub type RerunProposal = Arc<
    dyn Fn(ProposalId) -> Pin<Box<dyn Future<Output = Result<RerunAnswer, Refusal>> + Send>> + Send + Sync,
>;

/// What a rerun came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RerunAnswer {
    /// Whether the recorded inputs gave this proposal again, with the same fuel.
    pub same: bool,
    /// The comparison in a few words.
    pub words: String,
}

/// What the pages need.
pub struct Parts {
    /// The record.
    pub ledger: Ledger,
    /// Where decisions are made and applies are carried out.
    pub desk: Desk,
    /// The checked config.
    pub config: Arc<Config>,
    /// Where the config is, to be shown and to be put into commands.
    pub config_path: PathBuf,
    /// How the ledger is named in commands.
    pub store: String,
    /// Who decides unless the person says otherwise.
    pub operator: String,
    /// Whether the pages may apply what was approved.
    pub allow_apply: bool,
    /// Whether the list begins with an explanation of who may do what.
    pub tour: bool,
    /// How long links and idle sessions last.
    pub keys_last: KeysLast,
    /// Where tokens come from.
    pub secret: MakeSecret,
    /// Runs a recorded call again.
    pub rerun: RerunProposal,
}

/// Everything a request may need.
pub(crate) struct Site {
    pub(crate) ledger: Ledger,
    pub(crate) desk: Arc<Desk>,
    pub(crate) config: Arc<Config>,
    pub(crate) config_path: PathBuf,
    pub(crate) store: String,
    pub(crate) operator: String,
    pub(crate) allow_apply: bool,
    pub(crate) tour: bool,
    pub(crate) hosts: Hosts,
    pub(crate) sessions: Sessions,
    pub(crate) throttle: Throttle,
    pub(crate) pulse: Pulse,
    pub(crate) rerun: RerunProposal,
    /// One rerun at a time: each may load a handler.
    pub(crate) rerun_turn: Semaphore,
    pub(crate) rerun_answers: Mutex<BTreeMap<ProposalId, Result<RerunAnswer, Refusal>>>,
    /// Held for reading while something is applied, so that the end of the process can wait for it.
    pub(crate) applying: RwLock<()>,
    shown: Mutex<Vec<Arc<Proposal>>>,
}

impl Site {
    pub(crate) fn new(parts: Parts, hosts: Hosts) -> Self {
        let Parts {
            ledger,
            desk,
            config,
            config_path,
            store,
            operator,
            allow_apply,
            tour,
            keys_last,
            secret,
            rerun,
        } = parts;
        Self {
            ledger,
            desk: Arc::new(desk),
            config,
            config_path,
            store,
            operator,
            allow_apply,
            tour,
            sessions: Sessions::new(secret, keys_last, hosts.port()),
            hosts,
            throttle: Throttle::new(),
            pulse: Pulse::new(),
            rerun,
            rerun_turn: Semaphore::new(1),
            rerun_answers: Mutex::default(),
            applying: RwLock::default(),
            shown: Mutex::default(),
        }
    }

    /// Remembers what a page is about to show.
    pub(crate) fn remember(&self, proposal: &Proposal) {
        let mut shown = lock(&self.shown);
        if shown.iter().any(|known| **known == *proposal) {
            return;
        }
        if shown.len() >= SHOWN_MAX {
            shown.remove(0);
        }
        shown.push(Arc::new(proposal.clone()));
    }

    /// What was shown of a proposal under that digest, if this process still knows.
    pub(crate) fn shown(&self, id: &ProposalId, digest: &Digest) -> Option<Arc<Proposal>> {
        let is_it = |known: &&Arc<Proposal>| known.proposal_id == *id && known.digest == *digest;
        lock(&self.shown).iter().rev().find(is_it).cloned()
    }
}

/// A panic of another request leaves nothing half done in these lists.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
