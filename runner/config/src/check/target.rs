//! A table and the columns that scope it, for a capability and for a declared read.

use super::names::SourceFacts;
use super::rule::{optional_boolean, optional_text, required_text};
use crate::code::ProblemCode;
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;

/// The columns no proposal may change and no handler may filter by.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Scope<'a> {
    pub(super) primary_key: Option<&'a str>,
    pub(super) tenant_key: Option<&'a str>,
}

/// Looks at `target` of `owner`.
pub(super) fn check<'a>(
    owner: &Place<'a>,
    source: Option<SourceFacts>,
    problems: &mut Problems,
) -> Scope<'a> {
    let Some(target) = owner.get("target") else {
        problems.missing(owner, "target", ProblemCode::TargetRequired, "an object");
        return Scope::default();
    };
    if !target.is_object() {
        problems.unexpected(&target, ProblemCode::TargetRequired, "an object");
        return Scope::default();
    }
    let code = ProblemCode::InvalidTargetIdentifier;
    let schema = required_text(&target, "schema", Form::Identifier, code, problems);
    required_text(&target, "table", Form::Identifier, code, problems);
    if source.is_some_and(|source| source.is_sqlite) && schema.is_some_and(|schema| schema != "main") {
        let message = "expected `main`, the only schema of a `sqlite` source";
        problems.add(target.path_to("schema"), ProblemCode::SqliteSchemaNotMain, message);
    }
    Scope {
        primary_key: required_text(&target, "primary_key", Form::Identifier, code, problems),
        tenant_key: tenant(&target, problems),
    }
}

fn tenant<'a>(target: &Place<'a>, problems: &mut Problems) -> Option<&'a str> {
    let code = ProblemCode::InvalidTargetIdentifier;
    let tenant_key = optional_text(target, "tenant_key", Form::Identifier, code, problems);
    let code = ProblemCode::InvalidSingleTenantDev;
    let is_excepted = optional_boolean(target, "single_tenant_dev", code, problems) == Some(true);
    match (target.get("tenant_key").is_some(), is_excepted) {
        (false, false) => {
            problems
                .missing(target, "tenant_key", ProblemCode::TenantGuardRequired, "the tenant column")
                .hint("where the table has none and every row is yours, say `single_tenant_dev: true`");
        }
        (false, true) => {
            let message = "rows are not scoped to a tenant";
            problems.add(target.path(), ProblemCode::SingleTenantDevException, message);
        }
        (true, true) => {
            let message = "`single_tenant_dev` means nothing beside a `tenant_key`";
            let path = target.path_to("single_tenant_dev");
            problems.add(path, ProblemCode::SingleTenantDevIgnored, message);
        }
        (true, false) => {}
    }
    tenant_key
}
