//! Who a request comes from, as the layers behind the door know it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use synapsor_invocation::{Runtime, ToolDescription, ToolKind, VerifiedClaims};

use super::challenge::Challenge;

/// Who a request comes from. Cheap to clone. Invariant: holds no token, and its `Debug` shows nothing secret.
#[derive(Clone)]
pub struct Caller {
    key: Arc<str>,
    claims: Option<VerifiedClaims>,
    /// What the caller's token is for; nothing where tokens say nothing of that, and everything is permitted.
    granted: Option<Arc<Granted>>,
}

/// What a token is for, and what is needed for what.
#[derive(Debug)]
pub(super) struct Granted {
    /// The token's scopes.
    pub(super) scopes: BTreeSet<String>,
    /// What every proposal needs.
    pub(super) propose_scope: String,
    /// Where a client finds out how to get another token.
    pub(super) metadata: String,
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
        Self { key: digest(&[name]), claims: None, granted: None }
    }

    /// Whoever an issuer vouches for.
    pub(super) fn verified(issuer: &str, subject: &str, claims: VerifiedClaims, granted: Granted) -> Self {
        let key = digest(&["claims", issuer, subject]);
        Self { key, claims: Some(claims), granted: Some(Arc::new(granted)) }
    }

    /// The same for every request of one caller and different for two; a digest, so it may be logged and kept.
    ///
    /// Rate limits count by it, and a session belongs to the key that opened it.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether the caller's token is for this tool.
    ///
    /// # Errors
    /// The answer to give instead, with every scope that is needed.
    pub fn permits(&self, tool: &ToolDescription) -> Result<(), Arc<Challenge>> {
        let Some(granted) = &self.granted else { return Ok(()) };
        let of_kind = (tool.kind == ToolKind::Proposal).then_some(granted.propose_scope.as_str());
        let needed: Vec<&str> = of_kind.into_iter().chain(tool.scopes.iter().map(String::as_str)).collect();
        if needed.iter().all(|scope| granted.scopes.contains(*scope)) {
            return Ok(());
        }
        let needed = needed.join(" ");
        Err(Arc::new(Challenge::insufficient(&needed).guided(&granted.metadata, &needed)))
    }

    /// Whether the tool is in the caller's lists. One with scopes of its own is for those who have them; of the others, a
    /// caller may see what it has to ask for first.
    pub fn sees(&self, tool: &ToolDescription) -> bool {
        let Some(granted) = &self.granted else { return true };
        tool.scopes.iter().all(|scope| granted.scopes.contains(scope))
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
            .field("scopes", &self.granted.as_ref().map(|granted| &granted.scopes))
            .finish()
    }
}
