//! By which names the pages may be reached: the defence against DNS rebinding and against pages of other sites.
//!
//! Invariant: a name that is not on the list is refused before anything else is looked at. A site that points its own name
//! at this machine cannot get on the list; an address cannot be pointed anywhere.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, Uri, header};

/// The names.
pub(crate) struct Hosts {
    bound: SocketAddr,
}

impl Hosts {
    pub(crate) fn new(bound: SocketAddr) -> Self {
        Self { bound }
    }

    pub(crate) fn port(&self) -> u16 {
        self.bound.port()
    }

    /// The address a person opens.
    pub(crate) fn address(&self) -> String {
        let ip = match self.bound.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
            IpAddr::V6(ip) if ip.is_unspecified() => "[::1]".to_owned(),
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        format!("http://{ip}:{}", self.port())
    }

    /// Whether a request is meant for these pages: one `Host`, on the list, and no other authority beside it.
    pub(crate) fn admits(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        let Some(host) = only(headers, header::HOST) else { return false };
        uri.authority().is_none_or(|authority| authority.as_str() == host) && self.is_ours(host)
    }

    /// Whether an `Origin` is one of our own pages'.
    pub(crate) fn is_our_origin(&self, origin: &str) -> bool {
        origin.strip_prefix("http://").is_some_and(|host| self.is_ours(host))
    }

    fn is_ours(&self, host: &str) -> bool {
        let Some((name, port)) = host.rsplit_once(':') else { return false };
        // `080` and `+80` are numbers too.
        if port != self.port().to_string() {
            return false;
        }
        let loopback = self.bound.ip().is_loopback() || self.bound.ip().is_unspecified();
        if loopback && matches!(name, "127.0.0.1" | "localhost" | "[::1]") {
            return true;
        }
        let plain = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
        let Ok(address) = plain.parse::<IpAddr>() else { return false };
        match self.bound.ip() {
            // Bound to every address of the machine: any of them may be meant.
            ip if ip.is_unspecified() => !address.is_unspecified(),
            ip => address == ip,
        }
    }
}

/// The header's value where it stands there once and is text.
pub(crate) fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(bound: &str, host: &str) -> bool {
        Hosts::new(bound.parse().unwrap()).is_ours(host)
    }

    #[test]
    fn only_our_own_names_with_our_own_port_are_ours() {
        for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"] {
            assert!(admits("127.0.0.1:8080", host), "{host}");
        }
        for host in [
            "",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:80",
            "127.0.0.1:08080",
            "127.0.0.1:+8080",
            "127.0.0.1:8080:8080",
            "127.0.0.2:8080",
            "127.1:8080",
            "2130706433:8080",
            "0x7f.1:8080",
            "0.0.0.0:8080",
            "[::]:8080",
            "::1:8080",
            "localhost.:8080",
            "LOCALHOST:8080",
            "evil.example:8080",
            "127.0.0.1.evil.example:8080",
            "localhost.evil.example:8080",
            "user@127.0.0.1:8080",
            "127.0.0.1:8080/",
            " 127.0.0.1:8080",
            "xn--lcalhost-n4a:8080",
        ] {
            assert!(!admits("127.0.0.1:8080", host), "{host}");
        }
    }

    #[test]
    fn a_remote_bind_is_reached_by_address_and_never_by_a_strangers_name() {
        assert!(admits("0.0.0.0:8080", "192.168.1.7:8080"));
        assert!(admits("0.0.0.0:8080", "localhost:8080"));
        assert!(admits("192.168.1.7:8080", "192.168.1.7:8080"));
        for host in ["evil.example:8080", "0.0.0.0:8080", "192.168.1.7:80"] {
            assert!(!admits("0.0.0.0:8080", host), "{host}");
        }
        for host in ["192.168.1.8:8080", "localhost:8080", "127.0.0.1:8080"] {
            assert!(!admits("192.168.1.7:8080", host), "{host}");
        }
    }

    #[test]
    fn an_origin_is_ours_with_scheme_and_port() {
        let hosts = Hosts::new("127.0.0.1:8080".parse().unwrap());
        assert!(hosts.is_our_origin("http://127.0.0.1:8080"));
        for origin in [
            "null",
            "http://127.0.0.1:8081",
            "https://127.0.0.1:8080",
            "http://127.0.0.1:8080.evil.example",
            "*",
        ] {
            assert!(!hosts.is_our_origin(origin), "{origin}");
        }
    }
}
