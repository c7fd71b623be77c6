//! Whoever the events go to: how one is put to them, and what their answer means.
//!
//! Invariant: neither the address nor the secret is printed; an answer's body is not read. The room `outbound` holds where a
//! request may go.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};
use synapsor_outbound::{self as outbound, Policy};
use synapsor_protocol::webhook::SIGNATURE_HEADER;
use synapsor_protocol::{Clock, Code, Digest, EventEnvelope, Moment, Refusal, WebhookSecret};

use crate::args::Webhook;
use crate::settings::Settings;
use crate::wiring;

/// Hex digits of the address's digest in a file's name.
const SHORT_NAME_DIGITS: usize = 16;

/// What came of sending an event.
pub(super) enum Sent {
    /// The receiver has it.
    Taken,
    /// It does not, and may take it later.
    NotNow {
        /// In words.
        why: String,
        /// How long it asked to be left alone.
        after: Option<Duration>,
    },
}

/// A receiver and how it is reached.
pub(super) struct Receiver {
    client: Client,
    url: Url,
    secret: WebhookSecret,
    key_id: String,
    authorization: Option<HeaderValue>,
    clock: Arc<dyn Clock>,
}

impl Receiver {
    /// What was typed, checked. Nothing is connected.
    pub(super) fn new(typed: &Webhook, settings: &Settings) -> Result<Self, Refusal> {
        let invalid = |name: &str, why: &str| Refusal::new(Code::InvalidInput, format!("`{name}` {why}"));
        let variable =
            |name: &str| settings.environment.get(name).ok_or_else(|| invalid(name, "is not set, or empty"));
        let (url, policy) = address(variable(&typed.url_env)?, typed)?;
        let secret = WebhookSecret::new(variable(&typed.secret_env)?)
            .ok_or_else(|| invalid(&typed.secret_env, "holds no secret of 32 characters or more"))?;
        let bearer = |name: &String| {
            let text = format!("Bearer {}", variable(name)?);
            let mut value = HeaderValue::from_str(&text).map_err(|_| invalid(name, "holds no token"))?;
            value.set_sensitive(true);
            Ok(value)
        };
        Ok(Self {
            client: client(policy, Duration::from_millis(typed.timeout_ms))?,
            url,
            secret,
            key_id: typed.key_id.clone(),
            authorization: typed.auth_token_env.as_ref().map(bearer).transpose()?,
            clock: wiring::clock(),
        })
    }

    /// Of the address, which may hold a token, a name that tells nothing of it.
    pub(super) fn short_name(&self) -> String {
        let digest = Digest::of_bytes(self.url.as_str().as_bytes());
        digest.hex().chars().take(SHORT_NAME_DIGITS).collect()
    }

    /// Sends one event once.
    pub(super) async fn send(&self, envelope: &EventEnvelope) -> Result<Sent, Refusal> {
        let body = serde_json::to_vec(envelope).map_err(Refusal::bug)?;
        let at_seconds = self.clock.now().micros().div_euclid(1_000_000);
        let mut request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", &envelope.id)
            .header(SIGNATURE_HEADER, self.secret.sign(&self.key_id, at_seconds, &body));
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        match request.body(body).send().await {
            Ok(answer) => judged(&answer, self.clock.now()),
            Err(error) => match outbound::address_refused(&error) {
                Some(refused) => Err(Refusal::new(Code::WebhookRefused, refused.to_string()).hint(NEAR)),
                None => Ok(Sent::NotNow { why: failure(&error).to_owned(), after: None }),
            },
        }
    }
}

/// What an answer means, by its status alone.
fn judged(answer: &Response, now: Moment) -> Result<Sent, Refusal> {
    let status = answer.status();
    let later = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
    if status.is_success() {
        return Ok(Sent::Taken);
    }
    let mut why = format!("the receiver answered `{}`", status.as_u16());
    if status.is_server_error() || later.contains(&status) {
        let after =
            answer.headers().get(RETRY_AFTER).and_then(|after| retry_after(after.to_str().ok()?, now));
        return Ok(Sent::NotNow { why, after });
    }
    if status.is_redirection() {
        why.push_str(", and a redirect is not followed");
    }
    Err(Refusal::new(Code::WebhookRefused, why)
        .hint("the command begins with this event when it is repeated"))
}

/// How long a receiver asks to be left alone: so many seconds, or until a date. One that is over asks for nothing.
fn retry_after(text: &str, now: Moment) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(text.trim()).ok()?.duration_since(UNIX_EPOCH).ok()?;
    let now = Duration::from_micros(u64::try_from(now.micros()).ok()?);
    Some(until.saturating_sub(now))
}

/// In words, without the address.
fn failure(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "the receiver did not answer in time"
    } else if error.is_connect() {
        outbound::untrusted(error).unwrap_or("the receiver cannot be reached")
    } else {
        "the connection broke off, or what came was no answer"
    }
}

/// Where events may go: over TLS, and to this machine or a private network only where somebody said so.
fn address(text: &str, typed: &Webhook) -> Result<(Url, Policy), Refusal> {
    let wrong = |why: &str, hint: &str| {
        let message = format!("`{}` holds no address that events are sent to: {why}", typed.url_env);
        Refusal::new(Code::WebhookRefused, message).hint(hint)
    };
    let (url, policy) = outbound::target(text, typed.allow_private).map_err(|bad| match bad {
        outbound::BadUrl::Form => wrong(&bad.to_string(), "--auth-token-env names a variable with a token"),
        outbound::BadUrl::Address(_) => wrong(&bad.to_string(), NEAR),
    })?;
    if policy.is_local() && !typed.allow_private {
        return Err(wrong("its URL leads to this machine, which is not allowed here", NEAR));
    }
    if url.scheme() == "http" && !typed.allow_private {
        return Err(wrong("it is plain http, expected https", NEAR));
    }
    Ok((url, policy))
}

/// Said of an address that is near.
const NEAR: &str = "--allow-private lets it be of this machine or of a private network, and plain http there";

fn client(policy: Policy, timeout: Duration) -> Result<Client, Refusal> {
    outbound::client(policy, timeout).timeout(timeout).build().map_err(Refusal::bug)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_asks_to_be_left_alone_for_seconds_or_until_a_date() {
        // Sunday, 6 November 1994, 08:49:37 UTC.
        let now = Moment::from_micros(784_111_777_000_000).expect("in range");
        let seconds = |text: &str| retry_after(text, now).map(|after| after.as_secs());
        assert_eq!(seconds("120"), Some(120));
        for date in
            ["Sun, 06 Nov 1994 08:51:37 GMT", "Sunday, 06-Nov-94 08:51:37 GMT", "Sun Nov  6 08:51:37 1994"]
        {
            assert_eq!(seconds(date), Some(120), "{date}");
        }
        assert_eq!(seconds("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0), "over already");
        for neither in ["", "-1", "1.5", "soon", "Sun, 06 Nov 1994 25:51:37 GMT"] {
            assert_eq!(seconds(neither), None, "{neither}");
        }
    }
}
