//! Approve, reject, apply, have an executor try again, and leave: the only requests that change anything.
//!
//! Invariant: a decision names the digest that was on the screen, and the ledger compares it with the stored content in the
//! transaction that records the decision.

use std::sync::Arc;

use axum::extract::{Extension, Path, Request, State};
use axum::response::Response;
use synapsor_ledger::StoredProposal;
use synapsor_protocol::inert::steers;
use synapsor_protocol::{Code, Digest, Outcome, ProposalId, Refusal, Verdict, words};

use crate::changes;
use crate::denied::Denied;
use crate::form::Form;
use crate::gate::see_other;
use crate::html;
use crate::proposal;
use crate::sessions::Session;
use crate::site::Site;

/// Longest name of an operator, in characters.
const ACTOR_CHARS_MAX: usize = 100;
/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 2_000;

/// `POST /proposals/{id}/approve`.
pub(crate) async fn approve(
    site: State<Arc<Site>>,
    session: Extension<Session>,
    id: Path<String>,
    request: Request,
) -> Result<Response, Denied> {
    decide(site, session, id, request, Verdict::Approved).await
}

/// `POST /proposals/{id}/reject`.
pub(crate) async fn reject(
    site: State<Arc<Site>>,
    session: Extension<Session>,
    id: Path<String>,
    request: Request,
) -> Result<Response, Denied> {
    decide(site, session, id, request, Verdict::Rejected).await
}

/// What a person says with a decision.
struct Said {
    /// Of the content that was on the screen.
    shown: Digest,
    actor: String,
    reason: Option<String>,
}

impl Said {
    async fn read(request: Request, session: &Session) -> Result<Self, Denied> {
        let form = Form::read(request, session, &["digest", "actor", "reason"]).await?;
        Ok(Self {
            shown: digest(&form)?,
            actor: actor(form.text("actor"))?.to_owned(),
            reason: reason(form.text("reason"))?.map(str::to_owned),
        })
    }
}

async fn decide(
    State(site): State<Arc<Site>>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
    request: Request,
    verdict: Verdict,
) -> Result<Response, Denied> {
    let Said { shown, actor, reason } = Said::read(request, &session).await?;
    let id = ProposalId::from_stored(id);
    let decided = match verdict {
        Verdict::Approved => site.desk.approve(&id, &shown, &actor, reason.as_deref()).await,
        Verdict::Rejected => site.desk.reject(&id, &shown, &actor, &reason.unwrap_or_default()).await,
    };
    match decided {
        Ok(stored) => {
            tracing::info!(proposal = %id, verdict = words::verdict(verdict), "decided on the review page");
            Ok(see_other(&address(&stored), None))
        }
        Err(refusal) => Err(explained(&site, &id, &shown, refusal).await),
    }
}

/// `POST /proposals/{id}/apply`; the route is there with `--allow-apply` alone.
pub(crate) async fn apply(
    State(site): State<Arc<Site>>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Denied> {
    let form = Form::read(request, &session, &["digest"]).await?;
    let shown = digest(&form)?;
    let id = ProposalId::from_stored(id);
    let stored = as_shown(&site, &id, &shown).await?;
    // In a task of its own: a browser that goes away does not stop an apply.
    let (at, of) = (Arc::clone(&site), id.clone());
    let applied = tokio::spawn(async move {
        let _applying = at.applying.read().await;
        at.desk.apply(&of, false).await
    });
    match applied.await.map_err(Refusal::bug)? {
        Ok(report) => {
            let outcome = report.outcome.map_or("none", Outcome::as_str);
            tracing::info!(proposal = %id, outcome, "applied from the review page");
            Ok(see_other(&address(&stored), None))
        }
        Err(refusal) => Err(explained(&site, &id, &shown, refusal).await),
    }
}

/// `POST /proposals/{id}/retry`, likewise: approves once more what an executor of the application did not carry out.
pub(crate) async fn retry(
    State(site): State<Arc<Site>>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Denied> {
    let Said { shown, actor, reason } = Said::read(request, &session).await?;
    let id = ProposalId::from_stored(id);
    as_shown(&site, &id, &shown).await?;
    match site.desk.reopen(&id, &actor, &reason.unwrap_or_default()).await {
        Ok(stored) => {
            tracing::info!(proposal = %id, "to be tried again, from the review page");
            Ok(see_other(&address(&stored), None))
        }
        Err(refusal) => Err(explained(&site, &id, &shown, refusal).await),
    }
}

/// The proposal, if it is the one that was on the screen.
async fn as_shown(site: &Site, id: &ProposalId, shown: &Digest) -> Result<StoredProposal, Denied> {
    let stored = site.ledger.proposal(id).await.map_err(|error| error.refusal())?;
    if stored.proposal.digest == *shown {
        return Ok(stored);
    }
    let refusal =
        Refusal::new(Code::ProposalHashMismatch, "the stored change set is not the one that was shown");
    Err(explained(site, id, shown, refusal).await)
}

/// `POST /leave`: ends the session here, and in the browser.
pub(crate) async fn leave(
    State(site): State<Arc<Site>>,
    Extension(session): Extension<Session>,
    request: Request,
) -> Result<Response, Denied> {
    Form::read(request, &session, &[]).await?;
    Ok(see_other("/", Some(&site.sessions.leave(&session))))
}

fn address(stored: &StoredProposal) -> String {
    // Stored ids were minted here, but a file can be edited: only what an address may hold goes into one.
    let id: String = stored
        .proposal
        .proposal_id
        .as_str()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    format!("/proposals/{id}")
}

fn digest(form: &Form) -> Result<Digest, Denied> {
    Digest::try_from(form.text("digest").to_owned())
        .map_err(|_| Denied::bad_form("the form does not say which content was on the screen"))
}

/// A name one can read again later.
fn actor(name: &str) -> Result<&str, Denied> {
    if name.is_empty() {
        return Err(Denied::bad_form("the form does not say who decides"));
    }
    if name.chars().count() > ACTOR_CHARS_MAX {
        return Err(Denied::bad_form("the name of whoever decides is longer than 100 characters"));
    }
    if name.chars().any(steers) {
        return Err(Denied::bad_form("the name of whoever decides has characters nobody can see"));
    }
    Ok(name)
}

fn reason(text: &str) -> Result<Option<&str>, Denied> {
    if text.chars().count() > REASON_CHARS_MAX {
        return Err(Denied::bad_form("the reason is longer than 2,000 characters"));
    }
    if text.chars().any(|c| steers(c) && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Denied::bad_form("the reason has characters nobody can see"));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// A refused decision, with what happened since the page was shown.
async fn explained(site: &Site, id: &ProposalId, shown: &Digest, refusal: Refusal) -> Denied {
    let Ok(replay) = proposal::record(site, id.as_str()).await else { return Denied::refused(refusal) };
    let stored = &replay.proposal;
    let mut moved = Vec::new();
    let mut sentence = None;
    if stored.proposal.digest != *shown || !stored.intact {
        match site.shown(id, shown) {
            Some(known) => moved = changes::between(&known, &stored.proposal),
            None => {
                sentence = Some(html::line(
                    "What was on the screen is not known to this run of the pages any more.",
                ));
            }
        }
    } else if let Some(last) = replay.decisions.last() {
        let (verdict, actor, at) = (words::verdict(last.verdict), &last.actor, last.at);
        let state = words::state(stored.state);
        sentence = Some(html::line(&format!("{actor} {verdict} it at {at}. Now: {state}.")));
    }
    Denied::refused(refusal).meanwhile(sentence, moved).back(address(stored), "See the proposal as it is now")
}
