//! Who asks: from a request to the runtime as its sender may use it.
//!
//! Invariant: every call and every look-up of a record goes through [`Asker::runtime`]; there is no other way to one.

use http::request::Parts;
use rmcp::model::Extensions;
use synapsor_invocation::Runtime;
use synapsor_protocol::Refusal;

use crate::auth::{Caller, NotPermitted, RateLimits, permit};
use crate::live::Served;

/// Who sent a request, as far as a runtime cares.
#[derive(Clone)]
pub(crate) struct Asker {
    /// Who was let in by the door of HTTP; nobody over stdio.
    caller: Option<Caller>,
}

impl Asker {
    /// Who sent the request with these extensions.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        Self { caller: extensions.get::<Parts>().and_then(|parts| parts.extensions.get()).cloned() }
    }

    /// The runtime as they may use it.
    pub(crate) fn runtime(&self, served: &Served) -> Runtime {
        match &self.caller {
            Some(caller) => caller.runtime(&served.runtime),
            None => served.runtime.clone(),
        }
    }

    /// Whether they may make this call now, as the result to give where they may not.
    pub(crate) fn permit(
        &self,
        served: &Served,
        limits: &RateLimits,
        capability: &str,
    ) -> Result<(), Refusal> {
        permit(self.caller.as_ref(), &served.runtime, limits, capability).map_err(NotPermitted::refusal)
    }
}
