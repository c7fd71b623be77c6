//! The wire to the service: one address, one token, JSON both ways.

use std::fmt;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, Request};
use serde_json::{Map, Value as Json};
use synapsor_outbound::{BadUrl, Exchange, NotSent, exchange};
use synapsor_protocol::{Code, Refusal};
use url::Url;

use crate::answer;

/// The first pause before a question is asked again; each is twice the one before, and up to as much again is drawn.
const PAUSE_FIRST: Duration = Duration::from_millis(100);

/// How often a question is asked again. Also a call, as long as no connection came about.
const TRIES_MORE: usize = 2;

/// Most bytes of an answer that is not a list of tools.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Where the service is, and who asks.
#[derive(Clone)]
pub struct CloudSettings {
    /// The service's URL.
    pub base_url: String,
    /// The runner token.
    pub token: String,
    /// Which adapter's tools are served.
    pub adapter_id: String,
    /// For whom: sent with every list and every call.
    pub session: Map<String, Json>,
    /// How long one request may take, in milliseconds.
    pub timeout_ms: u64,
    /// Whether the URL may lead into a private network, and then be `http://`.
    pub private_addresses: bool,
}

/// A hosted service.
pub struct Service {
    client: Client,
    base: Url,
    authorization: HeaderValue,
    timeout: Duration,
    pub(crate) settings: CloudSettings,
}

/// Without URL, token and session.
impl fmt::Debug for CloudSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudSettings").field("adapter_id", &self.adapter_id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Service {
    /// A service at that URL. Nothing is sent yet.
    ///
    /// # Errors
    /// When the URL is none, or leads where the config does not allow it, or no header can carry the token.
    pub fn new(settings: CloudSettings) -> Result<Self, Refusal> {
        let unusable = |what: &str| Refusal::new(Code::CloudNotConfigured, what);
        let (base, policy) = synapsor_outbound::target(&settings.base_url, settings.private_addresses)
            .map_err(|bad| match bad {
                BadUrl::Form => unusable(&format!("the hosted service cannot be asked: {bad}")),
                BadUrl::Address(refused) => not_allowed(&refused.to_string()),
            })?;
        if base.query().is_some() {
            return Err(unusable("the hosted service cannot be asked: its URL has a query"));
        }
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", settings.token))
            .map_err(|_| unusable("the runner token holds characters that no header can carry"))?;
        authorization.set_sensitive(true);
        let timeout = Duration::from_millis(settings.timeout_ms);
        let client = synapsor_outbound::client(policy, timeout)
            .build()
            .map_err(|_| unusable("TLS cannot be set up here"))?;
        Ok(Self { client, base, authorization, timeout, settings })
    }

    /// Asks something that may be asked again, and asks again where that may help.
    pub(crate) async fn ask(&self, question: &Question<'_>) -> Result<Map<String, Json>, Refusal> {
        let pauses = ExponentialBuilder::default()
            .with_min_delay(PAUSE_FIRST)
            .with_jitter()
            .with_max_times(TRIES_MORE);
        let once = || async { answer::of_question(self.exchange(question).await?, &self.settings.token) };
        let may_pass = |refusal: &Refusal| refusal.code == Code::CloudUnavailable;
        once.retry(pauses).sleep(tokio::time::sleep).when(may_pass).await
    }

    /// Sends something that may be sent once. Again only as long as there was no connection to send it on.
    pub(crate) async fn send(&self, question: &Question<'_>) -> Result<Map<String, Json>, Refusal> {
        let pauses = ExponentialBuilder::default()
            .with_min_delay(PAUSE_FIRST)
            .with_jitter()
            .with_max_times(TRIES_MORE);
        let once = || async {
            match self.exchange(question).await? {
                Exchange::NotSent(NotSent::Unreachable) => Err(None),
                exchanged => answer::of_call(exchanged, &self.settings.token).map_err(Some),
            }
        };
        let sent = once.retry(pauses).sleep(tokio::time::sleep).when(Option::<Refusal>::is_none).await;
        sent.map_err(|refusal| refusal.unwrap_or_else(answer::unreachable))
    }

    /// Whether somebody answers there, whatever the words are.
    pub(crate) async fn look(&self, question: &Question<'_>) -> Result<(), Refusal> {
        match self.exchange(question).await? {
            Exchange::Answered { status: 200..=299, .. } => Ok(()),
            exchanged => answer::of_question(exchanged, &self.settings.token).map(|_| ()),
        }
    }

    async fn exchange(&self, question: &Question<'_>) -> Result<Exchange, Refusal> {
        let request = self.request(question)?;
        Ok(exchange(&self.client, request, self.timeout, question.answer_bytes_max).await)
    }

    fn request(&self, question: &Question<'_>) -> Result<Request, Refusal> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(question.path);
        }
        let method = if question.body.is_some() { Method::POST } else { Method::GET };
        let mut request = self.client.request(method, url).header(ACCEPT, "application/json");
        if !question.anonymous {
            request = request.header(AUTHORIZATION, self.authorization.clone());
        }
        if let Some(body) = &question.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        request.build().map_err(Refusal::bug)
    }
}

/// One question to the service.
pub(crate) struct Question<'a> {
    path: &'a [&'a str],
    body: Option<Json>,
    answer_bytes_max: usize,
    anonymous: bool,
}

impl<'a> Question<'a> {
    /// A POST of this document.
    pub(crate) fn post(path: &'a [&'a str], body: Json) -> Self {
        Self { path, body: Some(body), answer_bytes_max: ANSWER_BYTES_MAX, anonymous: false }
    }

    /// A GET.
    pub(crate) fn get(path: &'a [&'a str]) -> Self {
        Self { path, body: None, answer_bytes_max: ANSWER_BYTES_MAX, anonymous: false }
    }

    /// With another limit of the answer.
    pub(crate) fn answered_within(mut self, bytes_max: usize) -> Self {
        self.answer_bytes_max = bytes_max;
        self
    }

    /// Without the token.
    pub(crate) fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }
}

/// The address is one that nothing is sent to.
pub(crate) fn not_allowed(what: &str) -> Refusal {
    Refusal::new(Code::CloudAddressNotAllowed, format!("the hosted service is not asked: {what}"))
        .hint("name the service's own address; one in a private network needs `cloud.private_addresses`")
}
