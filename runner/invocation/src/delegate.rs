//! Calls that somebody else carries out: a hosted service whose tools are served here under the same rules of the surface.
//!
//! Invariant: the record of a delegated call is the service's. What is kept here is a trace without a value, and no answer leaves
//! without it; a call that was given up on leaves one too.
//! Invariant: who carries calls out sees a name that was listed, arguments, and of the caller tenant and principal, where the config
//! has each caller asked for by name. Neither ever comes from the arguments.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Map, Value as Json};
use synapsor_config::{Config, Context, DEFAULT_CONTEXT, Mode};
use synapsor_protocol::{Code, DelegatedTrace, Refusal, TrustedContext};

use crate::answer::{Answer, DelegatedAnswer, ToolCall};
use crate::catalog::{ToolDescription, ToolKind};
use crate::context;
use crate::runtime::Runtime;
use crate::trail::Trail;
use crate::under_way::UnderWay;

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
#[derive(Clone)]
pub struct Delegation {
    /// Which adapter of the service these are.
    pub adapter_id: String,
    /// The tools; checked already.
    pub tools: Vec<ToolDescription>,
    /// For whom the runner was set up, as far as its session with the service says so: whose data,
    pub tenant: Option<String>,
    /// and who asks.
    pub principal: Option<String>,
    /// Who carries them out.
    pub delegate: Arc<dyn Delegate>,
}

/// Without whom it is for.
impl fmt::Debug for Delegation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { adapter_id, tools, tenant: _, principal: _, delegate } = self;
        let mut shown = f.debug_struct("Delegation");
        shown.field("adapter_id", adapter_id).field("tools", tools).field("delegate", delegate);
        shown.finish_non_exhaustive()
    }
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

    /// The tool a call names.
    fn find(&self, name: &str) -> Result<&ToolDescription, Refusal> {
        self.tools().iter().find(|tool| tool.name == name).ok_or_else(|| self.not_served(name))
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

impl Runtime {
    /// Has a call carried out by somebody else, and leaves its trace.
    pub(crate) async fn delegate(&self, served: &Served, call: ToolCall) -> Result<Answer, Refusal> {
        let shared = self.shared.as_ref();
        let trail = Trail::new(&call.name, call.trace.clone(), shared.clock.now(), shared.ids.as_ref());
        let ready = served.find(&call.name).and_then(|tool| Ok((tool, self.asker()?)));
        let (tool, asker) = match ready {
            Ok(ready) => ready,
            Err(refusal) => {
                let (audit, evidence) = trail.refused(refusal.code);
                let recorded = shared.notebook.record_refusal(audit, evidence).await;
                recorded.map_err(|error| error.refusal())?;
                return Err(refusal);
            }
        };
        let Delegation { adapter_id, tenant, principal, delegate, .. } = &served.delegation;
        let (mut audit, _) = trail.finish();
        audit.tenant = asker.as_ref().map(|asker| asker.tenant().to_owned()).or(tenant.clone());
        audit.principal = asker.as_ref().map(|asker| asker.principal().to_owned()).or(principal.clone());
        let id = shared.ids.token();
        let trace = DelegatedTrace::begun(adapter_id, &id, &call.arguments);
        let under_way = UnderWay::new(audit, trace, shared.notebook.clone(), Arc::clone(&shared.clock));
        let handed_on = DelegatedCall {
            tool: &tool.name,
            arguments: call.arguments,
            id: &id,
            on_behalf_of: asker.as_ref(),
        };
        let result = under_way.ended(delegate.call(handed_on).await).await?;
        Ok(Answer::Delegated(Box::new(DelegatedAnswer {
            capability: tool.name.clone(),
            kind: tool.kind,
            adapter_id: adapter_id.clone(),
            result,
        })))
    }

    /// For whom a call is made; nobody where all callers are the same one.
    fn asker(&self) -> Result<Option<TrustedContext>, Refusal> {
        let of_callers = self.shared.of_callers.as_deref();
        let of_provider = |context| context::of_provider(DEFAULT_CONTEXT, context, &self.grounds());
        of_callers.map(of_provider).transpose()
    }
}

/// How callers of delegated tools are told apart, where the config has each asked for by name: the top-level context, as long as it
/// is one of verified claims. The other providers say the same of every caller, which is what the config's `session` is for.
pub(crate) fn context_of_callers(config: &Config) -> Option<Arc<Context>> {
    let context = config.contexts.get(DEFAULT_CONTEXT).filter(|_| config.mode == Mode::Cloud)?;
    matches!(context.as_ref(), Context::HttpClaims { .. }).then(|| Arc::clone(context))
}
