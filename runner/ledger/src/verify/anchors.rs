//! What a walk is held against that does not stand in the chain: signed checkpoints, and the keys that count.

use std::fmt;
use std::sync::Arc;

use synapsor_protocol::{Checkpoint, Verifier};

use super::{Stop, misfit};
use crate::link::Link;
use crate::progress::Progress;
use crate::report::MisfitKind;

/// Whose signatures count.
#[derive(Clone)]
pub struct Trust {
    /// Their public keys.
    pub public_keys: Vec<String>,
    /// Judges a signature.
    pub verifier: Arc<dyn Verifier>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("public_keys", &self.public_keys).finish_non_exhaustive()
    }
}

impl Trust {
    /// Whether the signature was made over the message with a key that counts.
    pub(crate) fn signed(&self, public_key: &str, message: &[u8], signature: &str) -> bool {
        self.public_keys.iter().any(|known| known == public_key)
            && self.verifier.verifies(public_key, message, signature)
    }
}

/// What a walk is held against. The default is the chain alone.
#[derive(Debug, Clone, Default)]
pub struct Verification {
    /// Signed checkpoints that were kept elsewhere, in any order. Without [`Verification::trust`] none counts.
    pub checkpoints: Vec<Checkpoint>,
    /// Whose signatures count.
    pub trust: Option<Trust>,
    /// Tells how far the walk is.
    pub progress: Arc<Progress>,
}

/// The checkpoints of this ledger, in the order the walk passes them.
pub(super) struct Anchors<'a> {
    coming: std::iter::Peekable<std::vec::IntoIter<&'a Checkpoint>>,
    trust: Option<&'a Trust>,
    passed: u64,
}

impl<'a> Anchors<'a> {
    pub(super) fn new(ledger_id: &str, against: &'a Verification) -> Self {
        let mut checkpoints: Vec<&Checkpoint> = against.checkpoints.iter().collect();
        // One of another ledger comes first of all, so that it is named and not passed over.
        checkpoints.sort_by_key(|found| (found.ledger_id == ledger_id, found.events));
        Self { coming: checkpoints.into_iter().peekable(), trust: against.trust.as_ref(), passed: 0 }
    }

    /// How many the walk has passed.
    pub(super) fn passed(&self) -> u64 {
        self.passed
    }

    /// Compares the event with the checkpoints that were made right after it.
    pub(super) fn pass(&mut self, seq: i64, digest: &str) -> Result<(), Stop> {
        while let Some(found) = self.coming.next_if(|found| found.events <= seq) {
            let record = || Some(named(found));
            if !self.counts(found) {
                return Err(misfit(MisfitKind::SignatureInvalid, None, record()));
            }
            if found.events != seq || found.head.as_str() != digest {
                return Err(misfit(MisfitKind::CheckpointDiffers, Some(seq), record()));
            }
            self.passed += 1;
        }
        Ok(())
    }

    /// A tombstone is signed for this ledger; by a key that counts, where it was said which do.
    pub(super) fn buried(&self, event: &Link<'_>, ledger_id: &str) -> Result<(), Stop> {
        let named = || Some("what was pruned".to_owned());
        let edited = || misfit(MisfitKind::EventEdited, Some(event.seq), named());
        let tombstone = event.tombstone().ok_or_else(edited)?;
        let Some(trust) = self.trust else { return Ok(()) };
        let message = tombstone.message(ledger_id)?;
        if trust.signed(&tombstone.public_key, &message, &tombstone.signature) {
            return Ok(());
        }
        Err(misfit(MisfitKind::SignatureInvalid, Some(event.seq), named()))
    }

    /// At the end of the chain none may be left over.
    pub(super) fn end(&mut self, last_seq: i64) -> Result<(), Stop> {
        match self.coming.next() {
            None => Ok(()),
            Some(found) if !self.counts(found) => {
                Err(misfit(MisfitKind::SignatureInvalid, None, Some(named(found))))
            }
            Some(found) => Err(misfit(MisfitKind::TailCut, Some(last_seq + 1), Some(named(found)))),
        }
    }

    fn counts(&self, found: &Checkpoint) -> bool {
        self.trust.is_some_and(|trust| trust.signed(&found.public_key, &found.message(), &found.signature))
    }
}

fn named(found: &Checkpoint) -> String {
    format!("checkpoint of event `{}`", found.events)
}
