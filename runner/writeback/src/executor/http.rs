//! An `http_handler`: one request, one answer, on a connection of their own.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method};
use synapsor_outbound::{self as outbound, BadUrl, Exchange, NotSent, exchange};
use synapsor_protocol::executor::EXECUTOR_ANSWER_BYTES_MAX;

use super::delivery::{Delivery, Manner, NotDone, Silence};
use super::request::Envelope;
use super::signature::signature;
use super::{HttpReach, SigningKey};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const ISSUED_AT: HeaderName = HeaderName::from_static("x-synapsor-issued-at");
const PROPOSAL_ID: HeaderName = HeaderName::from_static("x-synapsor-proposal-id");
/// The key that signs, and its signature; then the same of the key that will replace it.
const SIGNATURES: [(HeaderName, HeaderName); 2] = [
    (HeaderName::from_static("x-synapsor-key-id"), HeaderName::from_static("x-synapsor-signature")),
    (HeaderName::from_static("x-synapsor-next-key-id"), HeaderName::from_static("x-synapsor-next-signature")),
];

/// Sends it once. The time limit covers everything.
pub(super) async fn deliver(reach: &HttpReach, timeout: Duration, envelope: &Envelope) -> Delivery {
    match prepare(reach, timeout, envelope) {
        Ok((client, request)) => judged(exchange(&client, request, timeout, EXECUTOR_ANSWER_BYTES_MAX).await),
        Err(not_done) => Delivery::Undelivered(not_done),
    }
}

fn prepare(
    reach: &HttpReach,
    timeout: Duration,
    envelope: &Envelope,
) -> Result<(Client, reqwest::Request), NotDone> {
    let unusable = |why: &str| NotDone::NotConfigured { why: why.to_owned() };
    let (url, policy) = outbound::target(&reach.url, reach.private_addresses).map_err(|bad| match bad {
        BadUrl::Form => unusable(&bad.to_string()),
        BadUrl::Address(refused) => NotDone::AddressNotAllowed { what: refused.to_string() },
    })?;
    let client = outbound::client(policy, timeout)
        .pool_max_idle_per_host(0)
        .build()
        .map_err(|_| unusable("TLS cannot be set up here"))?;
    let method = Method::from_bytes(reach.method.as_bytes()).map_err(|_| unusable("its method is none"))?;
    let headers = headers(reach, envelope).ok_or_else(|| unusable("its token cannot be sent in a header"))?;
    let request = client.request(method, url).headers(headers).body(envelope.body.clone()).build();
    Ok((client, request.map_err(|_| unusable("its URL or method cannot be used"))?))
}

fn headers(reach: &HttpReach, envelope: &Envelope) -> Option<HeaderMap> {
    let json = HeaderValue::from_static("application/json");
    let mut headers = HeaderMap::from_iter([(ACCEPT, json.clone()), (CONTENT_TYPE, json)]);
    headers.insert(ISSUED_AT, HeaderValue::from_str(&envelope.issued_at).ok()?);
    if let Some(ids) = &envelope.ids {
        headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_str(&ids.idempotency_key).ok()?);
        headers.insert(PROPOSAL_ID, HeaderValue::from_str(&ids.proposal_id).ok()?);
    }
    if let Some(token) = &reach.token {
        headers.insert(AUTHORIZATION, secret(&format!("Bearer {token}"))?);
    }
    for ((id_header, header), SigningKey { id, secret: key }) in SIGNATURES.into_iter().zip(&reach.keys) {
        headers.insert(id_header, HeaderValue::from_str(id).ok()?);
        headers.insert(header, secret(&signature(key, &envelope.body))?);
    }
    Some(headers)
}

fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A request that was turned away was, whatever becomes of the words that come with it.
fn judged(exchanged: Exchange) -> Delivery {
    let silent = |silence| match silence {
        outbound::Silence::TimedOut => Silence::TimedOut,
        outbound::Silence::Lost => Silence::Lost,
        outbound::Silence::TooLong => Silence::TooLong,
    };
    match exchanged {
        Exchange::NotSent(NotSent::AddressNotAllowed(what)) => {
            Delivery::Undelivered(NotDone::AddressNotAllowed { what })
        }
        Exchange::NotSent(NotSent::Unreachable) => Delivery::Undelivered(NotDone::Unreachable),
        Exchange::NotSent(NotSent::Untrusted(why)) => Delivery::Undelivered(NotDone::Untrusted { why }),
        Exchange::Silent { silence, status } => match status.map(Manner::of_status) {
            Some(manner @ Manner::TurnedAway { .. }) => Delivery::Answered { manner, body: Vec::new() },
            Some(Manner::Handled | Manner::Broke) | None => Delivery::Silent(silent(silence)),
        },
        Exchange::Answered { status, body } => Delivery::Answered { manner: Manner::of_status(status), body },
    }
}
