//! Shadow mode: what a person did, on record beside what was proposed, and how far the two agree.
//!
//! Invariant: values are compared as they were written, digit by digit; nothing passes through a float.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::change_set::ChangeSet;
use crate::digest::Digest;
use crate::ids::ProposalId;
use crate::job_document::Scalar;
use crate::moment::Moment;
use crate::proposal::Proposal;
use crate::value::{Columns, Value};

/// Schema version of [`HumanAction`].
pub const HUMAN_ACTION_SCHEMA: &str = "synapsor.human-action.v1";

/// Longest patch file that is read, in bytes.
pub const PATCH_BYTES_MAX: u64 = 64 * 1024;
/// Columns one action may name at most.
pub const COLUMNS_MAX: usize = 256;
/// Longest notes, in characters.
pub const NOTES_CHARS_MAX: usize = 2_000;

/// What a person did to the row of a shadow proposal. Later ones are added; none is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HumanAction {
    /// [`HUMAN_ACTION_SCHEMA`].
    pub schema_version: String,
    /// The proposal it is compared with.
    pub proposal_id: ProposalId,
    /// The content that was proposed.
    pub proposal_digest: Digest,
    /// Who did it, or says so.
    pub actor: String,
    /// The columns the person changed, and to what; empty where the row was left alone.
    pub columns: Columns,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// When it was recorded.
    pub at: Moment,
}

/// Why a column of a person's action is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnRefused {
    /// A number that is not in plain notation.
    #[error("column `{0}` holds a number with an exponent; write all its digits")]
    Exponent(String),
    /// A column whose values the record does not keep.
    #[error("column `{0}` is redacted: the record does not keep its values")]
    Redacted(String),
}

impl HumanAction {
    /// The action about a proposal. A value that means exactly what was proposed, or what the row held, is kept in that
    /// form: `"10.50"`, `10.50` and `10.5` are one decimal where the column holds decimals.
    ///
    /// # Errors
    /// [`ColumnRefused`], with the first such column.
    pub fn new(
        proposal: &Proposal,
        actor: impl Into<String>,
        columns: BTreeMap<String, Scalar>,
        notes: Option<String>,
        at: Moment,
    ) -> Result<Self, ColumnRefused> {
        let change_set = &proposal.change_set;
        let typed = columns.into_iter().map(|(column, scalar)| {
            let value = typed(change_set, &column, scalar)?;
            Ok((column, value))
        });
        Ok(Self {
            schema_version: HUMAN_ACTION_SCHEMA.into(),
            proposal_id: proposal.proposal_id.clone(),
            proposal_digest: proposal.digest.clone(),
            actor: actor.into(),
            columns: typed.collect::<Result<_, _>>()?,
            notes,
            at,
        })
    }

    /// Whether the same person said the same before.
    pub fn repeats(&self, earlier: &Self) -> bool {
        *self == Self { at: self.at, ..earlier.clone() }
    }
}

fn typed(change_set: &ChangeSet, column: &str, scalar: Scalar) -> Result<Value, ColumnRefused> {
    if change_set.redacted.contains_key(column) {
        return Err(ColumnRefused::Redacted(column.to_owned()));
    }
    let forms = [change_set.patch.get(column), change_set.before.get(column)];
    if let Some(form) = forms.into_iter().flatten().find(|form| scalar.is(form)) {
        return Ok(form.clone());
    }
    Ok(match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(boolean) => Value::Boolean(boolean),
        Scalar::Text(text) => Value::Text(text),
        Scalar::Number(digits) if digits.contains(['e', 'E']) => {
            return Err(ColumnRefused::Exponent(column.to_owned()));
        }
        Scalar::Number(digits) => digits.parse().map_or(Value::Decimal(digits), Value::Integer),
    })
}

/// How far what was proposed is what a person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// The same columns with the same values.
    ExactMatch,
    /// At least one column with the same value, and something else besides.
    PartialMatch,
    /// No column with the same value.
    Mismatch,
    /// Nobody has said what a person did.
    NoHumanAction,
}

impl Agreement {
    /// Each of them, best first.
    pub const ALL: &'static [Self] =
        &[Self::ExactMatch, Self::PartialMatch, Self::Mismatch, Self::NoHumanAction];

    /// The name in documents and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExactMatch => "exact_match",
            Self::PartialMatch => "partial_match",
            Self::Mismatch => "mismatch",
            Self::NoHumanAction => "no_human_action",
        }
    }
}

/// What was proposed beside what a person did, column by column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowComparison {
    /// How far they agree.
    pub agreement: Agreement,
    /// Columns with the same value in both.
    pub matching_columns: Vec<String>,
    /// Columns of both, with another value.
    pub differing_columns: Vec<String>,
    /// Columns that were proposed and that the person left alone.
    pub missing_columns: Vec<String>,
    /// Columns that the person changed and that were not proposed.
    pub extra_columns: Vec<String>,
}

impl ShadowComparison {
    /// Holds what was proposed against what a person did, where somebody said so.
    pub fn of(proposed: &Columns, done: Option<&Columns>) -> Self {
        let mut compared = Self {
            agreement: Agreement::NoHumanAction,
            matching_columns: Vec::new(),
            differing_columns: Vec::new(),
            missing_columns: Vec::new(),
            extra_columns: Vec::new(),
        };
        let Some(done) = done else { return compared };
        for (column, value) in proposed {
            let columns = match done.get(column) {
                Some(found) if found == value => &mut compared.matching_columns,
                Some(_) => &mut compared.differing_columns,
                None => &mut compared.missing_columns,
            };
            columns.push(column.clone());
        }
        compared.extra_columns = done.keys().filter(|name| !proposed.contains_key(*name)).cloned().collect();
        let others = [&compared.differing_columns, &compared.missing_columns, &compared.extra_columns];
        compared.agreement = match (compared.matching_columns.is_empty(), others.iter().all(|o| o.is_empty()))
        {
            (_, true) => Agreement::ExactMatch,
            (false, false) => Agreement::PartialMatch,
            (true, false) => Agreement::Mismatch,
        };
        compared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(json: &str) -> Columns {
        let plain: BTreeMap<String, Scalar> = serde_json::from_str(json).expect("columns");
        let value = |scalar| match scalar {
            Scalar::Null => Value::Null,
            Scalar::Number(digits) => Value::Decimal(digits),
            Scalar::Text(text) => Value::Text(text),
            Scalar::Boolean(boolean) => Value::Boolean(boolean),
        };
        plain.into_iter().map(|(name, scalar)| (name, value(scalar))).collect()
    }

    fn check(proposed: &str, done: Option<&str>, expected: (Agreement, &str)) {
        let done = done.map(columns);
        let found = ShadowComparison::of(&columns(proposed), done.as_ref());
        let told = [
            ("=", &found.matching_columns),
            ("!", &found.differing_columns),
            ("-", &found.missing_columns),
            ("+", &found.extra_columns),
        ];
        let told: Vec<String> = told
            .into_iter()
            .flat_map(|(sign, names)| names.iter().map(move |name| format!("{sign}{name}")))
            .collect();
        assert_eq!((found.agreement, told.join(" ").as_str()), expected, "{proposed} {done:?}");
    }

    #[test]
    fn what_was_proposed_and_what_was_done_agree_column_by_column() {
        let proposed = r#"{"fee":0,"reason":"late"}"#;
        for (done, expected) in [
            (None, (Agreement::NoHumanAction, "")),
            (Some(proposed), (Agreement::ExactMatch, "=fee =reason")),
            (Some(r#"{"fee":0,"reason":"bank"}"#), (Agreement::PartialMatch, "=fee !reason")),
            (Some(r#"{"fee":0}"#), (Agreement::PartialMatch, "=fee -reason")),
            (Some(r#"{"fee":0,"reason":"late","x":1}"#), (Agreement::PartialMatch, "=fee =reason +x")),
            (Some(r#"{"fee":1,"x":null}"#), (Agreement::Mismatch, "!fee -reason +x")),
            (Some("{}"), (Agreement::Mismatch, "-fee -reason")),
            (Some(r#"{"fee":"0","reason":null}"#), (Agreement::Mismatch, "!fee !reason")),
        ] {
            check(proposed, done, expected);
        }
    }

    /// What is kept of a person's value in a column whose row held the one and for which the other was proposed.
    fn kept(before: Value, proposed: Value, json: &str) -> Result<Value, ColumnRefused> {
        let text = include_str!("../../../fixtures/protocol/proposal.v2.json");
        let mut proposal: Proposal = serde_json::from_str(text).expect("a proposal");
        let column = "probe".to_owned();
        proposal.change_set.before.insert(column.clone(), before);
        proposal.change_set.patch.insert(column.clone(), proposed);
        let done = [(column, serde_json::from_str(json).expect("a scalar"))].into();
        let at = proposal.created_at;
        HumanAction::new(&proposal, "ada", done, None, at).map(|action| action.columns["probe"].clone())
    }

    #[test]
    fn a_value_is_kept_in_the_form_the_column_has() {
        let decimal = |text: &str| Value::Decimal(text.into());
        for (before, proposed, json, expected) in [
            (Value::Null, decimal("10.50"), "10.5", decimal("10.50")),
            (Value::Null, decimal("10.50"), r#""10.5""#, decimal("10.50")),
            (decimal("3.00"), decimal("10.50"), "3", decimal("3.00")),
            (Value::Null, decimal("10.50"), "10.500000000000000001", decimal("10.500000000000000001")),
            (Value::Null, Value::Integer(i64::MAX), r#""9223372036854775807""#, Value::Integer(i64::MAX)),
            (Value::Null, Value::Integer(1), "9007199254740993", Value::Integer(9_007_199_254_740_993)),
            (Value::Null, Value::Text("7".into()), "7", Value::Integer(7)),
            (Value::Null, Value::Text("x".into()), "null", Value::Null),
        ] {
            assert_eq!(kept(before, proposed, json), Ok(expected), "{json}");
        }
        let refused = kept(Value::Null, decimal("10.50"), "1e1");
        assert_eq!(refused, Err(ColumnRefused::Exponent("probe".into())));
    }
}
