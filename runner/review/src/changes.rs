//! What is different between what a page showed and what is stored now, place by place.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use synapsor_ledger::redact;
use synapsor_protocol::Proposal;

use crate::cell;
use crate::html::{self, Html};

/// Most differences that are listed.
const LISTED_MAX: usize = 40;

/// One difference.
pub(crate) struct Moved {
    /// Where in the proposal, as a path.
    pub(crate) place: Html,
    pub(crate) shown: Html,
    pub(crate) now: Html,
}

/// The differences of two proposals, in the order of their places.
pub(crate) fn between(shown: &Proposal, now: &Proposal) -> Vec<Moved> {
    let (shown, now) = (places(shown), places(now));
    let every: std::collections::BTreeSet<&String> = shown.keys().chain(now.keys()).collect();
    let differing = every.into_iter().filter(|place| shown.get(*place) != now.get(*place));
    let text = |found: Option<&String>| match found {
        Some(text) => cell::excerpt_or_note(text),
        None => cell::note("not there"),
    };
    let moved = |place: &String| Moved {
        place: html::line(place),
        shown: text(shown.get(place)),
        now: text(now.get(place)),
    };
    differing.take(LISTED_MAX).map(moved).collect()
}

/// Every scalar of a proposal by its place.
fn places(proposal: &Proposal) -> BTreeMap<String, String> {
    let mut document = serde_json::to_value(proposal).unwrap_or_default();
    redact(&mut document);
    let mut places = BTreeMap::new();
    walk(&document, String::new(), &mut places);
    places
}

fn walk(json: &Json, place: String, places: &mut BTreeMap<String, String>) {
    let below = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place} › {name}") };
    match json {
        Json::Object(fields) => fields.iter().for_each(|(name, field)| walk(field, below(name), places)),
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| walk(item, below(&at.to_string()), places));
        }
        Json::String(text) => {
            places.insert(place, text.clone());
        }
        scalar => {
            places.insert(place, scalar.to_string());
        }
    }
}
