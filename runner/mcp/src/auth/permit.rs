//! One call of one caller: whether the caller may ask for it, and whether it is too much.

use std::sync::Arc;

use synapsor_invocation::Runtime;
use synapsor_protocol::Refusal;

use super::caller::Caller;
use super::challenge::Challenge;
use super::limits::RateLimits;

/// Why a call is not carried out.
pub(crate) enum NotPermitted {
    /// The caller's token is not for this. Where the transport can still say so, it is the answer to the request.
    Scope(Arc<Challenge>),
    /// The capability is called too often.
    TooOften(Refusal),
}

impl NotPermitted {
    /// As the result of the call.
    pub(crate) fn refusal(self) -> Refusal {
        match self {
            Self::Scope(challenge) => challenge.refusal().clone(),
            Self::TooOften(refusal) => refusal,
        }
    }
}

/// Permits a call, and counts it. `caller` is nobody on a transport that asks nobody who they are; a name that is not
/// served is not counted, because the runtime refuses it and anybody can make up names.
pub(crate) fn permit(
    caller: Option<&Caller>,
    runtime: &Runtime,
    limits: &RateLimits,
    capability: &str,
) -> Result<(), NotPermitted> {
    let Some(tool) = runtime.tools().iter().find(|tool| tool.name == capability) else { return Ok(()) };
    if let Some(caller) = caller {
        caller.permits(tool.kind).map_err(NotPermitted::Scope)?;
    }
    limits.call(capability).map_err(NotPermitted::TooOften)
}
