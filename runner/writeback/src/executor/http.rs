//! An `http_handler`: one request, one answer, on a connection of their own.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response};
use synapsor_protocol::executor::EXECUTOR_ANSWER_BYTES_MAX;

use super::address::{self, AddressNotAllowed, BadUrl, Resolver};
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

/// Sends it once. The time limit covers everything; connecting may take half of it, so that a server that is away is told from
/// one that is slow.
pub(super) async fn deliver(reach: &HttpReach, timeout: Duration, envelope: &Envelope) -> Delivery {
    let prepared = prepare(reach, timeout, envelope);
    let (client, request) = match prepared {
        Ok(prepared) => prepared,
        Err(not_done) => return Delivery::Undelivered(not_done),
    };
    let exchanged = tokio::time::timeout(timeout, async {
        match client.execute(request).await {
            Ok(response) => read(response).await,
            Err(error) => unanswered(&error),
        }
    });
    exchanged.await.unwrap_or(Delivery::Silent(Silence::TimedOut))
}

fn prepare(
    reach: &HttpReach,
    timeout: Duration,
    envelope: &Envelope,
) -> Result<(Client, reqwest::Request), NotDone> {
    let unusable = |why: &str| NotDone::NotConfigured { why: why.to_owned() };
    let (url, policy) = address::target(&reach.url, reach.private_addresses).map_err(|bad| match bad {
        BadUrl::Form => unusable(&bad.to_string()),
        BadUrl::Address(refused) => NotDone::AddressNotAllowed { what: refused.to_string() },
    })?;
    // Fails where a provider is installed already, which is just as well.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::trace!("a provider of cryptography is installed already");
    }
    let client = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(Resolver(policy)))
        .connect_timeout(timeout / 2)
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
async fn read(mut response: Response) -> Delivery {
    let manner = Manner::of_status(response.status().as_u16());
    let mut body = Vec::new();
    let silence = loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= EXECUTOR_ANSWER_BYTES_MAX => {
                body.extend_from_slice(&chunk);
            }
            Ok(Some(_)) => break Silence::TooLong,
            Ok(None) => return Delivery::Answered { manner, body },
            Err(_) => break Silence::Lost,
        }
    };
    match manner {
        Manner::TurnedAway { .. } => Delivery::Answered { manner, body: Vec::new() },
        Manner::Handled | Manner::Broke => Delivery::Silent(silence),
    }
}

/// Only what failed before there was a connection was certainly not delivered.
fn unanswered(error: &reqwest::Error) -> Delivery {
    if let Some(refused) = address_refused(error) {
        return Delivery::Undelivered(NotDone::AddressNotAllowed { what: refused.to_string() });
    }
    if error.is_connect() {
        return Delivery::Undelivered(NotDone::Unreachable);
    }
    Delivery::Silent(if error.is_timeout() { Silence::TimedOut } else { Silence::Lost })
}

fn address_refused(error: &reqwest::Error) -> Option<&AddressNotAllowed> {
    let mut cause = error.source();
    while let Some(found) = cause {
        if let Some(refused) = found.downcast_ref() {
            return Some(refused);
        }
        cause = found.source();
    }
    None
}
