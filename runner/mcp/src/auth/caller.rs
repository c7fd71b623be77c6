//! Who a request comes from, as the layers behind the door know it.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use synapsor_invocation::{Runtime, ToolKind, VerifiedClaims};

use super::challenge::Challenge;

/// Who a request comes from. Cheap to clone. Invariant: holds no token, and its `Debug` shows nothing secret.
#[derive(Clone)]
pub struct Caller {
    key: Arc<str>,
    claims: Option<VerifiedClaims>,
    /// The answer to a proposal, where the caller may not make one.
    no_proposals: Option<Arc<Challenge>>,
}

impl Caller {
    /// Nobody in particular: a server without authentication.
    pub(super) fn anonymous() -> Self {
        Self::trusted("anonymous")
    }

    /// Whoever has the server's token.
    pub(super) fn holder_of_the_token() -> Self {
        Self::trusted("token")
    }

    fn trusted(name: &str) -> Self {
        Self { key: digest(&[name]), claims: None, no_proposals: None }
    }

    /// Whoever an issuer vouches for.
    pub(super) fn verified(
        issuer: &str,
        subject: &str,
        claims: VerifiedClaims,
        no_proposals: Option<Arc<Challenge>>,
    ) -> Self {
        Self { key: digest(&["claims", issuer, subject]), claims: Some(claims), no_proposals }
    }

    /// The same for every request of one caller and different for two; a digest, so it may be logged and kept.
    ///
    /// Rate limits count by it, and a session belongs to the key that opened it.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether the caller was let in for tools of this kind.
    ///
    /// # Errors
    /// The answer to give instead, with the scope that is missing.
    pub fn permits(&self, kind: ToolKind) -> Result<(), Arc<Challenge>> {
        match (kind, &self.no_proposals) {
            (ToolKind::Proposal, Some(challenge)) => Err(Arc::clone(challenge)),
            (ToolKind::Read, _) | (ToolKind::Proposal, None) => Ok(()),
        }
    }

    /// The runtime as this caller may use it: with the caller's own tenant and principal, where claims decide them.
    pub(crate) fn runtime(&self, runtime: &Runtime) -> Runtime {
        match &self.claims {
            Some(claims) => runtime.for_caller(claims.clone()),
            None => runtime.clone(),
        }
    }
}

/// One digest over all parts, in which each part keeps its bounds.
fn digest(parts: &[&str]) -> Arc<str> {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    hex::encode(digest.finalize()).into()
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("key", &self.key)
            .field("may_propose", &self.no_proposals.is_none())
            .finish()
    }
}
