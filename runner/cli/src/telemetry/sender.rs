//! What carries telemetry to its receiver: on the runtime, because the library sends from threads of its own, where nothing
//! asynchronous can run.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use synapsor_protocol::Refusal;
use tokio::runtime::Handle;

/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Sends on the runtime. Clones share their connections.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    runtime: Handle,
    client: reqwest::Client,
    /// That nothing gets through was said, and nothing got through since.
    is_lost: Arc<AtomicBool>,
}

impl Sender {
    pub(super) fn new() -> Result<Self, Refusal> {
        if rustls::crypto::ring::default_provider().install_default().is_err() {
            tracing::debug!("the cryptography is chosen already");
        }
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(REQUEST_TIMEOUT)
            .build()
            .map_err(Refusal::bug)?;
        Ok(Self { runtime: Handle::current(), client, is_lost: Arc::default() })
    }

    /// Says that nothing gets through, once; neither the address nor what was answered.
    fn heard(is_lost: &AtomicBool, answer: &Result<Response<Bytes>, HttpError>) {
        let status = answer.as_ref().ok().map(Response::status);
        let is_taken = status.is_some_and(|status| status.is_success());
        if !is_taken && !is_lost.swap(true, Ordering::Relaxed) {
            let status = status.map(|status| status.as_u16());
            tracing::warn!(status, "the receiver of telemetry does not take it; the work goes on without");
        }
        if is_taken && is_lost.swap(false, Ordering::Relaxed) {
            tracing::warn!("the receiver of telemetry takes it again");
        }
    }
}

impl HttpClient for Sender {
    fn send_bytes<'this, 'sent>(
        &'this self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'sent>>
    where
        'this: 'sent,
        Self: 'sent,
    {
        let (client, is_lost) = (self.client.clone(), Arc::clone(&self.is_lost));
        let sending = self.runtime.spawn(async move {
            let answer = client.send_bytes(request).await;
            Self::heard(&is_lost, &answer);
            answer
        });
        Box::pin(async move { sending.await? })
    }
}
