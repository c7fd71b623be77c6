//! Who asks: from a request to the runtime as its sender may use it.
//!
//! Invariant: every call and every look-up of a record goes through [`Asker::runtime`]; there is no other way to one.

use http::request::Parts;
use rmcp::model::Extensions;
use synapsor_invocation::Runtime;
use synapsor_protocol::Refusal;

use crate::auth::{Caller, RateLimits};
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

    /// Who was let in by the door.
    pub(crate) fn let_in(caller: Caller) -> Self {
        Self { caller: Some(caller) }
    }

    /// The runtime as they may use it.
    pub(crate) fn runtime(&self, served: &Served) -> Runtime {
        match &self.caller {
            Some(caller) => caller.runtime(&served.runtime),
            None => served.runtime.clone(),
        }
    }

    /// Whether the capability of this name is in their lists: a tool with scopes of its own is for those who have them.
    pub(crate) fn sees(&self, served: &Served, capability: &str) -> bool {
        let Some(caller) = &self.caller else { return true };
        let tool = served.runtime.tools().iter().find(|tool| tool.name == capability);
        tool.is_none_or(|tool| caller.sees(tool))
    }

    /// Permits a call; why not is the result of the call. One that came through the door of HTTP was counted there
    /// ([`crate::live::Live::admit`]), one over stdio is counted here.
    pub(crate) fn permit(
        &self,
        served: &Served,
        limits: &RateLimits,
        capability: &str,
    ) -> Result<(), Refusal> {
        let Some(tool) = served.runtime.tools().iter().find(|tool| tool.name == capability) else {
            return Ok(());
        };
        match &self.caller {
            Some(caller) => caller.permits(tool).map_err(|challenge| challenge.refusal().clone()),
            None => limits.call(capability).map_err(|challenge| challenge.refusal().clone()),
        }
    }
}
