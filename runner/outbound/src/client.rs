//! The client every request to somebody else is sent with.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, ClientBuilder};

use crate::address::{Policy, Resolver};

/// A client for what this policy allows. Connecting may take half of `timeout`, so that a server that is away is told from one
/// that is slow; the whole is bounded by [`crate::exchange()`].
pub fn client(policy: Policy, timeout: Duration) -> ClientBuilder {
    // Fails where a provider is installed already, which is just as well.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::trace!("a provider of cryptography is installed already");
    }
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        // A request that may have arrived is repeated by whoever knows what that means, or not at all.
        .retry(reqwest::retry::never())
        .dns_resolver(Arc::new(Resolver(policy)))
        .connect_timeout(timeout / 2)
}
