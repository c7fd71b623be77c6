//! Where a request may go. The addresses a name stands for are looked at when the connection is made, so that a name that
//! changes its mind is noticed, and never after a redirect, since none is followed.
//!
//! Invariant: no request reaches a link-local address, which is where clouds answer with credentials.

use std::net::{IpAddr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use synapsor_protocol::Reach;
use url::{Host, Url};

/// What a URL may lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    private_addresses: bool,
    /// The URL names this machine.
    is_local: bool,
    is_encrypted: bool,
    /// What is sent may cross no network in clear, not even a private one.
    is_secret: bool,
}

/// Why a URL is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// It is no URL of HTTP, or more than one.
    #[error("its URL is none, or has a user, a password or a fragment; expected `https://host/path`")]
    Form,
    /// It leads where nothing is sent.
    #[error(transparent)]
    Address(#[from] AddressNotAllowed),
}

/// Why an address is not used. It is not named: it may tell of a network the reader knows nothing about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its URL leads to {what}")]
pub struct AddressNotAllowed {
    what: &'static str,
}

/// The URL and what it may lead to, where that can be said without asking for its name.
///
/// # Errors
/// When it is none, or the address in it is not allowed.
pub fn target(text: &str, private_addresses: bool) -> Result<(Url, Policy), BadUrl> {
    let url = Url::parse(text).map_err(|_| BadUrl::Form)?;
    let is_plain_form = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let host = url.host().filter(|_| is_plain_form && matches!(url.scheme(), "http" | "https"));
    let host = host.ok_or(BadUrl::Form)?;
    let literal = match host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
    };
    let is_local = match (&host, literal) {
        (Host::Domain(name), _) => name.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
        (_, Some(address)) => Reach::of(address) == Reach::Loopback,
        (_, None) => false,
    };
    let is_encrypted = url.scheme() == "https";
    let policy = Policy { private_addresses, is_local, is_encrypted, is_secret: false };
    if let Some(address) = literal {
        policy.check(address)?;
    }
    Ok((url, policy))
}

/// The same for requests that carry a secret to wherever somebody put its keeper: any network over TLS, and this machine alone
/// without.
///
/// # Errors
/// As [`target`]; also for a name that is not this machine's, without TLS.
pub fn target_of_secrets(text: &str) -> Result<(Url, Policy), BadUrl> {
    let (url, policy) = target(text, true)?;
    let policy = Policy { is_secret: true, ..policy };
    if policy.is_encrypted || policy.is_local { Ok((url, policy)) } else { Err(IN_CLEAR.into()) }
}

const IN_CLEAR: AddressNotAllowed =
    AddressNotAllowed { what: "another machine without TLS, expected `https://`" };

impl Policy {
    /// Whether the URL names this machine.
    pub fn is_local(self) -> bool {
        self.is_local
    }

    fn check(self, address: IpAddr) -> Result<(), AddressNotAllowed> {
        let refused = |what| Err(AddressNotAllowed { what });
        match Reach::of(address) {
            Reach::Never => refused("an address where no application answers"),
            Reach::Loopback if !self.is_local && !self.private_addresses => {
                refused("this machine under another name, which is not allowed here")
            }
            Reach::Private | Reach::Public if self.is_secret && !self.is_encrypted => Err(IN_CLEAR),
            Reach::Private if !self.private_addresses => {
                refused("a private network, which is not allowed here")
            }
            Reach::Public if !self.is_encrypted => {
                refused("a public address without TLS, expected `https://`")
            }
            Reach::Public | Reach::Loopback | Reach::Private => Ok(()),
        }
    }
}

/// Asks the system for a name's addresses, and answers only if each of them may be used.
#[derive(Debug)]
pub(crate) struct Resolver(pub(crate) Policy);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            for address in &found {
                policy.check(address.ip())?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, private_addresses: bool) -> bool {
        match target(url, private_addresses) {
            Ok(_) => true,
            Err(BadUrl::Address(_)) => false,
            Err(BadUrl::Form) => panic!("{url} is a URL"),
        }
    }

    #[test]
    fn where_credentials_are_handed_out_nothing_is_ever_sent() {
        for host in [
            "169.254.169.254",
            "2852039166",
            "0xa9.0xfe.0xa9.0xfe",
            "[::ffff:169.254.169.254]",
            "[64:ff9b::a9fe:a9fe]",
            "[2002:a9fe:a9fe::1]",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "100.100.100.200",
            "0.0.0.0",
            "[::]",
            "255.255.255.255",
            "224.0.0.1",
        ] {
            for private in [false, true] {
                assert!(!check(&format!("https://{host}/latest/meta-data"), private), "{host}");
            }
        }
    }

    #[test]
    fn a_private_network_is_for_those_who_say_so() {
        for host in ["10.0.0.7", "192.168.1.2", "172.16.0.9", "100.64.0.1", "[fd12::1]", "[::ffff:10.0.0.7]"]
        {
            assert!(!check(&format!("https://{host}/"), false), "{host}");
            assert!(check(&format!("https://{host}/"), true), "{host}");
            assert!(check(&format!("http://{host}/"), true), "{host}");
        }
    }

    #[test]
    fn a_public_address_is_asked_over_tls_and_this_machine_either_way() {
        assert!(check("https://93.184.215.14/hook", false));
        for private in [false, true] {
            assert!(!check("http://93.184.215.14/hook", private));
            assert!(check("http://127.0.0.1:8080/hook", private));
            assert!(check("http://[::1]:8080/hook", private));
        }
    }

    #[test]
    fn a_name_is_judged_by_each_of_its_addresses() {
        let judged = |url: &str, private, address: &str| {
            let (_, policy) = target(url, private).expect("a URL");
            policy.check(address.parse().expect("an address")).is_ok()
        };
        assert!(judged("https://app.example/hook", false, "93.184.215.14"));
        assert!(!judged("http://app.example/hook", true, "93.184.215.14"));
        assert!(!judged("https://app.example/hook", false, "127.0.0.1"));
        assert!(!judged("https://app.example/hook", false, "10.0.0.7"));
        assert!(judged("http://app.internal/hook", true, "10.0.0.7"));
        assert!(!judged("http://app.internal/hook", true, "169.254.169.254"));
        assert!(judged("http://localhost:3000/hook", false, "127.0.0.1"));
    }

    #[test]
    fn a_secret_goes_over_tls_or_stays_on_this_machine() {
        for (url, usable) in [
            ("https://plane.example", true),
            ("https://plane.example/base/", true),
            ("https://10.0.0.7:8770", true),
            ("http://127.0.0.1:8770", true),
            ("http://[::1]:8770", true),
            ("http://localhost:8770", true),
            ("http://plane.example", false),
            ("http://10.0.0.7:8770", false),
            ("http://localhost.example", false),
            ("https://169.254.169.254", false),
            ("https://me@plane.example", false),
            ("ftp://plane.example", false),
            ("plane.example", false),
            ("", false),
        ] {
            assert_eq!(target_of_secrets(url).is_ok(), usable, "{url}");
        }
        // A name of this machine's that somebody else's resolver bends.
        let (_, policy) = target_of_secrets("http://localhost:8770").expect("a URL");
        for (address, usable) in [("127.0.0.1", true), ("10.0.0.7", false), ("93.184.215.14", false)] {
            assert_eq!(policy.check(address.parse().expect("an address")).is_ok(), usable, "{address}");
        }
    }

    #[test]
    fn what_is_no_plain_url_is_not_used() {
        for text in ["", "app/hook", "ftp://app/", "file:///etc/passwd", "https://u:p@app/", "https://app/#a"]
        {
            assert_eq!(target(text, true).map(|_| ()), Err(BadUrl::Form), "{text}");
        }
    }
}
