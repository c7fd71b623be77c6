//! Everything a call needs, put together once by the binary's wiring.

use std::sync::Arc;
use std::time::Duration;

use synapsor_config::{Config, Context, DEFAULT_CONTEXT, Mode, Prompt};
use synapsor_ledger::Notebook;
use synapsor_protocol::{Clock, Environment, Ids};
use synapsor_source::Sources;

use crate::candidates::{CandidateWatcher, Candidates};
use crate::catalog::{Catalog, ToolDescription, own};
use crate::claims::VerifiedClaims;
use crate::context::Grounds;
use crate::delegate::{Delegation, Served, context_of_callers};
use crate::handlers::{Handlers, Readiness};

/// Which envelope a tool result has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultFormat {
    /// The published first form.
    V1,
    /// The published second form.
    V2,
}

impl From<synapsor_config::ResultFormat> for ResultFormat {
    fn from(format: synapsor_config::ResultFormat) -> Self {
        match format {
            synapsor_config::ResultFormat::V1 => Self::V1,
            synapsor_config::ResultFormat::V2 => Self::V2,
        }
    }
}

/// What a runtime is made of.
pub struct Parts {
    /// The checked config.
    pub config: Arc<Config>,
    /// Serve reads only, whatever the config's mode.
    pub read_only: bool,
    /// Scoped reads.
    pub sources: Sources,
    /// Handlers by capability.
    pub handlers: Handlers,
    /// The model's side of the ledger.
    pub notebook: Notebook,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Random ids.
    pub ids: Arc<dyn Ids>,
    /// Where contexts find tenant and principal.
    pub environment: Environment,
}

/// Serves capabilities. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Runtime {
    pub(crate) shared: Arc<Shared>,
    /// Whose requests this is for, where a transport verifies that.
    claims: Option<VerifiedClaims>,
    /// Who carries calls out, where that is somebody else.
    delegated: Option<Arc<Served>>,
    /// What is run beside the handlers, in shadow.
    pub(crate) candidates: Option<Candidates>,
}

pub(crate) struct Shared {
    pub(crate) catalog: Catalog,
    pub(crate) mode: Mode,
    pub(crate) result_format: ResultFormat,
    pub(crate) prompts: Vec<Prompt>,
    pub(crate) sources: Sources,
    pub(crate) handlers: Handlers,
    pub(crate) notebook: Notebook,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) environment: Environment,
    /// How callers of delegated tools are told apart.
    pub(crate) of_callers: Option<Arc<Context>>,
}

impl Runtime {
    /// Puts the parts together. Nothing is opened or connected.
    pub fn new(parts: Parts) -> Self {
        let Parts { config, read_only, sources, handlers, notebook, clock, ids, environment } = parts;
        let mode = if read_only { Mode::ReadOnly } else { config.mode };
        let result_format = config.result_format.into();
        let catalog = Catalog::new(own(&config), mode);
        Self {
            shared: Arc::new(Shared {
                catalog,
                mode,
                result_format,
                prompts: config.prompts.clone(),
                sources,
                handlers,
                notebook,
                clock,
                ids,
                environment,
                of_callers: context_of_callers(&config),
            }),
            claims: None,
            delegated: None,
            candidates: None,
        }
    }

    /// The same runtime, whose calls somebody else carries out: it serves these tools and no other.
    #[must_use]
    pub fn delegating(mut self, delegation: Delegation) -> Self {
        self.delegated = Some(Arc::new(delegation.serving(self.shared.mode == Mode::ReadOnly)));
        self
    }

    /// Whether somebody else carries calls out, and keeps their records.
    pub fn is_delegating(&self) -> bool {
        self.delegated.is_some()
    }

    /// Who carries calls out, where that is somebody else.
    pub(crate) fn delegated(&self) -> Option<&Served> {
        self.delegated.as_deref()
    }

    /// Completes once the list of tools is known to be no longer what a hosted service has; never where none is asked.
    pub async fn list_went_stale(&self) {
        match &self.delegated {
            Some(served) => served.list_went_stale().await,
            None => std::future::pending().await,
        }
    }

    /// The same runtime with candidates that are shown what its handlers answered.
    #[must_use]
    pub fn with_candidates(self, candidates: Candidates) -> Self {
        Self { candidates: Some(candidates), ..self }
    }

    /// Has somebody told what becomes of calls as far as candidates are concerned.
    pub fn watch_candidates(&self, watcher: CandidateWatcher) {
        if let Some(candidates) = &self.candidates {
            candidates.watch(watcher);
        }
    }

    /// Calls that wait for candidates, or are shown to them.
    pub fn candidates_waiting(&self) -> usize {
        self.candidates.as_ref().map_or(0, Candidates::waiting)
    }

    /// Shows candidates nothing more, and lets what waits run for that long; the rest is recorded as not shown.
    pub async fn drain_candidates(&self, within: Duration) {
        if let Some(candidates) = &self.candidates {
            candidates.drain(within).await;
        }
    }

    /// Whether a candidate is shown the calls of a capability.
    pub(crate) fn has_candidate(&self, capability: &str) -> bool {
        self.candidates.as_ref().is_some_and(|candidates| candidates.has(capability))
    }

    /// The same runtime for one verified caller: `http_claims` contexts take tenant and principal from these claims.
    #[must_use]
    pub fn for_caller(&self, claims: VerifiedClaims) -> Self {
        Self { claims: Some(claims), ..self.clone() }
    }

    /// What contexts are established from.
    pub(crate) fn grounds(&self) -> Grounds<'_> {
        Grounds { environment: &self.shared.environment, claims: self.claims.as_ref() }
    }

    /// A served capability whose context only verified claims can establish, and that context's name. Where nothing is
    /// verified each of its calls would be refused, so that is better said at the start.
    pub fn on_claims(&self) -> Option<(&str, &str)> {
        if let Some(served) = self.delegated().filter(|_| self.shared.of_callers.is_some()) {
            return served.tools().first().map(|tool| (tool.name.as_str(), DEFAULT_CONTEXT));
        }
        let on_claims = |context: &Context| matches!(context, Context::HttpClaims { .. });
        let capability =
            self.shared.catalog.capabilities().find(|capability| on_claims(&capability.context))?;
        Some((&capability.name, &capability.context_name))
    }

    /// What is served, in config order.
    pub fn tools(&self) -> &[ToolDescription] {
        self.delegated.as_ref().map_or(self.shared.catalog.tools(), |served| served.tools())
    }

    /// What people pick in their clients, besides what is built in.
    pub fn prompts(&self) -> &[Prompt] {
        &self.shared.prompts
    }

    /// How far the handlers' loads have come: a server is ready when all are loaded.
    pub fn readiness(&self) -> Readiness {
        self.shared.handlers.readiness()
    }

    /// What the runner may do, as the config names it.
    pub fn mode(&self) -> &'static str {
        mode_name(self.shared.mode)
    }

    /// Which envelope a tool result has.
    pub fn result_format(&self) -> ResultFormat {
        self.shared.result_format
    }

    /// The columns a capability shows today; none of one that is no longer in the config.
    pub(crate) fn visible_columns(&self, capability: &str) -> &[String] {
        let capability = self.shared.catalog.capability(capability);
        capability.map(|capability| capability.visible_columns.as_slice()).unwrap_or_default()
    }
}

pub(crate) fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::ReadOnly => "read_only",
        Mode::Shadow => "shadow",
        Mode::Review => "review",
        Mode::Cloud => "cloud",
    }
}
