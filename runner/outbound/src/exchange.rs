//! One request and what came back, told apart by what can be known of it: not sent, no whole answer, or an answer.

use std::error::Error as _;
use std::time::Duration;

use reqwest::{Client, Request, Response};
use rustls::CertificateError as Bad;

use crate::address::AddressNotAllowed;

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exchange {
    /// The other side certainly never saw it.
    NotSent(NotSent),
    /// It may have been acted on; no whole answer came.
    Silent {
        /// Why not.
        silence: Silence,
        /// The status, where one came before the rest did not.
        status: Option<u16>,
    },
    /// A whole answer.
    Answered {
        /// Its status.
        status: u16,
        /// Its body.
        body: Vec<u8>,
    },
}

/// Why a request did not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSent {
    /// The name leads to an address that is not allowed; where to, in words that name none.
    AddressNotAllowed(String),
    /// No connection came about.
    Unreachable,
    /// Whoever answered there did not show who they are; in words.
    Untrusted(&'static str),
}

/// Why there is no whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// The time was over.
    TimedOut,
    /// The connection broke.
    Lost,
    /// More was sent than an answer may have.
    TooLong,
}

/// Sends a request once, and reads `bytes_max` of the answer at most. `timeout` covers everything.
pub async fn exchange(client: &Client, request: Request, timeout: Duration, bytes_max: usize) -> Exchange {
    let exchanged = tokio::time::timeout(timeout, async {
        match client.execute(request).await {
            Ok(response) => read(response, bytes_max).await,
            Err(error) => unanswered(&error),
        }
    });
    exchanged.await.unwrap_or(Exchange::Silent { silence: Silence::TimedOut, status: None })
}

async fn read(mut response: Response, bytes_max: usize) -> Exchange {
    let status = response.status().as_u16();
    let mut body = Vec::new();
    let silence = loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= bytes_max => body.extend_from_slice(&chunk),
            Ok(Some(_)) => break Silence::TooLong,
            Ok(None) => return Exchange::Answered { status, body },
            Err(_) => break Silence::Lost,
        }
    };
    Exchange::Silent { silence, status: Some(status) }
}

/// Only what failed before there was a connection was certainly not sent.
fn unanswered(error: &reqwest::Error) -> Exchange {
    if let Some(refused) = address_refused(error) {
        return Exchange::NotSent(NotSent::AddressNotAllowed(refused.to_string()));
    }
    if error.is_connect() {
        return Exchange::NotSent(untrusted(error).map_or(NotSent::Unreachable, NotSent::Untrusted));
    }
    let silence = if error.is_timeout() { Silence::TimedOut } else { Silence::Lost };
    Exchange::Silent { silence, status: None }
}

/// Where a name led that nothing is sent to, if that is why a request did not leave.
pub fn address_refused(error: &reqwest::Error) -> Option<&AddressNotAllowed> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// Why there is no TLS with whoever answered, if that is why a request did not leave.
pub fn untrusted(error: &reqwest::Error) -> Option<&'static str> {
    causes(error).find_map(told_by_tls).map(in_words)
}

/// What TLS says is handed up in errors of input and output, which do not count what they wrap among their causes.
fn told_by_tls<'e>(cause: &'e (dyn std::error::Error + 'static)) -> Option<&'e rustls::Error> {
    match cause.downcast_ref() {
        Some(told) => Some(told),
        None => told_by_tls(cause.downcast_ref::<std::io::Error>()?.get_ref()?),
    }
}

fn in_words(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(why) => match why {
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
                "its certificate is for another name"
            }
            Bad::Expired | Bad::ExpiredContext { .. } => "its certificate is no longer valid",
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => "its certificate is not valid yet",
            // Of an issuer nobody knows, its own issuer, or worse.
            _ => "its certificate is not trusted here",
        },
        rustls::Error::InvalidMessage(_) => "it does not speak TLS",
        _ => "no TLS came about with it",
    }
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}
