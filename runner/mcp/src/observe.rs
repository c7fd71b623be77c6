//! What is told of a call: to the log, to a span of its own, and to whoever watches the server.
//!
//! Invariant: names of the config, codes, ids, counts and durations; never a value of an argument or a row, a tenant, a
//! principal, a token, or a text of the caller's.

use std::fmt;
use std::time::{Duration, Instant};

use synapsor_invocation::{Answer, CandidateOutcome, ToolDescription};
use synapsor_protocol::{Code, Engine, Kind, Refusal, Usage};
use tracing::Span;
use tracing::field::Empty;

use crate::trace::CallerTrace;

/// What spans and events of calls are marked with, for filters.
pub const CALL_TARGET: &str = "synapsor::call";

/// The name told for a tool that is not served: what was asked for is the caller's text.
const UNKNOWN: &str = "unknown";

/// Watches what a server does.
pub trait Observer: Send + Sync + fmt::Debug {
    /// A call begins, in this span. The text is a well-formed W3C `traceparent`, where its caller sent one.
    fn began(&self, span: &Span, traceparent: Option<&str>);

    /// A call has ended.
    fn ended(&self, call: &CallEnded<'_>);

    /// A request was turned away before it became a call.
    fn turned_away(&self, code: Code);

    /// What became of a call of this capability, as far as the candidate beside its handler is concerned.
    fn shown_to_candidate(&self, capability: &str, outcome: CandidateOutcome);
}

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub struct CallEnded<'a> {
    /// The capability, as the config names it; `unknown` for one that is not served.
    pub capability: &'a str,
    /// How it ended.
    pub outcome: Outcome,
    /// Why there is no answer, where there is none.
    pub code: Option<Code>,
    /// How long it took.
    pub took: Duration,
    /// Whether a proposal was stored that was not waiting already.
    pub is_new_proposal: bool,
    /// What a handler used, where one ran.
    pub handler: Option<Usage>,
}

/// How a call ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was carried out.
    Ok,
    /// A rule answered no.
    Refused,
    /// Something broke.
    Failed,
    /// The client did not wait for it.
    Cancelled,
}

impl Outcome {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    fn of(code: Code) -> Self {
        match code.kind() {
            Kind::Refusal => Self::Refused,
            Kind::Failure | Kind::Bug => Self::Failed,
        }
    }
}

/// A call that is being watched. Dropped before it was said to have ended, it was cancelled.
pub(crate) struct Watched<'a> {
    observer: Option<&'a dyn Observer>,
    tool: Option<&'a ToolDescription>,
    span: Span,
    started: Instant,
    has_ended: bool,
}

impl<'a> Watched<'a> {
    /// From here on the call takes its time.
    pub(crate) fn begun(
        observer: Option<&'a dyn Observer>,
        tool: Option<&'a ToolDescription>,
        trace: Option<&CallerTrace>,
    ) -> Self {
        let capability = tool.map_or(UNKNOWN, |tool| tool.name.as_str());
        let span = tracing::info_span!(
            target: CALL_TARGET,
            "tools/call",
            otel.name = format!("tools/call {capability}"),
            otel.kind = "server",
            otel.status_code = Empty,
            capability,
            source = tool.and_then(ToolDescription::source),
            engine = tool.and_then(ToolDescription::engine).map(Engine::as_str),
            table = tool.and_then(ToolDescription::table),
            trace_id = trace.map(|trace| trace.id().as_str()),
            proposal = Empty,
            columns = Empty,
            fuel = Empty,
            status = Empty,
        );
        if let Some(observer) = observer {
            observer.began(&span, trace.map(CallerTrace::traceparent));
        }
        Self { observer, tool, span, started: Instant::now(), has_ended: false }
    }

    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// The call has its answer.
    pub(crate) fn ended(mut self, answer: Result<&Answer, &Refusal>, handler: Option<Usage>) {
        let code = answer.err().map(|refusal| refusal.code);
        let outcome = code.map_or(Outcome::Ok, Outcome::of);
        let proposal = match answer {
            Ok(Answer::Proposal(made)) => Some(made.as_ref()),
            _ => None,
        };
        let columns = proposal.map(|made| made.diff.keys().map(String::as_str).collect::<Vec<_>>().join(","));
        let told = Told {
            outcome,
            code,
            proposal: proposal.map(|made| made.proposal.proposal_id.as_str()),
            columns: columns.as_deref(),
            is_new_proposal: proposal.is_some_and(|made| !made.repeated),
            handler,
        };
        self.tell(&told);
    }

    fn tell(&mut self, told: &Told<'_>) {
        self.has_ended = true;
        let Told { outcome, code, proposal, columns, is_new_proposal, handler } = *told;
        let took = self.started.elapsed();
        let status = code.map_or(outcome.as_str(), |code| code.as_str());
        let capability = self.tool.map_or(UNKNOWN, |tool| tool.name.as_str());
        let fuel = handler.map(|usage| usage.fuel);
        self.span.record("status", status);
        self.span.record("proposal", proposal);
        self.span.record("columns", columns);
        self.span.record("fuel", fuel);
        if outcome == Outcome::Failed {
            self.span.record("otel.status_code", "ERROR");
        }
        tracing::info!(
            target: CALL_TARGET,
            capability,
            source = self.tool.and_then(ToolDescription::source),
            engine = self.tool.and_then(ToolDescription::engine).map(Engine::as_str),
            table = self.tool.and_then(ToolDescription::table),
            proposal,
            columns,
            fuel,
            status,
            took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "a call ended"
        );
        if let Some(observer) = self.observer {
            observer.ended(&CallEnded { capability, outcome, code, took, is_new_proposal, handler });
        }
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.tell(&Told::CANCELLED);
        }
    }
}

/// What there is to tell of a call at its end.
#[derive(Clone, Copy)]
struct Told<'a> {
    outcome: Outcome,
    code: Option<Code>,
    proposal: Option<&'a str>,
    columns: Option<&'a str>,
    is_new_proposal: bool,
    handler: Option<Usage>,
}

impl Told<'_> {
    /// A call nobody waited for.
    const CANCELLED: Self = Self {
        outcome: Outcome::Cancelled,
        code: None,
        proposal: None,
        columns: None,
        is_new_proposal: false,
        handler: None,
    };
}
