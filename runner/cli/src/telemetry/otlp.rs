//! Traces and metrics sent over OTLP (HTTP, protobuf), set up by the standard `OTEL_*` variables and by nothing else.
//!
//! Which signals are sent, and where, is decided here from the environment that came in through the door. The library reads
//! the rest of its variables by itself: headers, timeouts, intervals, the sampler, and attributes of the resource.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::SdkTracerProvider;
use synapsor_protocol::{Code, Environment, Refusal};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::registry::LookupSpan;

use super::SCOPE;
use super::sender::Sender;
use crate::env;

/// The service's name where `OTEL_SERVICE_NAME` gives none.
const SERVICE: &str = "synapsor-runner";

/// How long the end of the process waits for what is still to be sent.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);

/// The variables of one signal.
struct Signal {
    endpoint: &'static str,
    exporter: &'static str,
    protocol: &'static str,
}

const TRACES: Signal = Signal {
    endpoint: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    exporter: "OTEL_TRACES_EXPORTER",
    protocol: "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
};
const METRICS: Signal = Signal {
    endpoint: "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    exporter: "OTEL_METRICS_EXPORTER",
    protocol: "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
};

/// A receiver that was named.
pub(super) struct Sending {
    traces: Option<SdkTracerProvider>,
    /// Whether metrics are sent; they are measured once there is a server to measure.
    sends_metrics: bool,
    sender: Sender,
    resource: Resource,
}

impl Sending {
    /// Sends spans in the background, where the environment says whither; `None` where it names no receiver.
    pub(super) fn wanted(environment: &Environment) -> Result<Option<Self>, Refusal> {
        let (sends_traces, sends_metrics) = (TRACES.is_sent(environment)?, METRICS.is_sent(environment)?);
        if !sends_traces && !sends_metrics {
            return Ok(None);
        }
        let (sender, resource) = (Sender::new()?, resource(environment));
        let traces = match sends_traces {
            false => None,
            true => {
                let spans = SpanExporter::builder().with_http().with_http_client(sender.clone());
                let spans = spans.build().map_err(|_| unusable())?;
                let provider = SdkTracerProvider::builder().with_resource(resource.clone());
                Some(provider.with_batch_exporter(spans).build())
            }
        };
        Ok(Some(Self { traces, sends_metrics, sender, resource }))
    }

    /// Who sends.
    pub(super) fn resource(&self) -> Resource {
        self.resource.clone()
    }

    /// What reads and sends metrics; none where none are wanted.
    pub(super) fn metrics(&self) -> Result<Option<PeriodicReader<MetricExporter>>, Refusal> {
        if !self.sends_metrics {
            return Ok(None);
        }
        let exporter = MetricExporter::builder().with_http().with_http_client(self.sender.clone());
        Ok(Some(PeriodicReader::builder(exporter.build().map_err(|_| unusable())?).build()))
    }

    /// What makes the spans of calls spans of a trace; events, and the spans of other rooms and libraries, stay here.
    pub(super) fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let tracer = self.traces.as_ref()?.tracer(SCOPE);
        let of_calls = FilterFn::new(|told| told.is_span() && told.target() == synapsor_mcp::CALL_TARGET);
        let spans = tracing_opentelemetry::layer().with_tracer(tracer);
        let spans =
            spans.with_location(false).with_threads(false).with_target(false).with_tracked_inactivity(false);
        Some(spans.with_filter(of_calls.with_max_level_hint(LevelFilter::INFO)))
    }

    /// Sends what is left, both signals at once; a receiver that does not answer is not waited for any longer.
    pub(super) fn stop(&self, meters: Option<&SdkMeterProvider>) {
        let (done, ended) = mpsc::channel();
        let mut waiting = 0;
        let mut stopping = |stop: Box<dyn FnOnce() + Send>| {
            let done = done.clone();
            waiting += 1;
            std::thread::spawn(move || {
                stop();
                // Nobody may be waiting any more.
                let _ = done.send(());
            });
        };
        if let Some(traces) = self.traces.clone() {
            stopping(Box::new(move || drop(traces.shutdown_with_timeout(FLUSH_TIMEOUT))));
        }
        if let Some(meters) = meters.cloned() {
            stopping(Box::new(move || drop(meters.shutdown())));
        }
        let until = Instant::now() + FLUSH_TIMEOUT;
        for _ in 0..waiting {
            let left = until.saturating_duration_since(Instant::now());
            if ended.recv_timeout(left).is_err() {
                tracing::warn!("the receiver of telemetry did not take everything in time");
                return;
            }
        }
    }
}

impl Signal {
    /// Whether there is a receiver for it, and one that can be spoken to.
    fn is_sent(&self, environment: &Environment) -> Result<bool, Refusal> {
        let text = |name: &str| environment.get(name).map(str::trim).filter(|text| !text.is_empty());
        let is_disabled = text(env::OTEL_DISABLED).is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let own = text(self.endpoint).map(|endpoint| (self.endpoint, endpoint));
        let named = own.or_else(|| Some((env::OTEL_ENDPOINT, text(env::OTEL_ENDPOINT)?)));
        let Some((name, endpoint)) = named.filter(|_| !is_disabled) else { return Ok(false) };
        match text(self.exporter) {
            None | Some("otlp") => {}
            Some("none") => return Ok(false),
            Some(_) => return Err(expected(self.exporter, "`otlp` or `none`")),
        }
        if !["http://", "https://"].iter().any(|scheme| endpoint.starts_with(scheme)) {
            return Err(expected(name, "an address that begins with http:// or https://"));
        }
        for protocol in [self.protocol, env::OTEL_PROTOCOL] {
            match text(protocol) {
                None => {}
                Some("http/protobuf") => break,
                Some(_) => return Err(expected(protocol, "`http/protobuf`, the one protocol spoken here")),
            }
        }
        Ok(true)
    }
}

/// The value is not shown: an address can hold a password.
fn expected(variable: &str, what: &str) -> Refusal {
    Refusal::new(Code::ConfigInvalid, format!("`{variable}` is not what it can be, expected {what}"))
        .hint("unset it to send no telemetry")
}

fn unusable() -> Refusal {
    Refusal::new(Code::ConfigInvalid, "the `OTEL_EXPORTER_OTLP_*` variables do not make a receiver")
        .hint("expected an http:// or https:// address, and headers as `name=value,…`")
}

/// The standard variables, and what is known here besides.
fn resource(environment: &Environment) -> Resource {
    let names_service = environment.get("OTEL_SERVICE_NAME").is_some()
        || environment.get("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|text| text.contains("service.name="));
    let mut resource =
        Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if !names_service {
        resource = resource.with_service_name(SERVICE);
    }
    if let Some(runner) = environment.get(env::RUNNER_ID) {
        resource = resource.with_attribute(KeyValue::new("service.instance.id", runner.to_owned()));
    }
    resource.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(variables: Variables<'_>) -> Result<(bool, bool), String> {
        let environment = Environment::new(variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        let of = |signal: Signal| signal.is_sent(&environment).map_err(|refusal| refusal.message);
        Ok((of(TRACES)?, of(METRICS)?))
    }

    /// Variables by name.
    type Variables<'a> = &'a [(&'a str, &'a str)];

    #[test]
    fn a_signal_is_sent_where_a_receiver_is_named_for_it_and_nowhere_else() {
        const ALL: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        let table: &[(Variables<'_>, (bool, bool))] = &[
            (&[], (false, false)),
            (&[("OTEL_TRACES_EXPORTER", "otlp"), ("OTEL_SERVICE_NAME", "x")], (false, false)),
            (&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")], (false, false)),
            (&[ALL], (true, true)),
            (&[ALL, ("OTEL_SDK_DISABLED", "TRUE")], (false, false)),
            (&[ALL, ("OTEL_METRICS_EXPORTER", "none")], (true, false)),
            (&[ALL, ("OTEL_TRACES_EXPORTER", "none")], (false, true)),
            (&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://t.example/v1/traces")], (true, false)),
            (&[("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "https://t.example/v1/metrics")], (false, true)),
            (&[ALL, ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")], (true, true)),
        ];
        for (variables, expected) in table {
            assert_eq!(sent(variables), Ok(*expected), "{variables:?}");
        }
    }

    #[test]
    fn a_receiver_that_cannot_be_spoken_to_is_refused_and_its_address_is_not_shown() {
        const ALL: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        let table: &[(Variables<'_>, &str)] = &[
            (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://u:secret@h")], "`OTEL_EXPORTER_OTLP_ENDPOINT`"),
            (&[ALL, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")], "`OTEL_EXPORTER_OTLP_PROTOCOL`"),
            (
                &[ALL, ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json")],
                "`OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`",
            ),
            (&[ALL, ("OTEL_METRICS_EXPORTER", "prometheus")], "`OTEL_METRICS_EXPORTER`"),
        ];
        for (variables, named) in table {
            let message = sent(variables).expect_err("refused");
            assert!(message.contains(named) && !message.contains("secret"), "{message}");
        }
    }
}
