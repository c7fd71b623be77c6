//! What every page shares: the frame around it, and turning a template into a response.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use synapsor_protocol::{Moment, Refusal};

use crate::denied::Denied;
use crate::html::{self, Html};
use crate::sessions::Session;
use crate::site::Site;

/// One entry of the navigation.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) here: bool,
}

/// The pages a person can go to, in the order of the navigation.
const PLACES: [(&str, &str); 7] = [
    ("Proposals", "/"),
    ("Activity", "/activity"),
    ("Evidence", "/evidence"),
    ("Query audit", "/audit"),
    ("Receipts", "/receipts"),
    ("Tools", "/tools"),
    ("Setup", "/setup"),
];

/// The frame around a page.
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) places: Vec<Place>,
    /// The session's token, for the form that ends it.
    pub(crate) csrf: String,
    pub(crate) ledger: Html,
    pub(crate) version: &'static str,
}

impl Frame {
    /// The frame of a page that belongs to one of the places, or to none of them.
    pub(crate) fn new(site: &Site, session: &Session, title: &str, path: &str) -> Self {
        let place = |(name, at): (&'static str, &'static str)| Place { name, path: at, here: at == path };
        Self {
            title: title.to_owned(),
            places: PLACES.map(place).into(),
            csrf: session.csrf.clone(),
            ledger: html::line(&site.ledger.place().to_string()),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// A page as a response.
pub(crate) fn shown(page: &impl Template) -> Result<Response, Denied> {
    with_status(page, StatusCode::OK)
}

/// The same with another status.
pub(crate) fn with_status(page: &impl Template, status: StatusCode) -> Result<Response, Denied> {
    let text = page.render().map_err(|error| Denied::refused(Refusal::bug(error)))?;
    Ok((status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response())
}

/// A moment as people read it, beside the exact one.
pub(crate) struct When {
    /// For the machine and for the pointer that rests on it.
    pub(crate) exact: String,
    /// To the second, in UTC.
    pub(crate) plain: String,
}

impl From<Moment> for When {
    fn from(moment: Moment) -> Self {
        let exact = moment.to_string();
        let plain = exact.split_once('.').map_or(exact.as_str(), |(seconds, _)| seconds).replace('T', " ");
        Self { plain: format!("{plain} UTC"), exact }
    }
}
