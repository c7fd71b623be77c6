//! A config for people: names resolved, defaults filled in, and every rule of every capability in words.

use synapsor_config::{
    Argument, ArgumentType, Binding, Capability, Config, ConflictGuard, Context, DeclaredRead, HandlerGrant,
    Location, Logic, ProposalRules, Source, TableTarget,
};
use synapsor_protocol::Advance;

use super::{inert, style, table::table};

/// The whole config.
pub(crate) fn sheet(config: &Config) -> String {
    let sources: Vec<_> = config.sources.values().map(|source| self::source(source)).collect();
    let contexts: Vec<_> =
        config.contexts.iter().map(|(name, given)| [inert::text(name), context(given)]).collect();
    let mut parts = vec![
        format!(
            "{}\n{}",
            style::strong("sources"),
            table(["name", "engine", "where", "time limit"], &sources)
        ),
        format!("{}\n{}", style::strong("contexts"), table(["name", "tenant and principal"], &contexts)),
    ];
    parts.extend(config.capabilities.iter().map(|capability| self::capability(capability)));
    parts.join("\n\n")
}

fn source(source: &Source) -> [String; 4] {
    let place = match &source.location {
        Location::File { path } => path.display().to_string(),
        Location::Server { read_url_env, .. } => format!("${read_url_env}"),
    };
    let writes = match &source.location {
        _ if source.read_only => "never written".to_owned(),
        Location::File { .. } => "written too".to_owned(),
        Location::Server { write_url_env: Some(name), .. } => format!("written by ${name}"),
        Location::Server { .. } => "no credential to write".to_owned(),
    };
    [
        inert::text(&source.name),
        source.engine.to_string(),
        inert::text(&format!("{place}, {writes}")),
        format!("{} ms", source.statement_timeout_ms),
    ]
}

fn context(context: &Context) -> String {
    let either = |literal: &Option<String>, variable: &Option<String>| match (literal, variable) {
        (Some(literal), Some(variable)) => format!("${variable} or `{literal}`"),
        (Some(literal), None) => format!("`{literal}`"),
        (None, Some(variable)) => format!("${variable}"),
        (None, None) => "none".to_owned(),
    };
    let text = match context {
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
    };
    inert::text(&text)
}

fn capability(capability: &Capability) -> String {
    let target = &capability.target;
    let mut lines = vec![
        ("row", format!("{} of {}, {}", table_name(target), capability.source.name, scope(capability))),
        ("args", list(capability.args.iter().map(argument))),
        ("reads", capability.visible_columns.join(", ")),
    ];
    if !capability.redact.is_empty() {
        lines.push(("redacts", capability.redact.join(", ")));
    }
    if let Some(rules) = &capability.proposal {
        lines.extend(logic(&rules.logic));
        lines.push(("changes", list(rules.allowed_columns.iter().map(|column| allowed(rules, column)))));
        lines.push(("guard", guard(&rules.guard)));
    }
    let line = |(label, text): &(&str, String)| {
        format!("  {} {}", style::dim(format!("{label:<9}")), inert::text(text))
    };
    let head = format!("{}  {}", style::strong(inert::text(&capability.name)), capability.kind());
    std::iter::once(head).chain(lines.iter().map(line)).collect::<Vec<_>>().join("\n")
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
                Binding::Fixed(value) => format!("{column} = {}", inert::value(value)),
                Binding::FromArg(argument) => format!("{column} = argument `{argument}`"),
            };
            vec![("patch", list(bindings.iter().map(bound)))]
        }
        Logic::Handler(grant) => handler(grant),
    }
}

fn handler(grant: &HandlerGrant) -> Vec<(&'static str, String)> {
    let mut lines = vec![("handler", format!("{}, {}", grant.bundle.display(), grant.digest))];
    if !grant.settings.is_empty() {
        let setting = |(name, value): (&String, _)| format!("{name} = {}", inert::value(value));
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
