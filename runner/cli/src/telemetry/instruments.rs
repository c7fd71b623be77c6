//! What is measured of a server. One set of instruments, whoever reads them: the page of metrics, the receiver, or both.
//!
//! Invariant: attributes are names of the config, and words and codes of ours, so that their number is bounded.

use std::collections::HashMap;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use synapsor_invocation::CandidateOutcome;
use synapsor_mcp::{CallEnded, Live, Observer};
use synapsor_protocol::Code;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Where the buckets of a call's duration end, in seconds.
const DURATIONS_SECONDS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Where the buckets of a handler's fuel end.
const FUEL: [f64; 7] = [1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10];

/// The instruments. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Instruments {
    meter: Meter,
    calls: Counter<u64>,
    durations: Histogram<f64>,
    proposals: Counter<u64>,
    fuel: Histogram<u64>,
    turned_away: Counter<u64>,
    shown_to_candidates: Counter<u64>,
}

impl Instruments {
    pub(super) fn new(meter: &Meter) -> Self {
        Self {
            meter: meter.clone(),
            calls: meter
                .u64_counter("synapsor.tool.calls")
                .with_description("Calls of tools by capability, how they ended, and the code where they were not carried out")
                .build(),
            durations: meter
                .f64_histogram("synapsor.tool.call.duration")
                .with_description("How long calls of tools took")
                .with_unit("s")
                .with_boundaries(DURATIONS_SECONDS.to_vec())
                .build(),
            proposals: meter
                .u64_counter("synapsor.proposals")
                .with_description("Proposals stored; one that was waiting already is not counted again")
                .build(),
            fuel: meter
                .u64_histogram("synapsor.handler.fuel")
                .with_description("Fuel that handlers used in a call")
                .with_boundaries(FUEL.to_vec())
                .build(),
            turned_away: meter
                .u64_counter("synapsor.http.turned_away")
                .with_description("Requests over HTTP that were turned away, by code")
                .build(),
            shown_to_candidates: meter
                .u64_counter("synapsor.candidate.calls")
                .with_description("Calls as far as a handler's candidate in shadow is concerned, by capability and what became of each")
                .build(),
        }
    }

    /// What is looked at when somebody reads, rather than counted.
    pub(super) fn follow(&self, live: &Live) {
        let (sessions, ledger, candidates) = (live.clone(), live.clone(), live.clone());
        self.meter
            .u64_observable_gauge("synapsor.candidate.waiting")
            .with_description("Calls that wait for a handler's candidate in shadow, or are shown to it")
            .with_callback(move |gauge| {
                gauge.observe(u64::try_from(candidates.candidates_waiting()).unwrap_or(u64::MAX), &[]);
            })
            .build();
        self.meter
            .u64_observable_gauge("synapsor.sessions")
            .with_description("Sessions that are open")
            .with_callback(move |gauge| gauge.observe(sessions.sessions(), &[]))
            .build();
        self.meter
            .u64_observable_gauge("synapsor.ledger.waiting")
            .with_description("Changes that wait for the ledger's writer")
            .with_callback(move |gauge| {
                gauge.observe(u64::try_from(ledger.ledger_waiting()).unwrap_or(u64::MAX), &[]);
            })
            .build();
    }

    fn call_ended(&self, call: &CallEnded<'_>) {
        let capability = KeyValue::new("capability", call.capability.to_owned());
        let outcome = KeyValue::new("outcome", call.outcome.as_str());
        let code = KeyValue::new("code", call.code.map_or("", |code| code.as_str()));
        self.durations.record(call.took.as_secs_f64(), &[capability.clone(), outcome.clone()]);
        self.calls.add(1, &[capability.clone(), outcome, code]);
        if call.is_new_proposal {
            self.proposals.add(1, std::slice::from_ref(&capability));
        }
        if let Some(usage) = call.handler {
            self.fuel.record(usage.fuel, &[capability]);
        }
    }
}

/// Counts calls, and puts them into their callers' traces.
#[derive(Debug)]
pub(super) struct Watcher {
    instruments: Option<Instruments>,
    propagator: TraceContextPropagator,
}

impl Watcher {
    pub(super) fn new(instruments: Option<Instruments>) -> Self {
        Self { instruments, propagator: TraceContextPropagator::new() }
    }
}

impl Observer for Watcher {
    fn began(&self, span: &tracing::Span, traceparent: Option<&str>) {
        let Some(traceparent) = traceparent else { return };
        let carrier = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
        // Where no trace is sent there is nothing that could have a parent.
        let _ = span.set_parent(self.propagator.extract(&carrier));
    }

    fn ended(&self, call: &CallEnded<'_>) {
        if let Some(instruments) = &self.instruments {
            instruments.call_ended(call);
        }
    }

    fn shown_to_candidate(&self, capability: &str, outcome: CandidateOutcome) {
        if let Some(instruments) = &self.instruments {
            let attributes = [
                KeyValue::new("capability", capability.to_owned()),
                KeyValue::new("outcome", outcome.as_str()),
            ];
            instruments.shown_to_candidates.add(1, &attributes);
        }
    }

    fn turned_away(&self, code: Code) {
        if let Some(instruments) = &self.instruments {
            instruments.turned_away.add(1, &[KeyValue::new("code", code.as_str())]);
        }
    }
}
