//! One capability: what every kind has, and then what its own kind has.

use std::collections::BTreeSet;

use synapsor_protocol::SQL_UPDATE;

use super::argument::{self, Arguments};
use super::names::{Names, SourceFacts};
use super::rule::{
    columns, optional_object, optional_positive, optional_text, optional_word, required_items, required_text,
    required_word,
};
use super::target::{self, Scope};
use super::{acknowledgement, bounds, guard, handler, patch, reads, redact, transition};
use crate::code::ProblemCode;
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;

const KINDS: &[&str] = &["read", "proposal"];

/// Keys that only a proposal has.
const PROPOSAL_KEYS: &[&str] = &[
    "patch",
    "handler",
    "reads",
    "allowed_columns",
    "numeric_bounds",
    "transition_guards",
    "conflict_guard",
    "target_acknowledgements",
    "approval",
];

/// What the rules of a proposal need to know of their capability.
pub(super) struct Draft<'a, 'p> {
    pub(super) capability: &'p Place<'a>,
    pub(super) source: Option<SourceFacts>,
    pub(super) scope: Scope<'a>,
    pub(super) arguments: Arguments<'a>,
    pub(super) visible: Vec<&'a str>,
}

impl<'a> Draft<'a, '_> {
    /// What the declarative patch sets a column to.
    pub(super) fn binding(&self, column: &str) -> Option<Place<'a>> {
        self.capability.get("patch")?.get(column)
    }
}

pub(super) fn check(root: &Place<'_>, capability: &Place<'_>, names: &Names<'_>, problems: &mut Problems) {
    if !capability.is_object() {
        problems.unexpected(capability, ProblemCode::CapabilityNotObject, "an object");
        return;
    }
    let kind = about(capability, problems);
    let source = source(capability, names, problems);
    context(capability, names, problems);
    executor(capability, names, problems);
    scopes(root, capability, problems);
    let draft = Draft {
        capability,
        source,
        scope: target::check(capability, source, problems),
        arguments: argument::check(capability, problems),
        visible: visible_columns(capability, problems),
    };
    argument::lookup(capability, &draft.arguments, problems);
    redact::check(&draft, problems);
    match kind {
        Some("proposal") => proposal(&draft, names, problems),
        Some(_) => no_proposal_keys(capability, problems),
        None => {}
    }
}

fn about<'a>(capability: &Place<'a>, problems: &mut Problems) -> Option<&'a str> {
    let code = ProblemCode::InvalidCapabilityName;
    required_text(capability, "name", Form::CapabilityName, code, problems);
    let kind = required_word(capability, "kind", KINDS, ProblemCode::InvalidCapabilityKind, problems);
    let code = ProblemCode::InvalidCapabilityDescription;
    optional_text(capability, "description", Form::Prose, code, problems);
    optional_text(capability, "returns_hint", Form::Prose, ProblemCode::InvalidReturnsHint, problems);
    optional_text(capability, "evidence", Form::Prose, ProblemCode::InvalidEvidence, problems);
    if let Some(acknowledged) = capability.get("single_tenant_dev_ack") {
        let message = "`target.single_tenant_dev` says it, and this is not asked";
        problems.add(acknowledged.path(), ProblemCode::SingleTenantDevAckIgnored, message);
    }
    let code = ProblemCode::InvalidMaxRows;
    let rows = optional_positive(capability, "max_rows", u64::from(u32::MAX), code, problems);
    if rows.is_some_and(|rows| rows > 1) {
        let message = "a lookup is by primary key and finds one row";
        problems.add(capability.path_to("max_rows"), ProblemCode::MaxRowsIgnored, message);
    }
    kind
}

fn source(capability: &Place<'_>, names: &Names<'_>, problems: &mut Problems) -> Option<SourceFacts> {
    let known: Vec<&str> = names.sources.keys().copied().collect();
    let name = required_word(capability, "source", &known, ProblemCode::UnknownSource, problems)?;
    names.sources.get(name).copied()
}

fn context(capability: &Place<'_>, names: &Names<'_>, problems: &mut Problems) {
    optional_word(capability, "context", &names.contexts, ProblemCode::UnknownContext, problems);
}

fn executor(capability: &Place<'_>, names: &Names<'_>, problems: &mut Problems) {
    let Some(place) = capability.get("executor") else { return };
    if place.text().is_none() {
        problems.unexpected(&place, ProblemCode::InvalidExecutorReference, "a name");
        return;
    }
    let known: Vec<&str> = std::iter::once(SQL_UPDATE).chain(names.executors.iter().copied()).collect();
    optional_word(capability, "executor", &known, ProblemCode::UnknownExecutor, problems);
}

fn scopes(root: &Place<'_>, capability: &Place<'_>, problems: &mut Problems) {
    let Some(list) = capability.get("scopes") else { return };
    let code = ProblemCode::InvalidCapabilityScopes;
    if !list.is_list() || !list.is_filled() {
        problems.unexpected(&list, code, "a list with at least one scope");
        return;
    }
    let mut seen = BTreeSet::new();
    for item in list.items() {
        match item.text_of(Form::Scope) {
            None => {
                problems.unexpected(&item, code, Form::Scope.expected());
            }
            Some(scope) if !seen.insert(scope) => {
                problems.add(item.path(), code, format!("expected each once, found `{scope}` again"));
            }
            Some(_) => {}
        }
    }
    if root.get("authentication").is_none() {
        let message = "scopes are read from signed tokens, and there is no `authentication` that says whose";
        problems
            .add(list.path(), ProblemCode::ScopesNotVerified, message)
            .hint("add `authentication`, or remove `scopes`");
    }
}

fn visible_columns<'a>(capability: &Place<'a>, problems: &mut Problems) -> Vec<&'a str> {
    let code = ProblemCode::VisibleColumnsRequired;
    match required_items(capability, "visible_columns", code, problems) {
        Some(list) => columns(&list, ProblemCode::InvalidVisibleColumn, problems),
        None => Vec::new(),
    }
}

fn no_proposal_keys(capability: &Place<'_>, problems: &mut Problems) {
    for key in PROPOSAL_KEYS {
        if let Some(place) = capability.get(key) {
            let message = format!("expected `{key}` on a proposal only, found it on a read");
            problems.add(place.path(), ProblemCode::ProposalFieldOnRead, message);
        }
    }
}

fn proposal(draft: &Draft<'_, '_>, names: &Names<'_>, problems: &mut Problems) {
    writer(draft, names, problems);
    let version_column = guard::check(draft, problems);
    let allowed = guard::allowed_columns(draft, version_column, problems);
    let changeable = patch::check(draft, allowed.as_deref(), problems);
    bounds::check(draft, changeable.as_deref(), problems);
    transition::check(draft, changeable.as_deref(), version_column, problems);
    acknowledgement::check(draft.capability, problems);
    handler::check(draft.capability, problems);
    reads::check(draft, problems);
    approval(draft.capability, problems);
}

/// Whether an approved proposal could be applied; only `mode: review` applies.
fn writer(draft: &Draft<'_, '_>, names: &Names<'_>, problems: &mut Problems) {
    let executor = draft.capability.get("executor").and_then(|place| place.text()).unwrap_or(SQL_UPDATE);
    let Some(source) = draft.source.filter(|_| names.mode == Some("review") && executor == SQL_UPDATE) else {
        return;
    };
    if source.is_read_only {
        let message = "expected a source that may be written, found one with `read_only: true`";
        let path = draft.capability.path_to("source");
        problems
            .add(path, ProblemCode::ReadOnlySourceDirectWriteback, message)
            .hint("use an executor of the application, or `mode: shadow`");
    } else if !source.has_writer {
        let message = "the source names no `write_url_env`, so nothing can be applied";
        problems
            .add(draft.capability.path_to("source"), ProblemCode::WritebackDisabled, message)
            .hint("name the writing credential in `write_url_env`, or say `mode: shadow`");
    }
}

fn approval(capability: &Place<'_>, problems: &mut Problems) {
    let code = ProblemCode::ApprovalNotObject;
    let Some(approval) = optional_object(capability, "approval", code, problems) else { return };
    let mode = optional_text(&approval, "mode", Form::Prose, ProblemCode::InvalidApproval, problems);
    if mode.is_some_and(|mode| mode != "human") {
        let message = "a person decides, whatever the mode says";
        problems.add(approval.path_to("mode"), ProblemCode::ApprovalModeIgnored, message);
    }
    optional_text(&approval, "required_role", Form::Prose, ProblemCode::InvalidApproval, problems);
}
