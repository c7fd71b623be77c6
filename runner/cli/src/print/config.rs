//! A config for people: names resolved, defaults filled in, and every rule of every capability in words.

use synapsor_config::{Capability, Config, Source, words};

use super::{inert, style, table::table};

/// The whole config.
pub(crate) fn sheet(config: &Config) -> String {
    let sources: Vec<_> = config.sources.values().map(|source| self::source(source)).collect();
    let contexts: Vec<_> = config
        .contexts
        .iter()
        .map(|(name, given)| [inert::text(name), inert::text(&words::context(given))])
        .collect();
    let mut parts = vec![
        format!(
            "{}\n{}",
            style::strong("sources"),
            table(["name", "engine", "where", "time limit"], &sources)
        ),
        format!("{}\n{}", style::strong("contexts"), table(["name", "tenant and principal"], &contexts)),
    ];
    if let Some(authentication) = &config.authentication {
        let told = inert::text(&words::authentication(authentication));
        parts.push(format!("{}\n{told}", style::strong("over HTTP")));
    }
    if !config.prompts.is_empty() {
        let prompts: Vec<_> = config
            .prompts
            .iter()
            .map(|prompt| [inert::text(&prompt.name), inert::text(&words::prompt(prompt))])
            .collect();
        parts.push(format!("{}\n{}", style::strong("prompts"), table(["name", "fills in"], &prompts)));
    }
    parts.extend(config.capabilities.iter().map(|capability| self::capability(capability)));
    parts.join("\n\n")
}

fn source(source: &Source) -> [String; 4] {
    [
        inert::text(&source.name),
        source.engine.to_string(),
        inert::text(&format!("{}, {}", words::place(source), words::writes(source))),
        format!("{} ms", source.statement_timeout_ms),
    ]
}

fn capability(capability: &Capability) -> String {
    let line = |(label, text): &(&str, String)| {
        format!("  {} {}", style::dim(format!("{label:<9}")), inert::text(text))
    };
    let head = format!("{}  {}", style::strong(inert::text(&capability.name)), capability.kind());
    let rules = words::rules(capability);
    std::iter::once(head).chain(rules.iter().map(line)).collect::<Vec<_>>().join("\n")
}
