//! Calls that somebody else carries out: a hosted service whose tools are served here under the same rules of the surface.
//!
//! Invariant: of a delegated call nothing is recorded here; the service keeps the record, and answers for it.
//! Invariant: who carries calls out sees a name that was listed, arguments, and of the caller tenant and principal, where the config
//! has each caller asked for by name. Neither ever comes from the arguments.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Map, Value as Json};
use synapsor_config::{Config, Context, DEFAULT_CONTEXT, Mode};
use synapsor_protocol::{Code, Refusal, TrustedContext};

use crate::answer::{Answer, DelegatedAnswer, ToolCall};
use crate::catalog::{ToolDescription, ToolKind};
use crate::context::{self, Grounds};

/// What comes of work that somebody else does.
pub type Delegated<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Carries calls out in the runner's place.
pub trait Delegate: Send + Sync + fmt::Debug {
    /// Carries out one call of a listed tool. Dropping the future gives the call up.
    ///
    /// # Errors
    /// A [`Refusal`] that is safe to show; what is known of the source stands in it.
    fn call<'a>(&'a self, call: DelegatedCall<'a>) -> Delegated<'a, Result<Map<String, Json>, Refusal>>;

    /// Completes once the list of tools is known to be no longer what the service has.
    fn list_went_stale(&self) -> Delegated<'_, ()>;
}

/// One call that somebody else carries out.
#[derive(Debug, Clone)]
pub struct DelegatedCall<'a> {
    /// A tool that was listed.
    pub tool: &'a str,
    /// As the caller sent them.
    pub arguments: Map<String, Json>,
    /// This call's alone.
    pub id: &'a str,
    /// For whom, where callers prove who they are and each is asked for by name; else for whom the runner was set up.
    pub on_behalf_of: Option<&'a TrustedContext>,
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

    /// Carries out a call for `asker`.
    pub(crate) async fn invoke(
        &self,
        call: ToolCall,
        id: &str,
        asker: Option<&TrustedContext>,
    ) -> Result<Answer, Refusal> {
        let Some(tool) = self.tools().iter().find(|tool| tool.name == call.name) else {
            return Err(self.not_served(&call.name));
        };
        let ToolCall { arguments, .. } = call;
        let call = DelegatedCall { tool: &tool.name, arguments, id, on_behalf_of: asker };
        let result = self.delegation.delegate.call(call).await?;
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

/// How callers of delegated tools are told apart, where the config has each asked for by name: the top-level context, as long as it
/// is one of verified claims. The other providers say the same of every caller, which is what the config's `session` is for.
pub(crate) fn context_of_callers(config: &Config) -> Option<Arc<Context>> {
    let context = config.contexts.get(DEFAULT_CONTEXT).filter(|_| config.mode == Mode::Cloud)?;
    matches!(context.as_ref(), Context::HttpClaims { .. }).then(|| Arc::clone(context))
}

/// For whom a call is made; nobody where all callers are the same one.
pub(crate) fn asker(
    of_callers: Option<&Context>,
    grounds: &Grounds<'_>,
) -> Result<Option<TrustedContext>, Refusal> {
    of_callers.map(|context| context::of_provider(DEFAULT_CONTEXT, context, grounds)).transpose()
}
