//! The digest of a capability: exactly what a reviewer of the config agreed to.
//!
//! A proposal carries it, so that it can always be told whether the config is still the one the proposal was made under.
//! What is tuned in operation (time limits of statements, where the ledger is) is not part of it, nor are the runner's own
//! default texts.

use serde::Serialize;
use synapsor_protocol::{Digest, Engine};

use crate::compiled::{Argument, Capability, Context, Location, ProposalRules, TableTarget};

/// Domain tag of the digest.
const CAPABILITY_SCHEMA: &str = "synapsor.capability.v1";

/// Everything that decides what a call may read and propose. Every number in it is an integer or decimal text.
#[derive(Serialize)]
struct Reviewed<'a> {
    name: &'a str,
    kind: &'static str,
    description: Option<&'a str>,
    returns_hint: Option<&'a str>,
    source: ReviewedSource<'a>,
    context: &'a Context,
    target: &'a TableTarget,
    args: &'a [Argument],
    lookup_arg: &'a str,
    visible_columns: &'a [String],
    /// Not in the digest of a capability that redacts nothing.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    redact: &'a [String],
    proposal: Option<&'a ProposalRules>,
    /// Left out where there are none, so that digests of before there could be any stay.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    scopes: &'a [String],
}

/// Which database.
#[derive(Serialize)]
struct ReviewedSource<'a> {
    name: &'a str,
    engine: Engine,
    location: &'a Location,
}

/// The digest of a capability, with its description as written in the config.
pub(super) fn digest(capability: &Capability, description: Option<&str>) -> Option<Digest> {
    let source = &capability.source;
    let reviewed = Reviewed {
        name: &capability.name,
        kind: capability.kind(),
        description,
        returns_hint: capability.returns_hint.as_deref(),
        source: ReviewedSource { name: &source.name, engine: source.engine, location: &source.location },
        context: &capability.context,
        target: &capability.target,
        args: &capability.args,
        lookup_arg: &capability.lookup_arg,
        visible_columns: &capability.visible_columns,
        redact: &capability.redact,
        proposal: capability.proposal.as_ref(),
        scopes: &capability.scopes,
    };
    Digest::of(CAPABILITY_SCHEMA, &reviewed).ok()
}
