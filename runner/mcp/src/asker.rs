//! Who asks: from a request to the runtime as its sender may use it.
//!
//! Invariant: every call and every look-up of a record goes through [`Asker::runtime`]; there is no other way to one.

use rmcp::model::Extensions;
use synapsor_invocation::{Runtime, VerifiedClaims};

use crate::live::Served;

/// Who sent a request, as far as a runtime cares.
#[derive(Clone)]
pub(crate) struct Asker {
    /// What was verified about them; nothing where the transport verifies nothing.
    claims: Option<VerifiedClaims>,
}

impl Asker {
    /// Who sent the request with these extensions.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        Self { claims: extensions.get::<VerifiedClaims>().cloned() }
    }

    /// The runtime as they may use it.
    pub(crate) fn runtime(&self, served: &Served) -> Runtime {
        match &self.claims {
            Some(claims) => served.runtime.for_caller(claims.clone()),
            None => served.runtime.clone(),
        }
    }
}
