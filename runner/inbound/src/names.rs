//! The names a server answers to, and what a request may say only once.
//!
//! A web page can make a browser send requests to any address, this machine's own included; `Host` is what a page cannot choose. So
//! a request for a name that is not this server's is refused: it comes from a page whose own name was bent to this address.

use std::net::IpAddr;

use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use synapsor_protocol::{Code, Refusal};

/// Names of this machine that only this machine reaches.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// A name as it stands in `Host`, with its port where it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name or address, in lower case.
    pub host: String,
    /// The port that was said.
    pub port: Option<u16>,
}

impl Name {
    /// The name a text is; none where it holds anything else as well.
    pub fn parse(text: &str) -> Option<Self> {
        let authority: Authority = text.parse().ok()?;
        let (host, port) = (authority.host(), authority.port_u16());
        // The parser takes `user@host`, and a port that is no number for no port at all.
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
        let says_port = text.strip_prefix(host)?.starts_with(':');
        let is_name = !host.is_empty() && host.bytes().all(is_host) && says_port == port.is_some();
        is_name.then(|| Self { host: host.to_ascii_lowercase(), port })
    }

    /// A name without a port stands for all of them: what a client calls the server is up to proxies and containers.
    fn allows(&self, asked: &Self) -> bool {
        self.host == asked.host && self.port.is_none_or(|port| asked.port == Some(port))
    }
}

/// The names a server answers to.
#[derive(Debug, Clone)]
pub struct Names {
    allowed: Vec<Name>,
}

impl Names {
    /// The loopback names, the address served on, and whatever else is named.
    ///
    /// # Errors
    /// [`Code::HttpExposureInvalid`] for a name that is none.
    pub fn new(served_on: IpAddr, more: &[String]) -> Result<Self, Refusal> {
        let served_on = match served_on {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        let own = LOOPBACK.into_iter().chain([served_on.as_str()]).filter_map(Name::parse);
        let named = more.iter().map(|text| {
            Name::parse(text).ok_or_else(|| {
                let expected = "expected a name such as `runner.example`, or `name:port`";
                Refusal::new(Code::HttpExposureInvalid, format!("`{text}` is not a host, {expected}"))
            })
        });
        Ok(Self { allowed: own.map(Ok).chain(named).collect::<Result<_, _>>()? })
    }

    /// The name a request is for, provided it says so, and it is one of these.
    ///
    /// # Errors
    /// [`Code::HttpRequestInvalid`] where it does not say so, [`Code::HttpHostNotAllowed`] for another name.
    pub fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<Name, Refusal> {
        let text = headers.get(HOST).map(HeaderValue::to_str).transpose();
        let named = match (text, uri.authority()) {
            (Ok(Some(text)), None) => Name::parse(text),
            // A request line with a whole address in it has to say the same as the header.
            (Ok(Some(text)), Some(authority)) if text == authority.as_str() => Name::parse(text),
            _ => None,
        };
        let said = "the request does not say for which host it is";
        let asked = named.ok_or_else(|| Refusal::new(Code::HttpRequestInvalid, said))?;
        if self.allowed.iter().any(|allowed| allowed.allows(&asked)) {
            return Ok(asked);
        }
        Err(Refusal::new(Code::HttpHostNotAllowed, "this server does not answer to the request's `Host`")
            .hint("the operator can add a name with --allow-host"))
    }
}

/// Whether each of these headers stands there once at most: of two it would be open which one is meant, and a proxy in front may
/// have judged the other one.
///
/// # Errors
/// [`Code::HttpRequestInvalid`], with the header's name.
pub fn check_once(headers: &HeaderMap, names: &[HeaderName]) -> Result<(), Refusal> {
    match names.iter().find(|name| headers.get_all(*name).iter().nth(1).is_some()) {
        None => Ok(()),
        Some(twice) => {
            Err(Refusal::new(Code::HttpRequestInvalid, format!("the header `{twice}` stands there twice")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(host: &str, uri: &str) -> Option<&'static str> {
        let more = ["plane.example", "other.example:8443"].map(str::to_owned);
        let names = Names::new("2001:db8::7".parse().expect("an address"), &more).expect("names");
        let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_str(host).expect("a value"))]);
        let checked = names.check(&uri.parse().expect("an address"), &headers);
        checked.err().map(|refusal| refusal.code.as_str())
    }

    #[test]
    fn a_name_is_one_of_the_servers_or_the_request_is_refused() {
        for host in ["localhost:1", "[::1]", "[2001:db8::7]:8770", "PLANE.example", "other.example:8443"] {
            assert_eq!(code(host, "/health"), None, "{host}");
        }
        for host in ["other.example", "evil.example", "plane.example.evil.example", "0.0.0.0", "2130706433"] {
            assert_eq!(code(host, "/health"), Some("HTTP_HOST_NOT_ALLOWED"), "{host}");
        }
        for host in ["", "me@localhost", "localhost:x", "a b"] {
            assert_eq!(code(host, "/health"), Some("HTTP_REQUEST_INVALID"), "{host}");
        }
        assert_eq!(code("localhost", "http://localhost/health"), None);
        assert_eq!(code("localhost", "http://evil.example/health"), Some("HTTP_REQUEST_INVALID"));
    }

    #[test]
    fn a_header_that_decides_something_stands_there_once() {
        let mut headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static("localhost"))]);
        assert!(check_once(&headers, &[HOST]).is_ok());
        headers.append(HOST, HeaderValue::from_static("localhost"));
        let refused = check_once(&headers, &[HOST]).expect_err("twice");
        assert!(refused.message.contains("`host`"), "{}", refused.message);
    }
}
