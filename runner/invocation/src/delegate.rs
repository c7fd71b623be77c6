//! Calls that somebody else carries out: a hosted service whose tools are served here under the same rules of the surface.
//!
//! Invariant: of a delegated call nothing is recorded here; the service keeps the record, and answers for it.
//! Invariant: who carries calls out sees a name that was listed and arguments, and nothing else of the caller.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Map, Value as Json};
use synapsor_protocol::{Code, Refusal};

use crate::answer::{Answer, DelegatedAnswer, ToolCall};
use crate::catalog::{ToolDescription, ToolKind};

/// What comes of work that somebody else does.
pub type Delegated<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Carries calls out in the runner's place.
pub trait Delegate: Send + Sync + fmt::Debug {
    /// Carries out one call of a listed tool. `call_id` is this call's alone. Dropping the future gives the call up.
    ///
    /// # Errors
    /// A [`Refusal`] that is safe to show; what is known of the source stands in it.
    fn call<'a>(
        &'a self,
        tool: &'a str,
        arguments: Map<String, Json>,
        call_id: String,
    ) -> Delegated<'a, Result<Map<String, Json>, Refusal>>;

    /// Completes once the list of tools is known to be no longer what the service has.
    fn list_went_stale(&self) -> Delegated<'_, ()>;
}

/// Tools of somebody else, and who carries them out.
#[derive(Debug, Clone)]
pub struct Delegation {
    /// Which adapter of the service these are.
    pub adapter_id: String,
    /// The tools; checked already.
    pub tools: Vec<ToolDescription>,
    /// Who carries them out.
    pub delegate: Arc<dyn Delegate>,
}

impl Delegation {
    /// Of the tools, the ones this runner serves.
    pub(crate) fn serving(mut self, read_only: bool) -> Served {
        let all: Vec<String> = self.tools.iter().map(|tool| tool.name.clone()).collect();
        self.tools.retain(|tool| !read_only || tool.kind == ToolKind::Read);
        Served { all, delegation: self }
    }
}

/// A delegation as this runner serves it.
#[derive(Debug)]
pub(crate) struct Served {
    /// Names of every tool, served or not.
    all: Vec<String>,
    delegation: Delegation,
}

impl Served {
    pub(crate) fn tools(&self) -> &[ToolDescription] {
        &self.delegation.tools
    }

    pub(crate) fn list_went_stale(&self) -> Delegated<'_, ()> {
        self.delegation.delegate.list_went_stale()
    }

    pub(crate) async fn invoke(&self, call: ToolCall, call_id: String) -> Result<Answer, Refusal> {
        let Some(tool) = self.tools().iter().find(|tool| tool.name == call.name) else {
            return Err(self.not_served(&call.name));
        };
        let result = self.delegation.delegate.call(&tool.name, call.arguments, call_id).await?;
        Ok(Answer::Delegated(Box::new(DelegatedAnswer {
            capability: tool.name.clone(),
            kind: tool.kind,
            adapter_id: self.delegation.adapter_id.clone(),
            result,
        })))
    }

    fn not_served(&self, name: &str) -> Refusal {
        if self.all.iter().any(|known| known == name) {
            return Refusal::new(
                Code::ProposalsDisabled,
                format!("`{name}` may propose changes, and this runner serves reads only"),
            );
        }
        Refusal::new(Code::McpToolNotFound, "no capability of that name is served")
            .hint("list the tools and use one of their names")
    }
}
