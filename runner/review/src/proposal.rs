//! The pages of one proposal: its story, its record as JSON, and one value of it in full.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use synapsor_ledger::{Replay, looks_secret, redact};
use synapsor_protocol::proposal::ProposalMode;
use synapsor_protocol::{ProposalId, ProposalState, Refusal, words};

use crate::cell;
use crate::denied::Denied;
use crate::html::{self, Html};
use crate::next::Next;
use crate::page::{self, Frame};
use crate::proposals::chip_of;
use crate::sessions::Session;
use crate::site::Site;
use crate::story::{Story, state_class};

/// How much of the record the JSON tab shows, in characters; the download has all of it.
const JSON_CHARS_MAX: usize = 262_144;

/// What is said in place of a state of a proposal that nobody decides.
const COMPARED_ONLY: &str = "recorded for comparison, never applied";

#[derive(Template)]
#[template(path = "proposal.html")]
struct Review {
    frame: Frame,
    id: String,
    state: &'static str,
    state_says: &'static str,
    class: &'static str,
    digest: String,
    story: Story,
    /// The role the config wants the operator to have.
    role: Option<Html>,
    intact: bool,
    not_intact: &'static str,
    may_approve: bool,
    may_reject: bool,
    next: Option<Next>,
    /// Plain: it stands in an attribute.
    operator: String,
    csrf: String,
}

#[derive(Template)]
#[template(path = "json.html")]
struct Raw {
    frame: Frame,
    id: String,
    document: Html,
    cut: bool,
}

/// The record of a proposal, or that there is none.
pub(crate) async fn record(site: &Site, id: &str) -> Result<Replay, Denied> {
    let id = ProposalId::from_stored(id);
    Ok(site.ledger.replay(&id).await.map_err(|error| error.refusal())?)
}

/// `GET /proposals/{id}`.
pub(crate) async fn review(
    State(site): State<Arc<Site>>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Response, Denied> {
    let replay = record(&site, &id).await?;
    let stored = &replay.proposal;
    site.remember(&stored.proposal);
    let waits = stored.state == ProposalState::PendingReview;
    let for_review = stored.proposal.mode == ProposalMode::Review;
    let approved = stored.state == ProposalState::Approved;
    let capability = site.config.capability(&stored.proposal.change_set.capability);
    let role = capability.and_then(|capability| capability.proposal.as_ref()?.required_role.as_deref());
    page::shown(&Review {
        frame: Frame::new(&site, &session, &id, ""),
        state: chip_of(stored),
        state_says: if for_review || !waits { words::state(stored.state) } else { COMPARED_ONLY },
        class: state_class(stored.state),
        digest: stored.proposal.digest.to_string(),
        story: Story::of(&replay),
        role: role.map(html::line),
        intact: stored.intact && replay.evidence_intact,
        not_intact: words::NOT_INTACT,
        may_approve: waits && for_review && stored.intact,
        may_reject: (waits || approved) && stored.intact,
        next: Next::of(stored, &site),
        operator: site.operator.clone(),
        csrf: session.csrf.clone(),
        id,
    })
}

/// `GET /proposals/{id}/json`.
pub(crate) async fn raw(
    State(site): State<Arc<Site>>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Response, Denied> {
    let text = document(&record(&site, &id).await?)?;
    let (shown, rest) = cell::cut(&text, JSON_CHARS_MAX);
    page::shown(&Raw {
        frame: Frame::new(&site, &session, &id, ""),
        id,
        document: html::laid(shown),
        cut: !rest.is_empty(),
    })
}

/// `GET /proposals/{id}/record`: the same as a file.
pub(crate) async fn download(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
) -> Result<Response, Denied> {
    let text = document(&record(&site, &id).await?)?;
    Ok(attached(text, "application/json", "proposal.json"))
}

fn document(replay: &Replay) -> Result<String, Denied> {
    let mut document = serde_json::to_value(replay).map_err(Refusal::bug)?;
    redact(&mut document);
    Ok(serde_json::to_string_pretty(&document).map_err(Refusal::bug)?)
}

/// `GET /proposals/{id}/value/{side}/{column}`: a value in full, as a file; `column` counts the changed ones from 0.
pub(crate) async fn value(
    State(site): State<Arc<Site>>,
    Path((id, side, column)): Path<(String, String, String)>,
) -> Result<Response, Denied> {
    let replay = record(&site, &id).await?;
    let change = &replay.proposal.proposal.change_set;
    let at: usize = column.parse().map_err(|_| Denied::NO_PAGE)?;
    let name = change.patch.keys().nth(at).ok_or(Denied::NO_PAGE)?;
    let columns = match side.as_str() {
        "before" => &change.before,
        "after" => &change.patch,
        _ => return Err(Denied::NO_PAGE),
    };
    let value = columns.get(name).ok_or(Denied::NO_PAGE)?;
    if looks_secret(name, value) {
        return Err(Denied::NO_PAGE);
    }
    Ok(attached(value.to_string(), "text/plain; charset=utf-8", "value.txt"))
}

/// Something to be kept as a file, which no browser renders.
pub(crate) fn attached(text: String, kind: &'static str, name: &'static str) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], text)
        .into_response()
}
