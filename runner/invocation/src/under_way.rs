//! A delegated call while somebody else carries it out, and the trace it leaves however it ends.
//!
//! Invariant: every call that was handed on leaves a trace: with its answer, with the refusal, or, where whoever asked has left,
//! as one of which nobody here knows whether it was carried out.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use synapsor_ledger::Notebook;
use synapsor_protocol::{Clock, Code, DelegatedTrace, Moment, QueryAudit, Refusal, SourceChanged};

const MICROS_PER_MS: u64 = 1_000;

/// A call that was handed on and has not ended.
pub(crate) struct UnderWay {
    /// None once it has ended.
    traced: Option<Traced>,
    notebook: Notebook,
    clock: Arc<dyn Clock>,
}

/// What will stand in the ledger.
struct Traced {
    audit: QueryAudit,
    trace: DelegatedTrace,
}

impl Traced {
    fn written(self, ended_at: Moment, refused: Option<Code>) -> QueryAudit {
        let Self { mut audit, mut trace } = self;
        let took = ended_at.micros().saturating_sub(audit.at.micros());
        trace.took_ms = u64::try_from(took).unwrap_or_default() / MICROS_PER_MS;
        (audit.refused, audit.delegated) = (refused, Some(trace));
        audit
    }
}

impl UnderWay {
    /// A call that is about to be handed on.
    pub(crate) fn new(
        audit: QueryAudit,
        trace: DelegatedTrace,
        notebook: Notebook,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { traced: Some(Traced { audit, trace }), notebook, clock }
    }

    /// The call has ended so; its trace is kept, and then it is told.
    ///
    /// # Errors
    /// The refusal it ended with. Without a trace there is no answer: the call was carried out, so it is not to be repeated.
    pub(crate) async fn ended(
        mut self,
        result: Result<Map<String, Json>, Refusal>,
    ) -> Result<Map<String, Json>, Refusal> {
        let Some(mut traced) = self.traced.take() else { return result };
        if let Ok(answer) = &result {
            traced.trace.answered(answer);
        }
        let audit = traced.written(self.clock.now(), result.as_ref().err().map(|refusal| refusal.code));
        // In a task of its own, so that a client that leaves now takes no trace with it.
        let notebook = self.notebook.clone();
        let recorded = tokio::spawn(async move { notebook.record_delegated(audit).await }).await;
        let Err(error) = recorded.map_err(Refusal::bug)? else { return result };
        tracing::error!(code = %error.refusal().code, "a call was handed on and leaves no trace here");
        result.and_then(|_| {
            let message = "the hosted service carried the call out, and that cannot be recorded here";
            Err(Refusal::new(Code::CloudOutcomeUnknown, message)
                .hint("look at the service's own list of proposals before you repeat the call")
                .source_changed(SourceChanged::Unknown))
        })
    }
}

/// Whoever asked has left, and the service may have heard of the call.
impl Drop for UnderWay {
    fn drop(&mut self) {
        let Some(traced) = self.traced.take() else { return };
        let audit = traced.written(self.clock.now(), Some(Code::CloudOutcomeUnknown));
        let notebook = self.notebook.clone();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if let Err(error) = notebook.record_delegated(audit).await {
                tracing::error!(code = %error.refusal().code, "a call that was given up on leaves no trace here");
            }
        });
    }
}
