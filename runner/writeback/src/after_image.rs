//! The after image: does the row hold what was approved, now that the database, its types and its triggers had their say?
//! Pure (R-AFTER).

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use synapsor_protocol::value::Value;
use synapsor_protocol::{Advance, Columns, Guard, WritebackJob};

/// The columns that hold something else than was approved, in name order; empty when all is well.
///
/// `None` is a row that is no longer there under its key and tenant.
pub(crate) fn mismatches(job: &WritebackJob, stored: Option<&Columns>) -> Vec<String> {
    let Some(stored) = stored else {
        return job.patch.keys().cloned().collect();
    };
    let patched =
        job.patch.iter().filter(|(name, approved)| !stored.get(*name).is_some_and(|s| same(s, approved)));
    let mut wrong: Vec<String> = patched.map(|(name, _)| name.clone()).collect();
    let scope = [Some(&job.target.key_column), job.target.tenant_column.as_ref()];
    // A trigger that moves the row to another key or tenant is caught here.
    wrong.extend(scope.into_iter().flatten().filter(|name| stored.get(*name) != locked(job, name)).cloned());
    if let Guard::Version { column, expected, advance } = &job.guard
        && !advanced(*advance, expected, stored.get(column))
    {
        wrong.push(column.clone());
    }
    wrong.sort();
    wrong
}

/// The version the row holds now, where there is a version column.
pub(crate) fn version(job: &WritebackJob, stored: Option<&Columns>) -> Option<Value> {
    match &job.guard {
        Guard::Version { column, .. } => stored?.get(column).cloned(),
        Guard::Row => None,
    }
}

/// The reviewed value of the key or the tenant.
fn locked<'a>(job: &'a WritebackJob, name: &str) -> Option<&'a Value> {
    if name == job.target.key_column { Some(&job.target.key) } else { job.before.get(name) }
}

/// Whether the version moved as the guard says.
fn advanced(advance: Advance, expected: &Value, stored: Option<&Value>) -> bool {
    let Some(stored) = stored else { return false };
    match advance {
        // The table's own business: a trigger may move it or leave it.
        Advance::None => true,
        Advance::Increment => match (expected.as_number(), stored.as_number()) {
            (Some(before), Some(after)) => after == before + 1,
            _ => false,
        },
        Advance::Now => !stored.is_null() && stored != expected,
    }
}

/// Equal as typed values. JSON alone is compared by content: `jsonb` prints it with other spacing and key order.
fn same(stored: &Value, approved: &Value) -> bool {
    match (stored, approved) {
        (Value::Json(stored), Value::Json(approved)) => same_json(stored, approved),
        _ => stored == approved,
    }
}

/// Deeper than this, two texts count as different; the recursion stays bounded.
const JSON_DEPTH_MAX: u32 = 128;

fn same_json(left: &str, right: &str) -> bool {
    left == right || same_json_at(left, right, 0)
}

/// Compares raw text level by level, so that no number passes through a float.
fn same_json_at(left: &str, right: &str, depth: u32) -> bool {
    fn parse<'a, T: serde::Deserialize<'a>>(left: &'a str, right: &'a str) -> Option<(T, T)> {
        Some((serde_json::from_str(left).ok()?, serde_json::from_str(right).ok()?))
    }
    type Object<'a> = BTreeMap<String, &'a RawValue>;

    let (left, right) = (left.trim(), right.trim());
    if depth > JSON_DEPTH_MAX {
        return false;
    }
    if let Some((left, right)) = parse::<Object<'_>>(left, right) {
        return left.len() == right.len()
            && left.iter().zip(&right).all(|((left_name, left), (right_name, right))| {
                left_name == right_name && same_json_at(left.get(), right.get(), depth + 1)
            });
    }
    if let Some((left, right)) = parse::<Vec<&RawValue>>(left, right) {
        return left.len() == right.len()
            && left.iter().zip(&right).all(|(left, right)| same_json_at(left.get(), right.get(), depth + 1));
    }
    if let Some((left, right)) = parse::<String>(left, right) {
        return left == right;
    }
    left == right || same_number(left, right)
}

fn same_number(left: &str, right: &str) -> bool {
    let number = |text: &str| Value::Decimal(text.to_owned()).as_number();
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left == right,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::tests::{job, row, text};

    fn stored(change: impl FnOnce(&mut Columns)) -> Columns {
        let mut after = row();
        after.insert("fee_cents".into(), Value::Integer(0));
        after.insert("version".into(), Value::Integer(8));
        change(&mut after);
        after
    }

    fn set(name: &'static str, value: Value) -> impl FnOnce(&mut Columns) {
        move |row| {
            row.insert(name.into(), value);
        }
    }

    #[test]
    fn the_approved_values_and_the_next_version_are_what_is_expected() {
        assert_eq!(mismatches(&job(), Some(&stored(|_| {}))), Vec::<String>::new());
    }

    #[test]
    fn anything_else_is_named() {
        let cases = [
            (stored(set("fee_cents", Value::Integer(1))), "fee_cents"),
            (stored(set("fee_cents", text("0"))), "fee_cents"),
            (stored(set("tenant_id", text("ACME"))), "tenant_id"),
            (stored(set("id", text("INV-2"))), "id"),
            (stored(set("version", Value::Integer(7))), "version"),
            (stored(set("version", Value::Integer(9))), "version"),
            (stored(set("version", Value::Null)), "version"),
        ];
        for (stored, column) in cases {
            assert_eq!(mismatches(&job(), Some(&stored)), [column]);
        }
        assert_eq!(mismatches(&job(), None), ["fee_cents"]);
    }

    #[test]
    fn a_clock_version_must_move_and_a_version_nobody_advances_may_do_either() {
        let mut job = job();
        let at = |text: &str| Value::Timestamp(text.into());
        let guard = |advance| Guard::Version {
            column: "version".into(),
            expected: Value::Timestamp("2026-01-01T00:00:00.000001Z".into()),
            advance,
        };
        let same = stored(set("version", at("2026-01-01T00:00:00.000001Z")));
        let later = stored(set("version", at("2026-01-01T00:00:00.000002Z")));
        job.guard = guard(Advance::Now);
        assert_eq!(mismatches(&job, Some(&same)), ["version"]);
        assert_eq!(mismatches(&job, Some(&later)), Vec::<String>::new());
        job.guard = guard(Advance::None);
        assert_eq!(mismatches(&job, Some(&same)), Vec::<String>::new());
        assert_eq!(mismatches(&job, Some(&later)), Vec::<String>::new());
    }

    #[test]
    fn json_is_compared_by_content_and_never_through_a_float() {
        let cases = [
            (r#"{"b": [1, 2.50], "a": null}"#, r#"{"a":null,"b":[1,2.5]}"#, true),
            (r#""\u0061""#, r#""a""#, true),
            ("9007199254740993", "9007199254740992", false),
            ("1234567890123456789012345678901234", "1234567890123456789012345678901235", false),
            ("1e2", "100", true),
            (r#"{"a":1}"#, r#"{"a":1,"b":1}"#, false),
            ("[1,2]", "[2,1]", false),
            ("true", "1", false),
            ("\"1\"", "1", false),
            ("nonsense", "other", false),
        ];
        for (left, right, equal) in cases {
            assert_eq!(same_json(left, right), equal, "{left} {right}");
            assert_eq!(same_json(right, left), equal, "{right} {left}");
        }
    }

    #[test]
    fn deep_json_is_refused_not_overflowed() {
        let deep = |space: &str| format!("{}{space}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(!same_json(&deep(" "), &deep("  ")));
    }
}
