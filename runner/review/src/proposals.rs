//! `GET /`: the proposals, newest first, by state.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::Uri;
use axum::response::Response;
use synapsor_ledger::{Cursor, StoredProposal};
use synapsor_protocol::ProposalState;
use synapsor_protocol::proposal::ProposalMode;

use crate::denied::Denied;
use crate::export;
use crate::html::{self, Html};
use crate::page::{self, Frame, When};
use crate::sessions::Session;
use crate::site::Site;
use crate::story::state_class;
use crate::wanted::{Field, Wanted};

/// A state one can look for.
struct Chip {
    name: &'static str,
    query: String,
    here: bool,
}

/// One proposal in the list.
struct Row {
    id: String,
    state: &'static str,
    class: &'static str,
    capability: Html,
    target: Html,
    tenant: Html,
    columns: Html,
    summary: Option<Html>,
    at: When,
    intact: bool,
}

#[derive(Template)]
#[template(path = "proposals.html")]
struct List {
    frame: Frame,
    chips: Vec<Chip>,
    rows: Vec<Row>,
    tour: bool,
    path: &'static str,
    fields: Vec<Field>,
    next: Option<String>,
    json: String,
    csv: String,
    filtered: bool,
}

/// What an export says of each proposal.
const HEADERS: [&str; 8] =
    ["proposal_id", "state", "created_at", "capability", "object", "tenant", "principal", "changes"];

pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    Extension(session): Extension<Session>,
    uri: Uri,
) -> Result<Response, Denied> {
    let wanted = Wanted::of(&uri)?;
    let found = site.ledger.find_proposals(&wanted.filter, &wanted.page).await;
    let found = found.map_err(|error| error.refusal())?;
    let next = found.next.as_ref().map(Cursor::to_string);
    if let Some(how) = wanted.export {
        let rows: Vec<_> = found.items.iter().map(plain).collect();
        return export::file(how, &HEADERS, &rows, next.as_deref());
    }
    page::shown(&List {
        frame: Frame::new(&site, &session, "Proposals", "/"),
        chips: chips(&wanted),
        rows: found.items.iter().map(row).collect(),
        tour: site.tour,
        path: "/",
        fields: wanted.fields(),
        next: next.map(|next| wanted.query(&[("after", &next)])),
        json: wanted.query(&[("export", "json")]),
        csv: wanted.query(&[("export", "csv")]),
        filtered: wanted.is_filtered(),
    })
}

fn plain(stored: &StoredProposal) -> Vec<String> {
    let change = &stored.proposal.change_set;
    vec![
        stored.proposal.proposal_id.to_string(),
        stored.state.to_string(),
        stored.proposal.created_at.to_string(),
        change.capability.clone(),
        format!("{}:{}", change.target.table, change.target.key),
        change.tenant.clone(),
        change.principal.clone(),
        change.patch.keys().map(String::as_str).collect::<Vec<_>>().join(" "),
    ]
}

fn chips(wanted: &Wanted) -> Vec<Chip> {
    let here = wanted.value("state");
    let chip = |name, state: &'static str| Chip {
        name,
        query: wanted.query(&[("state", state)]),
        here: here.unwrap_or_default() == state,
    };
    let states = ProposalState::ALL.iter().map(|state| chip(chip_name(*state), state.as_str()));
    std::iter::once(chip("All", "")).chain(states).collect()
}

/// The state's name on a chip, as published.
fn chip_name(state: ProposalState) -> &'static str {
    match state {
        ProposalState::PendingReview => "Awaiting approval",
        ProposalState::Approved => "Approved",
        ProposalState::PendingWorker => "Queued",
        ProposalState::Applied => "Committed",
        ProposalState::Conflict => "Conflict blocked",
        ProposalState::Failed => "Failed",
        ProposalState::Rejected => "Rejected",
        ProposalState::Canceled => "Canceled",
        ProposalState::ReconciliationRequired => "Outcome unknown",
    }
}

/// The same of one proposal; nobody is awaited by one that was made for comparison.
pub(crate) fn chip_of(stored: &StoredProposal) -> &'static str {
    match stored.proposal.mode {
        ProposalMode::Shadow if stored.state == ProposalState::PendingReview => "For comparison",
        _ => chip_name(stored.state),
    }
}

fn row(stored: &StoredProposal) -> Row {
    let change = &stored.proposal.change_set;
    let columns: Vec<&str> = change.patch.keys().map(String::as_str).collect();
    Row {
        id: stored.proposal.proposal_id.to_string(),
        state: chip_of(stored),
        class: state_class(stored.state),
        capability: html::line(&change.capability),
        target: html::line(&format!("{} {}", change.target.table, change.target.key)),
        tenant: html::line(&change.tenant),
        columns: html::line(&columns.join(", ")),
        summary: change.summary.as_deref().map(html::line),
        at: stored.proposal.created_at.into(),
        intact: stored.intact,
    }
}
