//! What keeps a change narrow: the version column that guards it, and the columns it may ever touch.

use super::capability::Draft;
use super::rule::{columns, optional_boolean, optional_word, required_items, required_text};
use crate::code::ProblemCode;
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;

/// Looks at `conflict_guard`; answers the version column.
pub(super) fn check<'a>(draft: &Draft<'a, '_>, problems: &mut Problems) -> Option<&'a str> {
    let expected = "`{\"column\": …}` or `{\"weak_guard_ack\": true}`";
    let Some(guard) = draft.capability.get("conflict_guard") else {
        problems
            .missing(draft.capability, "conflict_guard", ProblemCode::ConflictGuardRequired, expected)
            .hint("name a column that moves with every change, like `updated_at` or `version`");
        return None;
    };
    if !guard.is_object() {
        problems.unexpected(&guard, ProblemCode::ConflictGuardRequired, expected);
        return None;
    }
    let code = ProblemCode::ConflictGuardRequired;
    let is_weak = optional_boolean(&guard, "weak_guard_ack", code, problems) == Some(true);
    let code = ProblemCode::InvalidConflictGuardAdvance;
    optional_word(&guard, "advance", &["increment", "now"], code, problems);
    if guard.get("column").is_none() {
        without_column(&guard, is_weak, expected, problems);
        return None;
    }
    if is_weak {
        let message = "`weak_guard_ack` means nothing beside a version column";
        problems.add(guard.path_to("weak_guard_ack"), ProblemCode::WeakGuardAckIgnored, message);
    }
    let code = ProblemCode::ConflictGuardColumnRequired;
    let column = required_text(&guard, "column", Form::Identifier, code, problems)?;
    if is_scope(draft, column) {
        let message = format!("expected a column that moves with every change, found `{column}`");
        problems.add(guard.path_to("column"), ProblemCode::ConflictGuardColumnProtected, message);
    }
    Some(column)
}

fn without_column(guard: &Place<'_>, is_weak: bool, expected: &str, problems: &mut Problems) {
    if guard.get("advance").is_some() {
        let message = "expected a version `column` beside `advance`, found none";
        problems.add(guard.path_to("advance"), ProblemCode::AdvanceRequiresColumn, message);
    } else if !is_weak {
        problems.unexpected(guard, ProblemCode::ConflictGuardRequired, expected);
    }
}

/// Looks at `allowed_columns`; answers them where they are a list.
pub(super) fn allowed_columns<'a>(
    draft: &Draft<'a, '_>,
    version_column: Option<&str>,
    problems: &mut Problems,
) -> Option<Vec<&'a str>> {
    let code = ProblemCode::AllowedColumnsRequired;
    let list = required_items(draft.capability, "allowed_columns", code, problems)?;
    for item in list.items() {
        let Some(column) = item.text() else { continue };
        let is_version = version_column.is_some_and(|version| version.eq_ignore_ascii_case(column));
        if is_version || is_scope(draft, column) || is_row_id(draft, column) {
            let message = format!("expected no key, tenant or version column, found {}", item.shown());
            problems.add(item.path(), ProblemCode::AllowedColumnProtected, message);
        }
    }
    Some(columns(&list, ProblemCode::InvalidAllowedColumn, problems))
}

/// Whether a column is the key or the tenant. Two of the engines do not tell columns apart by case.
fn is_scope(draft: &Draft<'_, '_>, column: &str) -> bool {
    let scope = [draft.scope.primary_key, draft.scope.tenant_key];
    scope.into_iter().flatten().any(|name| name.eq_ignore_ascii_case(column))
}

/// Whether a column is another name of the primary key: SQLite gives every table three.
fn is_row_id(draft: &Draft<'_, '_>, column: &str) -> bool {
    let is_sqlite = draft.source.is_some_and(|source| source.is_sqlite);
    is_sqlite && ["rowid", "_rowid_", "oid"].iter().any(|name| name.eq_ignore_ascii_case(column))
}
