//! What the outside can see of the work: the log on standard error, and for servers a page of metrics and traces and
//! metrics sent over OTLP, where each of them is set up.
//!
//! Invariant: names, codes, ids and durations leave this process; a value of a row or an argument, a tenant, a URL or a
//! token does not.
//! Invariant: without a variable that names a receiver nothing is sent, and no thread is started for it.

mod instruments;
mod otlp;
mod sender;

use std::fmt;
use std::io::IsTerminal as _;
use std::sync::{Arc, OnceLock};

use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};
use synapsor_mcp::auth::OpaqueTokens;
use synapsor_mcp::http::MetricsPage;
use synapsor_mcp::{Live, Observer};
use synapsor_protocol::{Environment, Refusal};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::args::LogFormat;
use crate::env;
use instruments::Instruments;
use otlp::Sending;

/// The name under which everything is measured.
const SCOPE: &str = "synapsor";

/// A client's wrong request is answered and recorded, and a server's notice is no news: neither is warned about as well.
/// That all handlers are ready is said once, at the start of a server.
const LOG_DEFAULT: &str =
    "warn,synapsor::ready=info,synapsor_fleet=info,rmcp=error,sqlx::postgres::notice=error";

/// What is logged at no level: what the library that sends telemetry says of itself has the receiver's address in it, and
/// what the receiver answered. [`sender`] says what there is to know.
const LOG_NEVER: &str = "opentelemetry=off,opentelemetry_sdk=off";

/// What runs beside the work, until it is told to stop. Clones share it.
#[derive(Clone)]
pub(crate) struct Telemetry(Arc<Shared>);

struct Shared {
    /// Where to send, of a server that was told.
    sending: Option<Sending>,
    /// What measures, once a server is watched.
    meters: OnceLock<SdkMeterProvider>,
}

impl Telemetry {
    /// Starts the log and, where this process serves and the environment names a receiver, the sending. Must be called
    /// inside the runtime, which does the sending.
    ///
    /// # Errors
    /// What is wrong with the variables of a receiver.
    pub(crate) fn start(
        format: LogFormat,
        environment: &Environment,
        is_server: bool,
    ) -> Result<Self, Refusal> {
        let sending = if is_server { Sending::wanted(environment)? } else { None };
        let filter = environment.get(env::LOG_LEVEL).unwrap_or(LOG_DEFAULT);
        let filter = EnvFilter::try_new(format!("{filter},{LOG_NEVER}"));
        let filter = filter.unwrap_or_else(|_| EnvFilter::new(format!("{LOG_DEFAULT},{LOG_NEVER}")));
        // Standard output belongs to MCP frames and documents.
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let lines = match format {
            LogFormat::Pretty => {
                let is_terminal = std::io::stderr().is_terminal();
                lines.with_ansi(is_terminal).with_target(false).with_filter(filter).boxed()
            }
            LogFormat::Json => {
                let lines = lines.json().flatten_event(true).with_current_span(true).with_span_list(false);
                lines.with_filter(filter).boxed()
            }
        };
        let spans = sending.as_ref().and_then(Sending::layer);
        tracing_subscriber::registry().with(lines).with(spans).init();
        Ok(Self(Arc::new(Shared { sending, meters: OnceLock::new() })))
    }

    /// What watches a server: for the receiver, and for a page of metrics that these tokens open. Nobody, where neither is
    /// wanted.
    pub(crate) fn watch(&self, page: Option<OpaqueTokens>) -> Result<Watch, Refusal> {
        let mut readers = SdkMeterProvider::builder();
        let mut is_measured = false;
        if let Some(sending) = &self.0.sending {
            readers = readers.with_resource(sending.resource());
            if let Some(reader) = sending.metrics()? {
                readers = readers.with_reader(reader);
                is_measured = true;
            }
        }
        let page = match page {
            None => None,
            Some(tokens) => {
                let registry = Registry::new();
                let reader = opentelemetry_prometheus::exporter()
                    .with_registry(registry.clone())
                    .without_target_info()
                    .scope_info_enabled(false)
                    .build()
                    .map_err(Refusal::bug)?;
                readers = readers.with_reader(reader);
                is_measured = true;
                Some(MetricsPage::new(tokens, Arc::new(move || text(&registry))))
            }
        };
        let meters = is_measured.then(|| self.0.meters.get_or_init(|| readers.build()).meter(SCOPE));
        let is_watched = meters.is_some() || self.0.sending.is_some();
        let instruments = meters.map(|meter| Instruments::new(&meter));
        let observer = instruments::Watcher::new(instruments.clone());
        Ok(Watch { observer: is_watched.then(|| Arc::new(observer) as Arc<dyn Observer>), page, instruments })
    }

    /// Sends what is still to be sent, for as long as a stopping process may take.
    pub(crate) fn stop(&self) {
        if let Some(sending) = &self.0.sending {
            sending.stop(self.0.meters.get());
        }
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry").field("is_sent", &self.0.sending.is_some()).finish_non_exhaustive()
    }
}

/// What watches one server.
pub(crate) struct Watch {
    /// Who is told of calls.
    pub(crate) observer: Option<Arc<dyn Observer>>,
    /// The page of metrics.
    pub(crate) page: Option<MetricsPage>,
    instruments: Option<Instruments>,
}

impl Watch {
    /// Measures what is served, too.
    pub(crate) fn follow(&self, live: &Live) {
        if let Some(instruments) = &self.instruments {
            instruments.follow(live);
        }
    }
}

/// Everything in the registry, in the text form of Prometheus.
fn text(registry: &Registry) -> String {
    TextEncoder::new().encode_to_string(&registry.gather()).unwrap_or_else(|error| {
        tracing::error!(%error, "the metrics cannot be printed");
        String::new()
    })
}
