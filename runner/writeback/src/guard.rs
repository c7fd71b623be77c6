//! The guard: is the locked row still the row that was reviewed? Pure.
//!
//! Invariant: values are compared as the typed values they were recorded as, byte for byte (R-BYTES). What SQL `=` found
//! equal under a collation, a padding or a cast is not equal here.

use std::collections::BTreeSet;

use synapsor_protocol::{Advance, Code, Columns, Guard, RowKey, Value, WritebackJob};

use crate::report::Check;

/// What the comparison came to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Decision {
    /// The row is the one that was reviewed.
    Apply,
    /// It is not; nothing may change.
    Conflict {
        /// Why not.
        code: Code,
        /// Which columns differ; names only.
        changed_columns: Vec<String>,
    },
}

/// The decision, with what was looked at on the way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Comparison {
    /// Apply or conflict.
    pub(crate) decision: Decision,
    /// Each condition and whether it held.
    pub(crate) checks: Vec<Check>,
}

/// Compares the row under the lock with the job. `None` is no such row. Redacted columns are compared under the key they
/// were redacted with; without it none of them is the reviewed one.
pub(crate) fn compare(
    job: &WritebackJob,
    locked: Option<&Columns>,
    redaction: Option<&RowKey>,
) -> Comparison {
    let Some(row) = locked else {
        return conflict(Code::RowNotFound, Vec::new(), vec![Check::failed(Check::KEY)]);
    };
    let key = row.get(&job.target.key_column) == Some(&job.target.key);
    let tenant = tenant_holds(job, row);
    let version = version_holds(&job.guard, row);
    let changed = changed_columns(job, row, redaction);
    let captured = changed.iter().all(|column| is_version(&job.guard, column));

    let mut checks = vec![Check::new(Check::KEY, key)];
    checks.extend(job.target.tenant_column.is_some().then(|| Check::new(Check::TENANT, tenant)));
    checks.extend(matches!(job.guard, Guard::Version { .. }).then(|| Check::new(Check::VERSION, version)));
    checks.push(Check::new(Check::CAPTURED, captured));

    match (key, tenant, version, captured) {
        (false, ..) => conflict(Code::RowNotFound, changed, checks),
        (_, false, ..) => conflict(Code::TenantGuardMismatch, changed, checks),
        (_, _, false, _) => conflict(Code::VersionConflict, changed, checks),
        (_, _, _, false) => conflict(Code::RowChangedAfterProposal, changed, checks),
        _ => Comparison { decision: Decision::Apply, checks },
    }
}

fn conflict(code: Code, changed_columns: Vec<String>, checks: Vec<Check>) -> Comparison {
    Comparison { decision: Decision::Conflict { code, changed_columns }, checks }
}

/// Every column the apply must see: captured, patched, key, tenant and version, each once.
pub(crate) fn columns_to_lock(job: &WritebackJob) -> BTreeSet<&str> {
    let captured = job.before.keys().chain(job.redacted.keys());
    let mut columns: BTreeSet<&str> = captured.chain(job.patch.keys()).map(String::as_str).collect();
    columns.insert(&job.target.key_column);
    columns.extend(job.target.tenant_column.as_deref());
    if let Guard::Version { column, .. } = &job.guard {
        columns.insert(column);
    }
    columns
}

/// Every column the apply writes: patched, and the version where the apply is who moves it.
pub(crate) fn columns_written(job: &WritebackJob) -> Vec<&str> {
    let moved = match &job.guard {
        Guard::Version { column, advance: Advance::Increment | Advance::Now, .. } => Some(column),
        _ => None,
    };
    job.patch.keys().chain(moved).map(String::as_str).collect()
}

/// A tenant column of any type is compared by what the database printed, as the read did.
fn tenant_holds(job: &WritebackJob, row: &Columns) -> bool {
    match &job.target.tenant_column {
        None => true,
        Some(column) => row
            .get(column)
            .is_some_and(|value| !value.is_null() && value.to_string().as_bytes() == job.tenant.as_bytes()),
    }
}

fn version_holds(guard: &Guard, row: &Columns) -> bool {
    match guard {
        Guard::Row => true,
        // NULL guards nothing: two changes in a row could not be told apart.
        Guard::Version { expected: Value::Null, .. } => false,
        Guard::Version { column, expected, .. } => row.get(column) == Some(expected),
    }
}

fn is_version(guard: &Guard, name: &str) -> bool {
    matches!(guard, Guard::Version { column, .. } if column == name)
}

/// Which captured columns differ, in name order.
fn changed_columns(job: &WritebackJob, row: &Columns, redaction: Option<&RowKey>) -> Vec<String> {
    let differs = |(name, value): &(&String, &Value)| row.get(*name) != Some(*value);
    let mut changed: BTreeSet<&String> = job.before.iter().filter(differs).map(|(name, _)| name).collect();
    changed.extend(job.redacted.keys().filter(|name| !is_redacted_one(job, row, name, redaction)));
    changed.into_iter().cloned().collect()
}

/// Whether a column holds the value that was redacted when the row was reviewed.
fn is_redacted_one(job: &WritebackJob, row: &Columns, name: &str, redaction: Option<&RowKey>) -> bool {
    let now = row.get(name).zip(redaction).and_then(|(value, key)| key.redact(name, value).ok());
    now.is_some() && now.as_ref() == job.redacted.get(name)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use synapsor_protocol::{Digest, Engine, JobId, ProposalId, RedactedColumns, RedactionKey, Target};

    pub(crate) fn columns(pairs: &[(&str, Value)]) -> Columns {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    pub(crate) fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    pub(crate) fn row() -> Columns {
        columns(&[
            ("id", text("INV-1")),
            ("tenant_id", text("acme")),
            ("fee_cents", Value::Integer(5500)),
            ("version", Value::Integer(7)),
        ])
    }

    /// A job that sets the fee of `acme`'s INV-1, reviewed at version 7, to 0.
    pub(crate) fn job() -> WritebackJob {
        WritebackJob {
            schema_version: synapsor_protocol::job::JOB_SCHEMA.into(),
            job_id: JobId::from_stored("wbj_1"),
            proposal_id: ProposalId::from_stored("wrp_1"),
            proposal_digest: Digest::of_bytes(b"proposal"),
            target: Target {
                source: "billing".into(),
                engine: Engine::Sqlite,
                schema: "main".into(),
                table: "invoices".into(),
                key_column: "id".into(),
                key: text("INV-1"),
                tenant_column: Some("tenant_id".into()),
            },
            tenant: "acme".into(),
            before: row(),
            redacted: RedactedColumns::new(),
            patch: columns(&[("fee_cents", Value::Integer(0))]),
            guard: Guard::Version {
                column: "version".into(),
                expected: Value::Integer(7),
                advance: Advance::Increment,
            },
            idempotency_key: "a".repeat(64),
            attempt: 1,
            handover: None,
        }
    }

    fn check(change: impl FnOnce(&mut Columns), expected: Option<(Code, &[&str])>) {
        let mut locked = row();
        change(&mut locked);
        let decision = compare(&job(), Some(&locked), None).decision;
        let expected = expected.map_or(Decision::Apply, |(code, names)| Decision::Conflict {
            code,
            changed_columns: names.iter().map(|name| (*name).to_owned()).collect(),
        });
        assert_eq!(decision, expected);
    }

    fn set(name: &'static str, value: Value) -> impl FnOnce(&mut Columns) {
        move |row| {
            row.insert(name.into(), value);
        }
    }

    #[test]
    fn the_reviewed_row_may_be_changed() {
        check(|_| {}, None);
    }

    #[test]
    fn what_sql_finds_equal_is_not_equal_here() {
        check(set("tenant_id", text("ACME")), Some((Code::TenantGuardMismatch, &["tenant_id"])));
        check(set("tenant_id", text("acme ")), Some((Code::TenantGuardMismatch, &["tenant_id"])));
        check(set("tenant_id", Value::Null), Some((Code::TenantGuardMismatch, &["tenant_id"])));
        check(set("id", text("inv-1")), Some((Code::RowNotFound, &["id"])));
        check(set("version", text("7")), Some((Code::VersionConflict, &["version"])));
        check(
            set("fee_cents", Value::Decimal("5500".into())),
            Some((Code::RowChangedAfterProposal, &["fee_cents"])),
        );
    }

    #[test]
    fn a_captured_column_guards_even_where_the_version_stood_still() {
        check(set("fee_cents", Value::Integer(1)), Some((Code::RowChangedAfterProposal, &["fee_cents"])));
    }

    #[test]
    fn a_moved_version_names_every_changed_column() {
        check(
            |row| {
                row.insert("version".into(), Value::Integer(8));
                row.insert("fee_cents".into(), Value::Integer(1));
            },
            Some((Code::VersionConflict, &["fee_cents", "version"])),
        );
    }

    #[test]
    fn a_redacted_column_guards_under_the_key_it_was_redacted_with() {
        let key = |digit: &str| RedactionKey::from_hex(&digit.repeat(64)).expect("a key");
        let email = |address: &str| columns(&[("email", text(address))]);
        let mut job = job();
        let target = job.target.clone();
        let at = target.redacted_row("acme");
        let named = ["email".to_owned()];
        job.redacted = key("a").take_out(&mut email("ada@example.com"), &named, &at).expect("a digest");
        assert!(columns_to_lock(&job).contains("email"));
        let of_row = |digit: &str| key(digit).of_row(&at).expect("a key");
        let decide = |address: &str, key: Option<&RowKey>| {
            let locked: Columns = row().into_iter().chain(email(address)).collect();
            compare(&job, Some(&locked), key).decision
        };
        assert_eq!(decide("ada@example.com", Some(&of_row("a"))), Decision::Apply);
        let conflict = |columns: &[&str]| Decision::Conflict {
            code: Code::RowChangedAfterProposal,
            changed_columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        };
        assert_eq!(decide("eve@example.com", Some(&of_row("a"))), conflict(&["email"]));
        assert_eq!(decide("ada@example.com", Some(&of_row("b"))), conflict(&["email"]));
        assert_eq!(decide("ada@example.com", None), conflict(&["email"]));
        assert_eq!(compare(&job, Some(&row()), Some(&of_row("a"))).decision, conflict(&["email"]));
    }

    #[test]
    fn a_row_that_is_gone_is_a_conflict() {
        let comparison = compare(&job(), None, None);
        assert!(matches!(comparison.decision, Decision::Conflict { code: Code::RowNotFound, .. }));
    }

    #[test]
    fn a_version_of_null_guards_nothing() {
        let mut job = job();
        job.guard =
            Guard::Version { column: "version".into(), expected: Value::Null, advance: Advance::None };
        job.before.insert("version".into(), Value::Null);
        let comparison = compare(&job, Some(&job.before), None);
        assert!(matches!(comparison.decision, Decision::Conflict { code: Code::VersionConflict, .. }));
    }
}
