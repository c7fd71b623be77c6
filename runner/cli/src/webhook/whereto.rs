//! Where events may go: to addresses of the internet over TLS, and to this machine and private networks only where
//! somebody said so.
//!
//! Invariant: what is judged is the address that is connected to, each time it is looked up, and not a name.
//! Invariant: nothing reaches a link-local address, which is where clouds answer with credentials.

use std::net::{IpAddr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use synapsor_protocol::Reach;
use url::Host;

/// What an address may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whereto {
    pub(super) allow_private: bool,
    pub(super) is_encrypted: bool,
}

/// Why nothing is sent there. The address is not named: it may tell of a network the reader knows nothing about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the address {0}")]
pub(super) struct Forbidden(&'static str);

impl Whereto {
    /// What can be said without asking for a name.
    pub(super) fn check_url(self, url: &Url) -> Result<(), Forbidden> {
        match url.host() {
            Some(Host::Ipv4(address)) => self.check(address.into()),
            Some(Host::Ipv6(address)) => self.check(address.into()),
            Some(Host::Domain(_)) if self.is_encrypted || self.allow_private => Ok(()),
            Some(Host::Domain(_)) => Err(Forbidden("is plain http, expected https")),
            None => Err(Forbidden("names no host")),
        }
    }

    fn check(self, address: IpAddr) -> Result<(), Forbidden> {
        match Reach::of(address) {
            Reach::Never => Err(Forbidden("is one where no application answers")),
            Reach::Loopback | Reach::Private if !self.allow_private => Err(Forbidden(
                "is of this machine or of a private network, which `--allow-private` lets it be",
            )),
            Reach::Public if !self.is_encrypted => Err(Forbidden("is plain http, expected https")),
            Reach::Public | Reach::Loopback | Reach::Private => Ok(()),
        }
    }
}

/// Looks names up, and answers only if each address may be used.
impl Resolve for Whereto {
    fn resolve(&self, name: Name) -> Resolving {
        let whereto = *self;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            for address in &found {
                whereto.check(address.ip())?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goes(url: &str, allow_private: bool) -> bool {
        let url: Url = url.parse().expect("a URL");
        Whereto { allow_private, is_encrypted: url.scheme() == "https" }.check_url(&url).is_ok()
    }

    #[test]
    fn the_internet_is_reached_over_tls_and_what_is_near_where_that_was_said() {
        for (url, without, with) in [
            ("https://93.184.215.14/", true, true),
            ("https://app.example/", true, true),
            ("http://93.184.215.14/", false, false),
            ("http://app.example/", false, true),
            ("https://127.0.0.1/", false, true),
            ("http://127.0.0.1:8080/", false, true),
            ("http://10.0.0.7/", false, true),
            ("https://[::ffff:192.168.1.1]/", false, true),
            ("https://2130706433/", false, true),
            ("https://169.254.169.254/latest", false, false),
            ("http://169.254.169.254/latest", false, false),
            ("https://[fd00:ec2::254]/", false, false),
            ("http://0.0.0.0/", false, false),
        ] {
            assert_eq!((goes(url, false), goes(url, true)), (without, with), "{url}");
        }
    }

    #[test]
    fn a_plain_name_is_judged_again_by_where_it_leads() {
        let plain = Whereto { allow_private: true, is_encrypted: false };
        assert!(plain.check([10, 0, 0, 7].into()).is_ok());
        assert!(plain.check([93, 184, 215, 14].into()).is_err());
        assert!(plain.check([169, 254, 169, 254].into()).is_err());
    }
}
