//! The rerun badge: do the recorded inputs give this proposal again? Asked for by the page, answered from memory after that.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use synapsor_protocol::{ProposalId, Refusal};

use crate::denied::Denied;
use crate::html::{self, Html};
use crate::page;
use crate::site::{RerunAnswer, Site, lock};

/// Answers that are remembered.
const REMEMBERED_MAX: usize = 1_024;

#[derive(Template)]
#[template(path = "rerun.html")]
struct Badge {
    class: &'static str,
    says: &'static str,
    more: Html,
}

/// `GET /proposals/{id}/rerun`: a fragment of a page.
pub(crate) async fn badge(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Result<Response, Denied> {
    let id = ProposalId::from_stored(id);
    // An id that is not there must be a 404, not a badge.
    site.ledger.proposal(&id).await.map_err(|error| error.refusal())?;
    let badge = match answer(&site, &id).await? {
        Ok(RerunAnswer { same: true, words }) => {
            Badge { class: "good", says: "rerun: the same", more: html::line(&words) }
        }
        Ok(RerunAnswer { same: false, words }) => {
            Badge { class: "bad", says: "rerun: not the same", more: html::line(&words) }
        }
        Err(refusal) => {
            Badge { class: "later", says: "rerun: not possible", more: html::line(&refusal.message) }
        }
    };
    page::shown(&badge)
}

async fn answer(site: &Site, id: &ProposalId) -> Result<Result<RerunAnswer, Refusal>, Denied> {
    let _turn = site.rerun_turn.acquire().await.map_err(|_| Denied::TOO_MANY)?;
    if let Some(known) = lock(&site.rerun_answers).get(id) {
        return Ok(known.clone());
    }
    let answer = (site.rerun)(id.clone()).await;
    let passing = matches!(&answer, Err(refusal) if refusal.code.retryable());
    let mut answers = lock(&site.rerun_answers);
    if !passing && answers.len() < REMEMBERED_MAX {
        answers.insert(id.clone(), answer.clone());
    }
    Ok(answer)
}
