//! What the runner was set up with: the config's sources and contexts by the names of their variables, and its tools.
//!
//! Absent on purpose: any value of the environment, and a way to change anything here.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, State};
use axum::response::Response;
use synapsor_config::{Argument, Capability, ConflictGuard, Context, Location, Logic, Mode, Source};

use crate::denied::Denied;
use crate::html::{self, Html};
use crate::page::{self, Frame};
use crate::sessions::Session;
use crate::site::Site;
use crate::story::Fact;

/// A named thing and what is known of it.
struct Sheet {
    name: Html,
    kind: &'static str,
    lead: Option<Html>,
    facts: Vec<Fact>,
}

#[derive(Template)]
#[template(path = "sheets.html")]
struct Sheets {
    frame: Frame,
    lead: &'static str,
    facts: Vec<Fact>,
    sheets: Vec<Sheet>,
}

fn fact(label: &'static str, says: impl AsRef<str>) -> Fact {
    Fact { label, says: html::line(says.as_ref()) }
}

/// `GET /setup`.
pub(crate) async fn setup(
    State(site): State<Arc<Site>>,
    Extension(session): Extension<Session>,
) -> Result<Response, Denied> {
    let config = &site.config;
    let mode = match config.mode {
        Mode::ReadOnly => "read only: nothing is proposed",
        Mode::Shadow => "shadow: proposals are recorded and never applied",
        Mode::Review => "review: a person decides, and what was approved can be applied",
        Mode::Cloud => "cloud: tools come from a hosted service",
    };
    let apply = if site.allow_apply { "allowed from these pages" } else { "from the command line only" };
    let sources = config.sources.values().map(|found| source(found));
    let contexts = config.contexts.iter().map(|(name, found)| context(name, found));
    page::shown(&Sheets {
        frame: Frame::new(&site, &session, "Setup", "/setup"),
        lead: "Read from the config when these pages were started. Secrets are named by their variables, never shown.",
        facts: vec![
            fact("config", site.config_path.display().to_string()),
            fact("ledger", site.ledger.place().to_string()),
            fact("mode", mode),
            fact("apply", apply),
        ],
        sheets: sources.chain(contexts).collect(),
    })
}

fn source(source: &Source) -> Sheet {
    let mut facts = vec![fact("engine", source.engine.as_str())];
    match &source.location {
        Location::File { path } => facts.push(fact("file", path.display().to_string())),
        Location::Server { read_url_env, write_url_env } => {
            facts.push(fact("read through", format!("${read_url_env}")));
            let written =
                write_url_env.as_ref().map_or_else(|| "nothing".to_owned(), |name| format!("${name}"));
            facts.push(fact("written through", written));
        }
    }
    if source.read_only {
        facts.push(fact("writes", "never"));
    }
    facts.push(fact("time limit", format!("{} ms a statement", source.statement_timeout_ms)));
    Sheet { name: html::line(&source.name), kind: "source", lead: None, facts }
}

fn context(name: &str, context: &Context) -> Sheet {
    let given = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let (provider, tenant, principal) = match context {
        Context::Environment { tenant_id_env, principal_env } => {
            ("environment", format!("${tenant_id_env}"), format!("${principal_env}"))
        }
        Context::StaticDev { tenant_id, principal, .. } => {
            ("static, for development", given(tenant_id), given(principal))
        }
        Context::HttpClaims { tenant_id_key, principal_key } => {
            ("verified claims", tenant_id_key.clone(), principal_key.clone())
        }
        Context::CloudSession => ("hosted session", String::new(), String::new()),
    };
    let facts = vec![fact("provider", provider), fact("tenant", tenant), fact("principal", principal)];
    Sheet { name: html::line(name), kind: "trusted context", lead: None, facts }
}

/// `GET /tools`.
pub(crate) async fn tools(
    State(site): State<Arc<Site>>,
    Extension(session): Extension<Session>,
) -> Result<Response, Denied> {
    page::shown(&Sheets {
        frame: Frame::new(&site, &session, "Tools", "/tools"),
        lead: "What a model sees, and what each tool may do. None of them sends SQL, approves or applies.",
        facts: Vec::new(),
        sheets: site.config.capabilities.iter().map(|found| tool(found)).collect(),
    })
}

fn tool(capability: &Capability) -> Sheet {
    let target = &capability.target;
    let mut facts = vec![
        fact(
            "row",
            format!(
                "{}.{} of {}, by {}",
                target.schema, target.table, capability.source.name, target.primary_key
            ),
        ),
        fact("tenant column", target.tenant_key.as_deref().unwrap_or("none: one tenant, for development")),
        fact("arguments", list(capability.args.iter().map(argument))),
        fact("trusted context", &capability.context_name),
        fact("reads", capability.visible_columns.join(", ")),
    ];
    if !capability.redact.is_empty() {
        facts.push(fact("redacts", capability.redact.join(", ")));
    }
    if let Some(rules) = &capability.proposal {
        let guard = match &rules.guard {
            ConflictGuard::Column { column, .. } => format!("{column}, and every captured column"),
            ConflictGuard::WeakAck => "every captured column".to_owned(),
        };
        let logic = match &rules.logic {
            Logic::Patch(_) => "bindings in the config".to_owned(),
            Logic::Handler(grant) => {
                format!("handler {}, pinned as {}", grant.bundle.display(), grant.digest)
            }
        };
        facts.push(fact("may change", list(rules.allowed_columns.iter().cloned())));
        facts.push(fact("computed by", logic));
        facts.push(fact("guard", guard));
        facts.push(fact("executor", &rules.executor));
        facts.extend(rules.required_role.as_ref().map(|role| fact("reviewer's role", role)));
    }
    Sheet {
        name: html::line(&capability.name),
        kind: capability.kind(),
        lead: Some(html::line(&capability.description)),
        facts,
    }
}

fn argument(argument: &Argument) -> String {
    if argument.required { argument.name.clone() } else { format!("{} (optional)", argument.name) }
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}
