//! Which names the server answers to, and which web pages may talk to it.
//!
//! A web page can make a browser send requests to any address, this machine's own included; `Host` and `Origin` are what
//! a page cannot choose. So a request for a name that is not this server's is refused (a page whose own name was bent to
//! this address), and so is one from another page than the named ones. Programs send no `Origin` and are not concerned.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH,
    CONTENT_TYPE, HOST, HeaderName, ORIGIN, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use synapsor_inbound::{Name, Names, check_once};
use synapsor_protocol::{Code, Refusal};

use super::answer::refused;
use super::headers::{MCP_METHOD, MCP_NAME, PROTOCOL_VERSION, SESSION_ID};

/// Headers that decide something.
const SINGLE: [HeaderName; 9] = [
    HOST,
    ORIGIN,
    AUTHORIZATION,
    CONTENT_TYPE,
    CONTENT_LENGTH,
    PROTOCOL_VERSION,
    SESSION_ID,
    MCP_METHOD,
    MCP_NAME,
];

/// What a page of the one origin may send.
const CORS_REQUEST_HEADERS: &str = "authorization, content-type, accept, last-event-id, mcp-protocol-version, \
                                    mcp-session-id, mcp-method, mcp-name, traceparent, tracestate";

/// What a page of the one origin may read of an answer, besides its body.
const CORS_ANSWER_HEADERS: &str = "mcp-session-id, www-authenticate, retry-after";

/// How long a browser may remember what it was allowed.
const CORS_REMEMBERED_SECONDS: &str = "600";

/// Which names the server answers to, and which web pages may talk to it.
#[derive(Debug)]
pub(crate) struct Exposure {
    names: Names,
    origins: Vec<Origin>,
    /// The one origin whose pages may also read the answers.
    cors: Option<HeaderValue>,
}

impl Exposure {
    /// The loopback names, the address served on, and whatever else is named.
    ///
    /// # Errors
    /// [`Code::HttpExposureInvalid`] for a name or an origin that is not one.
    pub(crate) fn new(
        served_on: IpAddr,
        hosts: &[String],
        origins: &[String],
        cors: Option<&str>,
    ) -> Result<Self, Refusal> {
        let origins = origins.iter().map(String::as_str).chain(cors).map(|text| {
            Origin::parse(text).ok_or_else(|| {
                let expected = "expected one such as `https://app.example:8443`";
                Refusal::new(Code::HttpExposureInvalid, format!("`{text}` is not an origin, {expected}"))
            })
        });
        Ok(Self {
            names: Names::new(served_on, hosts)?,
            origins: origins.collect::<Result<_, _>>()?,
            cors: cors.map(HeaderValue::from_str).transpose().map_err(Refusal::bug)?,
        })
    }

    fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        check_once(headers, &SINGLE)?;
        let host = self.names.check(uri, headers)?;
        self.origin(headers, &host)?;
        if uri.query().is_some_and(|query| query.contains("token=")) {
            return Err(Refusal::new(
                Code::HttpRequestInvalid,
                "a token in the address would end up in logs",
            )
            .hint("send it as `Authorization: Bearer`"));
        }
        Ok(())
    }

    fn origin(&self, headers: &HeaderMap, host: &Name) -> Result<(), Refusal> {
        let Some(value) = headers.get(ORIGIN) else {
            return Ok(());
        };
        let origin = value.to_str().ok().and_then(Origin::parse);
        // A page that came from this server is no stranger.
        let allowed = |origin: &Origin| origin.is_of(host) || self.origins.contains(origin);
        if origin.as_ref().is_some_and(allowed) {
            return Ok(());
        }
        Err(Refusal::new(
            Code::HttpOriginNotAllowed,
            "web pages of the request's `Origin` may not use this server",
        )
        .hint("the operator can add one with --allow-origin"))
    }

    /// Whether the request is of the one origin that may read the answers.
    fn shares(&self, headers: &HeaderMap) -> Option<&HeaderValue> {
        self.cors.as_ref().filter(|origin| headers.get(ORIGIN) == Some(*origin))
    }
}

/// Checks every request, whatever it is for.
pub(crate) async fn expose(State(exposure): State<Arc<Exposure>>, request: Request, next: Next) -> Response {
    let shared = exposure.shares(request.headers()).cloned();
    let mut answer = match exposure.check(request.uri(), request.headers()) {
        Err(refusal) => refused(&refusal),
        Ok(()) if request.method() == Method::OPTIONS && shared.is_some() => preflight(),
        Ok(()) => next.run(request).await,
    };
    let headers = answer.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if exposure.cors.is_some() {
        headers.append(VARY, HeaderValue::from_static("origin"));
    }
    if let Some(origin) = shared {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(CORS_ANSWER_HEADERS));
    }
    answer
}

/// What a browser asks before it sends a page's request.
fn preflight() -> Response {
    let mut answer = StatusCode::NO_CONTENT.into_response();
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(CORS_REQUEST_HEADERS));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(CORS_REMEMBERED_SECONDS));
    answer
}

/// Where a web page is from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// Scheme, name and perhaps a port, and nothing after them; `null` is the origin of nobody in particular.
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let name = Name::parse(rest)?;
        Some(Self { secure, host: name.host, port: name.port.unwrap_or(default_port(secure)) })
    }

    fn is_of(&self, host: &Name) -> bool {
        self.host == host.host && host.port.unwrap_or(default_port(self.secure)) == self.port
    }
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn exposure() -> Exposure {
        let hosts = ["runner.example", "other.example:8443"].map(str::to_owned);
        let origins = ["https://app.example", "http://localhost:6274"].map(str::to_owned);
        Exposure::new(address("192.0.2.7"), &hosts, &origins, Some("https://page.example:8443"))
            .expect("an exposure")
    }

    fn code(uri: &str, headers: &[(HeaderName, &str)]) -> Option<&'static str> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_str(value).expect("a value"));
        }
        let checked = exposure().check(&uri.parse().expect("an address"), &map);
        checked.err().map(|refusal| refusal.code.as_str())
    }

    #[test]
    fn a_host_is_allowed_by_name_and_by_port_only_where_one_is_named() {
        let table = [
            ("localhost:8766", None),
            ("LOCALHOST", None),
            ("127.0.0.1:1", None),
            ("[::1]:8766", None),
            ("192.0.2.7:8766", None),
            ("runner.example", None),
            ("runner.example:444", None),
            ("other.example:8443", None),
            ("other.example", Some("HTTP_HOST_NOT_ALLOWED")),
            ("other.example:443", Some("HTTP_HOST_NOT_ALLOWED")),
            ("evil.example", Some("HTTP_HOST_NOT_ALLOWED")),
            ("localhost.evil.example", Some("HTTP_HOST_NOT_ALLOWED")),
            ("127.0.0.1.evil.example", Some("HTTP_HOST_NOT_ALLOWED")),
            ("localhost.", Some("HTTP_HOST_NOT_ALLOWED")),
            ("2130706433", Some("HTTP_HOST_NOT_ALLOWED")),
            ("0.0.0.0:8766", Some("HTTP_HOST_NOT_ALLOWED")),
            ("localhost@evil.example", Some("HTTP_REQUEST_INVALID")),
            ("evil.example@localhost", Some("HTTP_REQUEST_INVALID")),
            ("localhost:", Some("HTTP_REQUEST_INVALID")),
            ("localhost:port", Some("HTTP_REQUEST_INVALID")),
            ("localhost:99999", Some("HTTP_REQUEST_INVALID")),
            ("localhost evil.example", Some("HTTP_REQUEST_INVALID")),
            ("localhost,evil.example", Some("HTTP_REQUEST_INVALID")),
            ("", Some("HTTP_REQUEST_INVALID")),
        ];
        for (host, expected) in table {
            assert_eq!(code("/mcp", &[(HOST, host)]), expected, "{host}");
        }
        assert_eq!(code("/mcp", &[]), Some("HTTP_REQUEST_INVALID"));
        assert_eq!(code("http://evil.example/mcp", &[(HOST, "localhost")]), Some("HTTP_REQUEST_INVALID"));
        assert_eq!(code("http://localhost/mcp", &[(HOST, "localhost")]), None);
    }

    #[test]
    fn an_origin_is_the_servers_own_or_a_named_one() {
        let table = [
            ("http://localhost:8766", None),
            ("https://localhost:8766", None),
            ("https://app.example", None),
            ("https://app.example:443", None),
            ("HTTPS://APP.EXAMPLE", None),
            ("https://page.example:8443", None),
            ("http://localhost:6274", None),
            ("http://localhost", Some("HTTP_ORIGIN_NOT_ALLOWED")),
            ("http://localhost:1", Some("HTTP_ORIGIN_NOT_ALLOWED")),
            ("http://127.0.0.1:8766", Some("HTTP_ORIGIN_NOT_ALLOWED")),
            ("http://app.example", Some("HTTP_ORIGIN_NOT_ALLOWED")),
            ("https://app.example:8443", Some("HTTP_ORIGIN_NOT_ALLOWED")),
            ("https://app.example.evil.example", Some("HTTP_ORIGIN_NOT_ALLOWED")),
            ("https://evil.example", Some("HTTP_ORIGIN_NOT_ALLOWED")),
            ("https://app.example/", Some("HTTP_ORIGIN_NOT_ALLOWED")),
            ("https://x@app.example", Some("HTTP_ORIGIN_NOT_ALLOWED")),
            ("app.example", Some("HTTP_ORIGIN_NOT_ALLOWED")),
            ("null", Some("HTTP_ORIGIN_NOT_ALLOWED")),
            ("file://", Some("HTTP_ORIGIN_NOT_ALLOWED")),
            ("", Some("HTTP_ORIGIN_NOT_ALLOWED")),
        ];
        for (origin, expected) in table {
            assert_eq!(code("/mcp", &[(HOST, "localhost:8766"), (ORIGIN, origin)]), expected, "{origin}");
        }
    }

    #[test]
    fn a_header_that_decides_something_stands_there_once() {
        for name in SINGLE {
            let twins = [(HOST, "localhost"), (name.clone(), "localhost"), (name.clone(), "localhost")];
            assert_eq!(code("/mcp", &twins), Some("HTTP_REQUEST_INVALID"), "{name}");
        }
    }

    #[test]
    fn a_token_in_the_address_is_refused() {
        for query in ["access_token=x", "a=1&access_token=x", "token=x"] {
            assert_eq!(code(&format!("/mcp?{query}"), &[(HOST, "localhost")]), Some("HTTP_REQUEST_INVALID"));
        }
        assert_eq!(code("/mcp?session=1", &[(HOST, "localhost")]), None);
    }

    #[test]
    fn names_and_origins_that_are_none_stop_the_start() {
        let none: &[String] = &[];
        for text in ["", "https://runner.example", "a b", "a@b", "name:port", "*"] {
            let refusal =
                Exposure::new(address("127.0.0.1"), &[text.to_owned()], none, None).expect_err("no name");
            assert_eq!(refusal.code, Code::HttpExposureInvalid, "{text}");
        }
        for text in ["", "*", "null", "app.example", "https://app.example/path", "ftp://app.example"] {
            let refusal = Exposure::new(address("127.0.0.1"), none, none, Some(text)).expect_err("no origin");
            assert_eq!(refusal.code, Code::HttpExposureInvalid, "{text}");
        }
    }
}
