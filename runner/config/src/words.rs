//! A compiled config in words, for screens and pages: names resolved, defaults filled in, every rule said.
//!
//! Absent on purpose: what keeps hostile text harmless. Names and values stand here as they are; whoever shows them makes
//! them inert for the place where they are shown.

use synapsor_protocol::{Advance, SQL_UPDATE, words};

use crate::{
    Argument, ArgumentType, Authentication, Binding, Capability, ConflictGuard, Context, DeclaredRead,
    HandlerGrant, Location, Logic, Mode, Prompt, PromptArgument, ProposalRules, Source, TableTarget,
};

/// What the runner may do.
pub fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::ReadOnly => "read only: nothing is proposed",
        Mode::Shadow => "shadow: proposals are recorded and never applied",
        Mode::Review => "review: a person decides, and what was approved can be applied",
        Mode::Cloud => "cloud: tools come from a hosted service",
    }
}

/// Where a source is, or which variable holds the URL that reads it.
pub fn place(source: &Source) -> String {
    match &source.location {
        Location::File { path } => path.display().to_string(),
        Location::Server { read_url_env, .. } => format!("${read_url_env}"),
    }
}

/// By what a source is written, if at all.
pub fn writes(source: &Source) -> String {
    match &source.location {
        _ if source.read_only => "never written".to_owned(),
        Location::File { .. } => "written too".to_owned(),
        Location::Server { write_url_env: Some(name), .. } => format!("written by ${name}"),
        Location::Server { .. } => "no credential to write".to_owned(),
    }
}

/// Where a context takes tenant and principal from.
pub fn context(context: &Context) -> String {
    let either = |literal: &Option<String>, variable: &Option<String>| match (literal, variable) {
        (Some(literal), Some(variable)) => format!("${variable} or `{literal}`"),
        (Some(literal), None) => format!("`{literal}`"),
        (None, Some(variable)) => format!("${variable}"),
        (None, None) => "none".to_owned(),
    };
    match context {
        Context::Environment { tenant_id_env, principal_env } => {
            format!("${tenant_id_env} and ${principal_env}")
        }
        Context::StaticDev { tenant_id, principal, tenant_id_env, principal_env } => {
            format!("{} and {}", either(tenant_id, tenant_id_env), either(principal, principal_env))
        }
        Context::HttpClaims { tenant_id_key, principal_key } => {
            format!("the request's claims `{tenant_id_key}` and `{principal_key}`")
        }
        Context::CloudSession => "the hosted session".to_owned(),
    }
}

/// What a prompt asks a person to fill in, and what it says of itself.
pub fn prompt(prompt: &Prompt) -> String {
    let argument = |argument: &PromptArgument| {
        let optional = if argument.required { "" } else { "?" };
        let allowed = argument.allowed.as_ref().map(|allowed| format!(" (one of {})", allowed.join(" ")));
        format!("{}{optional}{}", argument.name, allowed.unwrap_or_default())
    };
    let arguments = match prompt.arguments.as_slice() {
        [] => "nothing to fill in".to_owned(),
        arguments => list(arguments.iter().map(argument)),
    };
    let about = prompt.description.as_ref().or(prompt.title.as_ref());
    about.map_or_else(|| arguments.clone(), |about| format!("{arguments}  {about}"))
}

/// Whose tokens count over HTTP, and which scopes they need.
pub fn authentication(authentication: &Authentication) -> String {
    format!(
        "tokens of {} for {}; `{}` opens the door, `{}` is needed to propose",
        authentication.issuer,
        authentication.audience,
        authentication.read_scope,
        authentication.propose_scope
    )
}

/// Every rule of a capability, as a label and what it says.
pub fn rules(capability: &Capability) -> Vec<(&'static str, String)> {
    let target = &capability.target;
    let mut lines = vec![
        ("row", format!("{} of {}, {}", table_name(target), capability.source.name, scope(capability))),
        ("args", list(capability.args.iter().map(argument))),
        ("reads", capability.visible_columns.join(", ")),
    ];
    if !capability.redact.is_empty() {
        lines.push(("redacts", capability.redact.join(", ")));
    }
    if !capability.scopes.is_empty() {
        lines.push(("scopes", format!("{}, in the caller's token", capability.scopes.join(" and "))));
    }
    if let Some(rules) = &capability.proposal {
        lines.extend(logic(&rules.logic));
        lines.push(("changes", list(rules.allowed_columns.iter().map(|column| allowed(rules, column)))));
        lines.push(("guard", guard(&rules.guard)));
        lines.extend(rules.required_role.as_ref().map(|role| ("role", format!("{role} decides"))));
        if rules.executor != SQL_UPDATE {
            lines.push(("executor", rules.executor.clone()));
        }
    }
    lines
}

fn scope(capability: &Capability) -> String {
    let tenant = match &capability.target.tenant_key {
        Some(column) => format!("{column} from context {}", capability.context_name),
        None => "no tenant column".to_owned(),
    };
    format!("{} from `{}`, {tenant}", capability.target.primary_key, capability.lookup_arg)
}

fn table_name(target: &TableTarget) -> String {
    format!("{}.{}", target.schema, target.table)
}

fn argument(argument: &Argument) -> String {
    let optional = if argument.required { "" } else { "?" };
    let kind = match argument.kind {
        ArgumentType::String => "text",
        ArgumentType::Number => "number",
        ArgumentType::Boolean => "boolean",
    };
    let allowed = argument.allowed.as_ref().map(|allowed| {
        format!(", one of {}", allowed.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    });
    let length = argument.max_length.map(|length| format!(", up to {length} characters"));
    format!(
        "{}{optional} ({kind}{}{}{})",
        argument.name,
        length.unwrap_or_default(),
        range(argument.minimum.as_deref(), argument.maximum.as_deref()),
        allowed.unwrap_or_default()
    )
}

fn range(minimum: Option<&str>, maximum: Option<&str>) -> String {
    match (minimum, maximum) {
        (Some(minimum), Some(maximum)) => format!(", {minimum} to {maximum}"),
        (Some(minimum), None) => format!(", at least {minimum}"),
        (None, Some(maximum)) => format!(", at most {maximum}"),
        (None, None) => String::new(),
    }
}

fn logic(logic: &Logic) -> Vec<(&'static str, String)> {
    match logic {
        Logic::Patch(bindings) => {
            let bound = |(column, binding): (&String, &Binding)| match binding {
                Binding::Fixed(value) => format!("{column} = {}", words::value(value)),
                Binding::FromArg(argument) => format!("{column} = argument `{argument}`"),
            };
            vec![("patch", list(bindings.iter().map(bound)))]
        }
        Logic::Handler(grant) => handler(grant),
    }
}

fn handler(grant: &HandlerGrant) -> Vec<(&'static str, String)> {
    let mut lines = vec![("handler", format!("{}, {}", grant.bundle.display(), grant.digest))];
    if let Some(shadow) = &grant.shadow {
        lines.push(("in shadow", format!("{}, {}", shadow.bundle.display(), shadow.digest)));
    }
    if !grant.settings.is_empty() {
        let setting = |(name, value): (&String, _)| format!("{name} = {}", words::value(value));
        lines.push(("settings", list(grant.settings.iter().map(setting))));
    }
    let read = |(name, read): (&String, &DeclaredRead)| {
        let columns = read.columns.join(", ");
        format!("{name}: {columns} of {}, up to {} rows", table_name(&read.target), read.rows_max)
    };
    lines.extend(grant.reads.iter().map(|each| ("may read", read(each))));
    lines
}

fn allowed(rules: &ProposalRules, column: &str) -> String {
    let bounds = rules.numeric_bounds.get(column);
    let range =
        bounds.map(|bounds| range(bounds.minimum.as_deref(), bounds.maximum.as_deref())).unwrap_or_default();
    let moves = rules.transition_guards.get(column).map(|guard| {
        let step = |(from, to): (&String, &std::collections::BTreeSet<String>)| {
            format!("{from} -> {}", to.iter().cloned().collect::<Vec<_>>().join(" or "))
        };
        format!(", {} by {}", list(guard.allowed.iter().map(step)), guard.from_column)
    });
    format!("{column}{range}{}", moves.unwrap_or_default())
}

fn guard(guard: &ConflictGuard) -> String {
    match guard {
        ConflictGuard::WeakAck => "every captured column".to_owned(),
        ConflictGuard::Column { column, advance } => {
            let advance = match advance {
                Advance::None => "",
                Advance::Increment => ", which the apply raises by one",
                Advance::Now => ", which the apply sets to the source's clock",
            };
            format!("every captured column, and {column}{advance}")
        }
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join("; ")
}
