//! From what a person typed to the one record it means: `latest`, an id, or the start of one.

use synapsor_protocol::ProposalId;

use super::select::{Param, Select};
use super::table::{RecordKind, Table};
use crate::error::Error;
use crate::rule::Rule;
use crate::statements::Statements;

/// The word for the newest record of a kind.
const LATEST: &str = "latest";

/// Longest piece of an unknown reference a message repeats, in characters.
const REFERENCE_SHOWN_MAX: usize = 80;

/// How many of the matching records an ambiguous prefix is answered with.
const CANDIDATES_MAX: usize = 5;

/// The proposal a reference means.
pub(crate) fn proposal(conn: &dyn Statements, reference: &str) -> Result<ProposalId, Error> {
    resolve(conn, RecordKind::Proposal, reference).map(ProposalId::from_stored)
}

/// The id of the one record of a kind that a reference means, with or without what all ids of the kind start with.
pub(crate) fn resolve(conn: &dyn Statements, kind: RecordKind, reference: &str) -> Result<String, Error> {
    let unknown = || not_found(kind, reference);
    let Table { name, alias, id, id_prefix, newest, present, .. } = *kind.table();
    let head = format!("SELECT {id} FROM {name} {alias}");
    let ids = |select: &Select| select.all(conn, |row| row.text(0).map(str::to_owned));
    if reference == LATEST {
        let newest = Select::among(&head, present).ordered(newest, 1);
        return ids(&newest)?.pop().ok_or_else(unknown);
    }
    let well_formed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':');
    if reference.is_empty() || !reference.chars().all(well_formed) {
        return Err(unknown());
    }
    let start = match reference.strip_prefix(id_prefix) {
        Some(_) => reference.to_owned(),
        None => format!("{id_prefix}{reference}"),
    };
    let mut select = Select::from(&head);
    select.and(&format!("{id} >="), Param::Text(start.clone()), "");
    // `~` sorts after every character an id may hold, so the range is exactly the ids with this start.
    select.and(&format!("{id} <"), Param::Text(format!("{start}~")), "");
    let mut found = ids(&select.ordered(id, CANDIDATES_MAX))?;
    if let Some(exact) = found.iter().find(|id| **id == start) {
        return Ok(exact.clone());
    }
    let last = found.pop().ok_or_else(unknown)?;
    if found.is_empty() {
        return Ok(last);
    }
    found.push(last);
    Err(Rule::Ambiguous { kind, reference: shown(reference), candidates: found }.into())
}

/// The refusal for a reference that leads nowhere.
pub(crate) fn not_found(kind: RecordKind, reference: &str) -> Error {
    Rule::RecordNotFound { kind, reference: shown(reference) }.into()
}

fn shown(reference: &str) -> String {
    reference.chars().filter(|c| !c.is_control()).take(REFERENCE_SHOWN_MAX).collect()
}
