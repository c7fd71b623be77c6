//! What the runner was set up with: the config's sources and contexts by the names of their variables, and its tools.
//!
//! Absent on purpose: any value of the environment, and a way to change anything here.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, State};
use axum::response::Response;
use synapsor_config::{Capability, Context, Source, words};

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
    let apply = if site.allow_apply { "allowed from these pages" } else { "from the command line only" };
    let sources = config.sources.values().map(|found| source(found));
    let contexts = config.contexts.iter().map(|(name, found)| context(name, found));
    page::shown(&Sheets {
        frame: Frame::new(&site, &session, "Setup", "/setup"),
        lead: "Read from the config when these pages were started. Secrets are named by their variables, never shown.",
        facts: vec![
            fact("config", format!("{}, valid", site.config_path.display())),
            fact("ledger", site.ledger.place().to_string()),
            fact("mode", words::mode(config.mode)),
            fact("tools", tools_in_short(&config.capabilities)),
            fact("tables", tables(&config.capabilities)),
            fact("apply", apply),
        ],
        sheets: sources.chain(contexts).collect(),
    })
}

/// How many there are, and that none of them has a name one would give to a way around the review.
fn tools_in_short(tools: &[Arc<Capability>]) -> String {
    let proposals = tools.iter().filter(|tool| tool.proposal.is_some()).count();
    let count = format!("{} that read, {proposals} that propose", tools.len() - proposals);
    let forbidden: Vec<&str> =
        tools.iter().map(|tool| tool.name.as_str()).filter(|name| is_forbidden(name)).collect();
    if forbidden.is_empty() {
        format!("{count}; none for SQL, approval or apply")
    } else {
        format!("{count}; named like a way around the review: {}", forbidden.join(", "))
    }
}

/// The tables that any tool reads or changes, each once.
fn tables(tools: &[Arc<Capability>]) -> String {
    let named = |tool: &Arc<Capability>| {
        format!("{}.{} of {}", tool.target.schema, tool.target.table, tool.source.name)
    };
    let names: BTreeSet<String> = tools.iter().map(named).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// Names no tool of a model should have, as published.
fn is_forbidden(name: &str) -> bool {
    ["execute_sql", "run_query", "approve", "commit", "apply_writeback"]
        .iter()
        .any(|word| name.contains(word))
}

fn source(source: &Source) -> Sheet {
    Sheet {
        name: html::line(&source.name),
        kind: "source",
        lead: None,
        facts: vec![
            fact("engine", source.engine.as_str()),
            fact("where", format!("{}, {}", words::place(source), words::writes(source))),
            fact("time limit", format!("{} ms a statement", source.statement_timeout_ms)),
        ],
    }
}

fn context(name: &str, context: &Context) -> Sheet {
    let facts = vec![fact("tenant and principal", words::context(context))];
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
    Sheet {
        name: html::line(&capability.name),
        kind: capability.kind(),
        lead: Some(html::line(&capability.description)),
        facts: words::rules(capability).into_iter().map(|(label, says)| fact(label, says)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_promises_a_way_around_the_review_is_named() {
        for name in ["db.execute_sql", "billing.approve_waiver", "commit", "apply_writeback"] {
            assert!(is_forbidden(name), "{name}");
        }
        assert!(!is_forbidden("billing.propose_late_fee_waiver"));
    }
}
