//! One call on its way: permitted, carried out in a task and a span of its own, and told of at its end.
//!
//! Every transport calls capabilities through [`carry_out`], so that none is forgotten by a limit, the log or a metric.

use std::sync::atomic::{AtomicBool, Ordering};

use rmcp::model::{CallToolRequestParams, CallToolResult, ErrorData};
use serde_json::json;
use synapsor_invocation::{Answer, ToolCall, UsageSlot};
use synapsor_protocol::{Code, Refusal};
use tracing::Instrument as _;

use crate::asker::Asker;
use crate::envelope;
use crate::guarded::guarded;
use crate::live::{Live, Served};
use crate::observe::Watched;
use crate::points::point;
use crate::trace::CallerTrace;

/// The call a request makes.
pub(crate) fn asked(served: &Served, request: CallToolRequestParams) -> ToolCall {
    let name = served.tools.canonical(&request.name).to_owned();
    ToolCall::new(name, request.arguments.unwrap_or_default())
}

/// The result of a call in the protocol's own form.
///
/// # Errors
/// A tool that is not served has no results, so there the protocol's error is the answer.
pub(crate) fn result(
    live: &Live,
    served: &Served,
    called: &str,
    answer: Result<Answer, Refusal>,
) -> Result<CallToolResult, ErrorData> {
    point!("worker.reply", ErrorData::internal_error("a failpoint", None));
    let format = served.runtime.result_format();
    match answer {
        Ok(answer) => Ok(envelope::of_answer(format, &answer, live.options().result_bytes_max)),
        Err(refusal) if refusal.code == Code::McpToolNotFound => {
            let data = json!({ "code": refusal.code });
            Err(ErrorData::invalid_params(refusal.message, Some(data)))
        }
        Err(refusal) => Ok(envelope::of_refusal(format, called, &refusal)),
    }
}

/// Carries out a call of `asker`, unless `cancelled` completes first.
pub(crate) async fn carry_out(
    live: &Live,
    served: &Served,
    asker: &Asker,
    mut call: ToolCall,
    trace: Option<CallerTrace>,
    cancelled: impl Future<Output = ()>,
) -> Result<Answer, Refusal> {
    let tool = served.runtime.tools().iter().find(|tool| tool.name == call.name);
    let watched = Watched::begun(live.options().observer.as_deref(), tool, trace.as_ref());
    let usage = UsageSlot::default();
    call.trace = trace.map(|trace| trace.id().clone());
    call.usage = Some(usage.clone());
    let permitted = asker.permit(served, &live.rate_limits(), &call.name);
    let runtime = asker.runtime(served);
    let work = async move {
        permitted?;
        runtime.invoke(call).await
    };
    let was_cancelled = AtomicBool::new(false);
    let cancelled = async {
        cancelled.await;
        was_cancelled.store(true, Ordering::Relaxed);
    };
    let answer = guarded(cancelled, Box::pin(work.instrument(watched.span()))).await;
    if !was_cancelled.load(Ordering::Relaxed) {
        watched.ended(answer.as_ref(), usage.get().copied());
    }
    answer
}
