//! The reads a handler may ask for: named, scoped, and bounded in columns and rows.

use super::capability::Draft;
use super::rule::{columns, optional_object, optional_positive, required_items};
use super::target::{self, Scope};
use crate::code::ProblemCode;
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;

pub(super) fn check(draft: &Draft<'_, '_>, problems: &mut Problems) {
    let code = ProblemCode::ReadsNotObject;
    let Some(reads) = optional_object(draft.capability, "reads", code, problems) else { return };
    if draft.capability.get("handler").is_none() {
        let message = "expected a `handler` to ask for the reads, found none";
        problems.add(reads.path(), ProblemCode::ReadsRequireHandler, message);
    }
    for (name, read) in reads.members() {
        if !Form::Identifier.accepts(name) {
            let message = format!("the name of a read is {}", Form::Identifier.expected());
            problems.add(read.path(), ProblemCode::InvalidReadName, message);
        }
        if !read.is_object() {
            problems.unexpected(&read, ProblemCode::ReadNotObject, "an object");
            continue;
        }
        let scope = target::check(&read, draft.source, problems);
        if let Some(list) = required_items(&read, "columns", ProblemCode::ReadColumnsRequired, problems) {
            columns(&list, ProblemCode::InvalidReadColumn, problems);
        }
        filters(&read, scope, problems);
        let max = u64::from(u32::MAX);
        optional_positive(&read, "rows_max", max, ProblemCode::InvalidReadRowsMax, problems);
    }
}

fn filters(read: &Place<'_>, scope: Scope<'_>, problems: &mut Problems) {
    let Some(list) = read.get("filters") else { return };
    if !list.is_list() {
        problems.unexpected(&list, ProblemCode::InvalidReadFilter, "a list of columns");
        return;
    }
    columns(&list, ProblemCode::InvalidReadFilter, problems);
    for item in list.items() {
        let Some((filter, tenant)) = item.text().zip(scope.tenant_key) else { continue };
        if filter.eq_ignore_ascii_case(tenant) {
            let message = format!("expected no filter on the tenant column, found `{tenant}`");
            problems
                .add(item.path(), ProblemCode::ReadFilterOnTenant, message)
                .hint("every read is of the call's own tenant already");
        }
    }
}
