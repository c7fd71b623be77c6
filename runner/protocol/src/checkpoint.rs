//! A checkpoint: how far a chain had come and what its head was, signed, to be kept where the ledger's file is not.

use serde::{Deserialize, Serialize};

use crate::digest::{CanonicalError, Digest};
use crate::door::Signer;
use crate::moment::Moment;

/// Schema version of [`Checkpoint`], and the domain tag of what is signed.
pub const CHECKPOINT_SCHEMA: &str = "synapsor.checkpoint.v1";

/// The head of a ledger's chain at one time. A chain that is shorter, or has another event there, is not the same one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// [`CHECKPOINT_SCHEMA`].
    pub schema_version: String,
    /// Which ledger.
    pub ledger_id: String,
    /// Events in the chain; the number of the last.
    pub events: i64,
    /// The digest of the last.
    pub head: Digest,
    /// When it was made.
    pub at: Moment,
    /// The key it says it was signed with.
    pub public_key: String,
    /// Over [`Checkpoint::message`].
    pub signature: String,
}

impl Checkpoint {
    /// Signs the head of a chain.
    ///
    /// # Errors
    /// Never for values built here; see [`Digest::of`].
    pub fn sign(
        ledger_id: String,
        events: i64,
        head: Digest,
        at: Moment,
        signer: &dyn Signer,
    ) -> Result<Self, CanonicalError> {
        let mut checkpoint = Self {
            schema_version: CHECKPOINT_SCHEMA.into(),
            ledger_id,
            events,
            head,
            at,
            public_key: signer.public_key(),
            signature: String::new(),
        };
        checkpoint.signature = signer.sign(&checkpoint.digest()?);
        Ok(checkpoint)
    }

    /// What is signed: the domain tag, a zero byte, and as text the digest of everything but the signature.
    pub fn message(&self) -> Vec<u8> {
        self.digest().unwrap_or_default()
    }

    fn digest(&self) -> Result<Vec<u8>, CanonicalError> {
        let Self { schema_version, ledger_id, events, head, at, public_key, signature: _ } = self;
        let digest =
            Digest::of(CHECKPOINT_SCHEMA, &(schema_version, ledger_id, events, head, at, public_key))?;
        Ok([CHECKPOINT_SCHEMA.as_bytes(), &[0], digest.as_str().as_bytes()].concat())
    }
}
