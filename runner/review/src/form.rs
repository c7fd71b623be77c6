//! A posted form: of the one type our pages send, small, sent in time, with the session's CSRF token and no unknown field.

use std::collections::BTreeMap;

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use synapsor_inbound::{BadBody, read_body};
use url::form_urlencoded;

use crate::denied::Denied;
use crate::host::only;
use crate::sessions::Session;

/// Longest form.
const FORM_BYTES_MAX: usize = 16 * 1024;
/// How long a form may take to arrive.
const FORM_TIMEOUT_MS: u64 = 5_000;
/// What our pages' forms are sent as.
const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// The fields of a form that passed every check.
pub(crate) struct Form {
    fields: BTreeMap<String, String>,
}

impl Form {
    /// Reads a request's form. `known` are the fields it may have besides the CSRF token.
    pub(crate) async fn read(request: Request, session: &Session, known: &[&str]) -> Result<Self, Denied> {
        check_type(request.headers())?;
        let read = read_body(request.into_body(), FORM_BYTES_MAX, FORM_TIMEOUT_MS).await;
        let bytes = read.map_err(|bad| match bad {
            BadBody::TooLarge { .. } => Denied::TOO_LARGE,
            BadBody::TooSlow { .. } => Denied::TOO_SLOW,
            BadBody::BreaksOff => Denied::bad_form("the form did not arrive whole"),
        })?;
        let mut fields = parse(&bytes)?;
        let csrf = fields.remove("csrf").unwrap_or_default();
        if !session.vouches_for(&csrf) {
            return Err(Denied::WRONG_CSRF);
        }
        match fields.keys().find(|name| !known.contains(&name.as_str())) {
            Some(_) => Err(Denied::bad_form("the form has a field it should not have")),
            None => Ok(Self { fields }),
        }
    }

    /// A field's text without the blanks around it; empty where the form left it out.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.fields.get(name).map(|text| text.trim()).unwrap_or_default()
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), Denied> {
    let sent = only(headers, header::CONTENT_TYPE).unwrap_or_default();
    if sent != FORM_TYPE || headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Denied::WRONG_TYPE);
    }
    Ok(())
}

fn parse(bytes: &[u8]) -> Result<BTreeMap<String, String>, Denied> {
    let mut fields = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        // What is not UTF-8 was replaced, and nobody types a replacement character or a zero byte.
        if value.contains(['\u{fffd}', '\0']) {
            return Err(Denied::bad_form("a field of the form is not text"));
        }
        if fields.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(Denied::bad_form("a field stands in the form twice"));
        }
    }
    Ok(fields)
}
