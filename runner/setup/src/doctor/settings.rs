//! The config by itself, the variables it names, and where tenant and principal come from. Pure.

use std::collections::BTreeMap;

use synapsor_config::{Checked, Cloud, Config, Context, DEFAULT_CONTEXT, Executor, Location, Mode, Source};
use synapsor_protocol::Environment;

use super::code::DoctorCode;
use super::finding::{Finding, Section, SectionName};

/// What an example puts in place of a value.
const PLACEHOLDERS: &[&str] =
    &["<", "changeme", "change-me", "your_", "your-", "replace_me", "replace-me", "user:password@"];

/// The config's own problems.
pub fn config(path: &str, checked: &Checked) -> Section {
    let finding = |problem: &synapsor_config::Problem| {
        let code = match problem.severity {
            synapsor_config::Severity::Error => DoctorCode::ConfigUnusable,
            synapsor_config::Severity::Warning => DoctorCode::ConfigWarning,
        };
        let fix = problem.hint.clone().unwrap_or_else(|| format!("change {} in `{path}`", problem.path));
        Finding::new(code, problem.path.clone(), format!("{}: {}", problem.code, problem.message), fix)
    };
    Section::of(SectionName::Config, path, checked.problems.iter().map(finding).collect())
}

/// Every variable the config names for its sources and executors, and for the hosted service whose tools are served.
pub fn environment(config: &Config, environment: &Environment) -> Section {
    let mut look = Look { environment, findings: Vec::new(), seen: 0 };
    for source in config.sources.values() {
        look.source(config, source);
    }
    for (name, executor) in &config.executors {
        look.executor(name, executor);
    }
    if let Some(cloud) = config.cloud.as_ref().filter(|_| config.mode == Mode::Cloud) {
        look.cloud(cloud);
    }
    Section::of(SectionName::Environment, format!("{} variables of the config", look.seen), look.findings)
}

struct Look<'a> {
    environment: &'a Environment,
    findings: Vec<Finding>,
    seen: usize,
}

impl Look<'_> {
    /// Whether the variable holds something that could be a value.
    fn holds(&mut self, about: &str, name: &str, missing: DoctorCode, what: &str) -> bool {
        self.seen += 1;
        match self.environment.get(name) {
            None => {
                let fix = format!("set `{name}` to {what} where the runner starts");
                self.findings.push(Finding::new(missing, about, format!("`{name}` is not set"), fix));
                false
            }
            Some(value) if is_placeholder(value) => {
                let found = format!("`{name}` still holds the text of an example");
                let fix = format!("set `{name}` to {what}");
                self.findings.push(Finding::new(DoctorCode::VariablePlaceholder, about, found, fix));
                false
            }
            Some(_) => true,
        }
    }

    fn source(&mut self, config: &Config, source: &Source) {
        let Location::Server { read_url_env, write_url_env } = &source.location else { return };
        let about = format!("$.sources.{}", source.name);
        let reads = self.holds(
            &about,
            read_url_env,
            DoctorCode::ReadUrlMissing,
            "the URL of a credential that may only SELECT",
        );
        let is_written = config.mode == Mode::Review
            && !source.read_only
            && config
                .capabilities
                .iter()
                .any(|found| found.proposal.is_some() && found.source.name == source.name);
        let Some(write_url_env) = write_url_env.as_ref().filter(|_| is_written) else { return };
        let writes = self.holds(
            &about,
            write_url_env,
            DoctorCode::WriteUrlMissing,
            "the URL of the writing credential (`synapsor writeback grants` prints its rights)",
        );
        let same =
            reads && writes && self.environment.get(read_url_env) == self.environment.get(write_url_env);
        if same {
            let what = format!("`{read_url_env}` and `{write_url_env}` hold the same URL");
            let fix = format!("give `{read_url_env}` the URL of a role that may only SELECT");
            self.findings.push(Finding::new(DoctorCode::SharedCredential, about, what, fix));
        }
    }

    fn cloud(&mut self, cloud: &Cloud) {
        for (variable, what) in [
            (&cloud.base_url_env, "the hosted service's `https://` address"),
            (&cloud.runner_token_env, "the runner token that the service gave out"),
        ] {
            self.holds("$.cloud", variable, DoctorCode::CloudVariableMissing, what);
        }
    }

    fn executor(&mut self, name: &str, executor: &Executor) {
        let about = format!("$.executors.{name}");
        let named: Vec<(&String, &str)> = match executor {
            Executor::HttpHandler { url_env, token_env, signing, .. } => {
                let others = token_env.iter().map(|name| (name, "the bearer token"));
                let secrets = signing.iter().map(|key| (&key.secret_env, "a signing secret"));
                std::iter::once((url_env, "the URL of the application's endpoint"))
                    .chain(others)
                    .chain(secrets)
                    .collect()
            }
            Executor::CommandHandler { command_env, .. } => vec![(command_env, "the application's command")],
        };
        for (variable, what) in named {
            self.holds(&about, variable, DoctorCode::ExecutorVariableMissing, what);
        }
    }
}

fn is_placeholder(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    PLACEHOLDERS.iter().any(|word| value.contains(word))
}

/// Whether every context can be established where a client starts the runner itself.
pub fn context(config: &Config, environment: &Environment) -> Section {
    // By context, since many capabilities share one.
    let mut used: BTreeMap<&str, &Context> = BTreeMap::new();
    match config.contexts.get(DEFAULT_CONTEXT).filter(|_| config.mode == Mode::Cloud) {
        // Only claims tell callers of a hosted service's tools apart; what another provider says has no part in a call.
        Some(context) if matches!(context.as_ref(), Context::HttpClaims { .. }) => {
            used.insert(DEFAULT_CONTEXT, context);
        }
        Some(_) => {}
        None => used
            .extend(config.capabilities.iter().map(|found| (found.context_name.as_str(), &*found.context))),
    }
    let findings = used.iter().flat_map(|(name, context)| of_context(name, context, environment)).collect();
    Section::of(SectionName::Context, format!("{} contexts in use", used.len()), findings)
}

fn of_context(name: &str, context: &Context, environment: &Environment) -> Vec<Finding> {
    let missing = |variable: &str, what: &str| {
        environment.get(variable).is_none().then(|| {
            let fix = format!("set `{variable}` where the runner starts");
            Finding::new(
                DoctorCode::ContextMissing,
                name,
                format!("the {what} is not set: `{variable}` is empty"),
                fix,
            )
        })
    };
    match context {
        Context::Environment { tenant_id_env, principal_env } => {
            [missing(tenant_id_env, "tenant"), missing(principal_env, "principal")]
                .into_iter()
                .flatten()
                .collect()
        }
        Context::StaticDev { .. } => vec![Finding::new(
            DoctorCode::ContextFixed,
            name,
            "tenant and principal are fixed in the config",
            "use `\"provider\": \"environment\"`, or `http_claims` over HTTP, before anybody else is served",
        )],
        Context::HttpClaims { .. } => vec![Finding::new(
            DoctorCode::ContextNeedsTokens,
            name,
            "tenant and principal come from a verified token",
            "serve with `synapsor mcp serve-streamable-http` and `authentication` in the config",
        )],
        Context::CloudSession => Vec::new(),
    }
}
