//! What every request passes before a page sees it: by which name it came, from which site, how often, with which session.
//!
//! Invariant: the order. A request under a stranger's name learns nothing, not even that it was too early.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use synapsor_protocol::Refusal;
use url::form_urlencoded;

use crate::assets;
use crate::denied::Denied;
use crate::headers;
use crate::host::only;
use crate::live;
use crate::sessions::Session;
use crate::site::Site;

/// What the gate found out.
enum Admitted {
    /// An asset: the same for everybody.
    Anyone,
    /// A person with a session.
    Known(Session),
    /// Somebody who came with a good link, and gets this cookie; or who has a session already and came with any link.
    Entered(Option<String>),
}

/// The middleware in front of every route.
pub(crate) async fn gate(State(site): State<Arc<Site>>, mut request: Request, next: Next) -> Response {
    let response = match admit(&site, &request) {
        Ok(Admitted::Anyone) => next.run(request).await,
        Ok(Admitted::Known(session)) => {
            request.extensions_mut().insert(session);
            next.run(request).await
        }
        Ok(Admitted::Entered(cookie)) => see_other("/", cookie.as_deref()),
        Err(denied) => denied.into_response(),
    };
    headers::seal(response)
}

fn admit(site: &Site, request: &Request) -> Result<Admitted, Denied> {
    let (headers, uri) = (request.headers(), request.uri());
    if !site.hosts.admits(headers, uri) {
        return Err(Denied::WRONG_HOST);
    }
    check_site(site, request)?;
    if !site.throttle.admits() {
        return Err(Denied::TOO_MANY);
    }
    if assets::is_asset(uri.path()) {
        return Ok(Admitted::Anyone);
    }
    let cookies = cookies(headers);
    let now = Instant::now();
    let token = token(request);
    // What a page asks by itself is no sign of a person.
    let looked = uri.path() != live::PATH && !headers.contains_key(live::BY_ITSELF);
    if let Some(session) = site.sessions.find(&cookies, looked, now) {
        // A token does not stay in the address.
        return Ok(if token.is_some() { Admitted::Entered(None) } else { Admitted::Known(session) });
    }
    if token.is_none() && site.sessions.presented(&cookies).is_none() {
        return Err(Denied::NO_SESSION);
    }
    if !site.throttle.may_try_a_key() {
        return Err(Denied::LOCKED);
    }
    match token.and_then(|token| site.sessions.enter(&token, now)) {
        Some(Ok(cookie)) => Ok(Admitted::Entered(Some(cookie))),
        Some(Err(refusal)) => Err(Denied::refused(refusal)),
        None => Err(Denied::SESSION_OVER),
    }
}

/// No other site's page may ask for anything, and a change is asked for by one of our own pages or not at all.
fn check_site(site: &Site, request: &Request) -> Result<(), Denied> {
    let headers = request.headers();
    if headers.contains_key("sec-fetch-site") {
        let from = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
        if !matches!(from, Some("same-origin" | "none")) {
            return Err(Denied::OTHER_SITE);
        }
    }
    let framed = headers.get("sec-fetch-dest").is_some_and(|destination| {
        matches!(destination.as_bytes(), b"iframe" | b"frame" | b"object" | b"embed" | b"fencedframe")
    });
    if framed {
        return Err(Denied::OTHER_SITE);
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    match only(headers, header::ORIGIN) {
        Some(origin) if site.hosts.is_our_origin(origin) => Ok(()),
        None if !headers.contains_key(header::ORIGIN) && !changes => Ok(()),
        _ => Err(Denied::OTHER_SITE),
    }
}

/// HTTP/1 allows one `Cookie` header; what stands in several is looked at all the same.
fn cookies(headers: &HeaderMap) -> String {
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    texts.collect::<Vec<_>>().join("; ")
}

/// A link's token, which only the address of the first page may carry.
fn token(request: &Request) -> Option<String> {
    if request.method() != Method::GET || request.uri().path() != "/" {
        return None;
    }
    let query = request.uri().query()?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "token").map(|(_, token)| token.into_owned())
}

/// Sends the browser on with a GET.
pub(crate) fn see_other(place: &str, cookie: Option<&str>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let mut set = |name, text: &str| match text.parse() {
        Ok(value) => {
            response.headers_mut().insert(name, value);
            true
        }
        Err(_) => false,
    };
    if set(header::LOCATION, place) && cookie.is_none_or(|cookie| set(header::SET_COOKIE, cookie)) {
        response
    } else {
        Denied::refused(Refusal::bug("a redirect that is no header")).into_response()
    }
}
