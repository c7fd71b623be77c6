//! What a receipt is found by stands in its proposal and is copied beside it: whether it is still what stands there.

use std::borrow::Cow;

use serde::Deserialize;

use super::found::{Text, key_text, plain};
use super::object::singular;
use crate::error::Error;
use crate::statements::Row;

/// What a proposal is about, as far as its receipts are found by it.
#[derive(Deserialize)]
struct Proposal<'r> {
    #[serde(borrow)]
    change_set: ChangeSet<'r>,
}

#[derive(Deserialize)]
struct ChangeSet<'r> {
    #[serde(borrow)]
    tenant: Option<Text<'r>>,
    #[serde(borrow)]
    principal: Option<Text<'r>>,
    #[serde(borrow)]
    capability: Option<Text<'r>>,
    #[serde(borrow)]
    target: Target<'r>,
}

#[derive(Deserialize)]
struct Target<'r> {
    #[serde(borrow)]
    source: Option<Text<'r>>,
    #[serde(borrow)]
    schema: Option<Text<'r>>,
    #[serde(borrow)]
    table: Option<Text<'r>>,
    key: serde_json::Value,
}

/// Whether eight columns of a row, of which the first has that number, say what the proposal is about: tenant, principal,
/// capability, source, schema, table, type and key of the object. Without a proposal they say nothing.
pub(crate) fn is_copied(proposal: Option<&str>, row: &dyn Row, first: usize) -> Result<bool, Error> {
    // One that does not read back is about nothing; its seal tells that it was edited.
    let about = proposal.and_then(|text| serde_json::from_str::<Proposal<'_>>(text).ok());
    let Some(Proposal { change_set: ChangeSet { tenant, principal, capability, target } }) = about else {
        return (0..8)
            .try_fold(true, |same, column| Ok(same && row.optional_text(first + column)?.is_none()));
    };
    let kind = target.table.as_ref().map(|table| Text(Cow::Owned(singular(&table.0))));
    let key = key_text(&target.key).map(|key| Text(Cow::Owned(key)));
    let expected = [tenant, principal, capability, target.source, target.schema, target.table, kind, key];
    for (column, word) in expected.into_iter().enumerate() {
        if !is(word, row.optional_text(first + column)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A server's text stands for one with the character NUL; a file holds it as it is.
fn is(expected: Option<Text<'_>>, stored: Option<&str>) -> bool {
    match (expected, stored) {
        (None, None) => true,
        (Some(Text(expected)), Some(stored)) => expected == stored || plain(expected) == stored,
        _ => false,
    }
}
