//! Runner tokens: who may drain which sources. Only a token's digest is kept, in the chain like everything that was decided.

use serde::{Deserialize, Serialize};
use serde_json::json;
use synapsor_protocol::{Digest, Event, EventKind, Moment};

use crate::chain;
use crate::error::Error;
use crate::rule::Rule;
use crate::search;
use crate::statements::Statements;
use crate::writer::Write;

/// For whom a token is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenGrant {
    /// The only worker that may use it.
    pub runner_id: String,
    /// The sources that worker may drain.
    pub sources: Vec<String>,
    /// The token's own digest.
    pub digest: Digest,
}

/// A token on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunnerToken {
    /// What it is called on the command line; no secret.
    pub token_id: String,
    /// For whom it is.
    pub grant: TokenGrant,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub made_at: Moment,
    /// When it was revoked, where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Moment>,
}

/// What both kinds of event say. The names hold no word that stands for a secret, because they hold none.
#[derive(Serialize, Deserialize)]
struct Payload {
    id: String,
    #[serde(flatten)]
    grant: TokenGrant,
}

/// Records a token.
pub(crate) fn make(write: &Write<'_>, grant: &TokenGrant, actor: &str) -> Result<RunnerToken, Error> {
    let id: String = format!("rtk_{}", write.ids.token());
    let payload = json!(Payload { id: id.clone(), grant: grant.clone() });
    let event = chain::append(write, EventKind::RunnerTokenMade, None, actor, payload)?;
    Ok(RunnerToken {
        token_id: id,
        grant: grant.clone(),
        made_by: actor.to_owned(),
        made_at: event.at,
        revoked_at: None,
    })
}

/// Ends a token. Ending it twice changes nothing.
pub(crate) fn revoke(write: &Write<'_>, token_id: &str, actor: &str) -> Result<RunnerToken, Error> {
    let unknown = || Rule::NoSuchToken { token: token_id.to_owned() };
    let found = all(write.conn)?.into_iter().find(|token| token.token_id == token_id);
    let token = found.ok_or_else(unknown)?;
    if token.revoked_at.is_some() {
        return Ok(token);
    }
    let payload = json!(Payload { id: token.token_id.clone(), grant: token.grant.clone() });
    let event = chain::append(write, EventKind::RunnerTokenRevoked, None, actor, payload)?;
    Ok(RunnerToken { revoked_at: Some(event.at), ..token })
}

/// Every token, oldest first. A record that was edited is an error and not one token less or more.
pub(crate) fn all(conn: &dyn Statements) -> Result<Vec<RunnerToken>, Error> {
    let mut tokens: Vec<RunnerToken> = Vec::new();
    for event in search::of_kind(conn, EventKind::RunnerTokenMade)? {
        let Payload { id, grant } = payload(&event)?;
        let (made_by, made_at) = (event.actor, event.at);
        tokens.push(RunnerToken { token_id: id, grant, made_by, made_at, revoked_at: None });
    }
    for event in search::of_kind(conn, EventKind::RunnerTokenRevoked)? {
        let revoked = payload(&event)?.id;
        for token in tokens.iter_mut().filter(|token| token.token_id == revoked) {
            token.revoked_at = Some(event.at);
        }
    }
    Ok(tokens)
}

fn payload(event: &Event) -> Result<Payload, Error> {
    let unreadable = || Error::Unreadable { record: format!("event `{}`", event.seq) };
    if !event.recompute_digest().is_ok_and(|digest| digest == event.digest) {
        return Err(unreadable());
    }
    serde_json::from_value(event.payload.clone()).map_err(|_| unreadable())
}
