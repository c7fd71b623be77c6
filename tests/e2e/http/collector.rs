//! A receiver of telemetry for one test: keeps what it is sent, and reads it as the protocol's own types.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

/// What it keeps.
#[derive(Default)]
struct Kept {
    traces: Vec<Bytes>,
    metrics: Vec<Bytes>,
    headers: Vec<HeaderMap>,
}

/// A receiver on a port of its own.
pub(crate) struct Collector {
    pub(crate) url: String,
    kept: Arc<Mutex<Kept>>,
}

impl Collector {
    /// Answers every request with this status.
    pub(crate) async fn answering(status: StatusCode) -> Self {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let (traces, metrics) = (Arc::clone(&kept), Arc::clone(&kept));
        let router = Router::new()
            .route(
                "/v1/traces",
                post(async move |headers: HeaderMap, body: Bytes| {
                    let mut kept = traces.lock().expect("not poisoned");
                    kept.traces.push(body);
                    kept.headers.push(headers);
                    status
                }),
            )
            .route(
                "/v1/metrics",
                post(async move |headers: HeaderMap, body: Bytes| {
                    let mut kept = metrics.lock().expect("not poisoned");
                    kept.metrics.push(body);
                    kept.headers.push(headers);
                    status
                }),
            );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, kept }
    }

    /// The spans so far, and who sent them.
    pub(crate) fn spans(&self) -> Vec<(Resource, Span)> {
        let kept = self.kept.lock().expect("not poisoned");
        let requests = kept.traces.iter().map(|bytes| {
            ExportTraceServiceRequest::decode(bytes.clone()).expect("a request of the protocol")
        });
        let of_resources = requests.flat_map(|request| request.resource_spans);
        of_resources
            .flat_map(|of_resource| {
                let resource = of_resource.resource.expect("a resource");
                let spans = of_resource.scope_spans.into_iter().flat_map(|of_scope| of_scope.spans);
                spans.map(move |span| (resource.clone(), span)).collect::<Vec<_>>()
            })
            .collect()
    }

    /// The metrics of the last request.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        let kept = self.kept.lock().expect("not poisoned");
        let Some(last) = kept.metrics.last() else { return Vec::new() };
        let request = ExportMetricsServiceRequest::decode(last.clone()).expect("a request of the protocol");
        let of_scopes =
            request.resource_metrics.into_iter().flat_map(|of_resource| of_resource.scope_metrics);
        of_scopes.flat_map(|of_scope| of_scope.metrics).collect()
    }

    pub(crate) fn requests(&self) -> usize {
        self.kept.lock().expect("not poisoned").headers.len()
    }

    /// Whether every request had this header.
    pub(crate) fn was_told(&self, name: &str, value: &str) -> bool {
        let kept = self.kept.lock().expect("not poisoned");
        kept.headers.iter().all(|headers| headers.get(name).is_some_and(|found| found == value))
    }

    /// Whether this text is anywhere in what was sent.
    pub(crate) fn has(&self, text: &str) -> bool {
        let kept = self.kept.lock().expect("not poisoned");
        let bodies = kept.traces.iter().chain(&kept.metrics);
        bodies.into_iter().any(|body| body.windows(text.len()).any(|window| window == text.as_bytes()))
    }
}

/// An attribute as text.
pub(crate) fn attribute(attributes: &[KeyValue], name: &str) -> Option<String> {
    let value = attributes.iter().find(|attribute| attribute.key == name)?.value.as_ref()?.value.as_ref()?;
    Some(match value {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    })
}
