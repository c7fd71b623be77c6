//! What a handler declares against what a config grants its capability. The config decides; this says where it grants
//! less than the handler needs, so that nobody learns it from a refused call.

use std::collections::BTreeMap;

use synapsor_config::{Capability, DeclaredRead, HandlerGrant, Logic, ProposalRules};

use crate::bundle::Bundle;
use crate::code::ProblemCode;
use crate::limits;
use crate::manifest::{Manifest, ReadNeed};
use crate::place;
use crate::problem::{Problem, nearest};

/// Everything the bundle declares that the capability does not grant, and the digest where it pins another component.
pub fn grant_problems(bundle: &Bundle, capability: &Capability) -> Vec<Problem> {
    let Some((rules, grant)) = handler_of(capability) else {
        let message = "expected a proposal capability with a `handler`";
        return vec![Problem::new(ProblemCode::GrantNoHandler, capability.name.clone(), message)];
    };
    let mut missing = Missing { capability: &capability.name, problems: Vec::new() };
    missing.digest(bundle, grant);
    missing.arguments(&bundle.manifest, capability);
    missing.settings(&bundle.manifest, grant);
    missing.row(&bundle.manifest, capability);
    for (name, need) in &bundle.manifest.reads {
        missing.read(name, need, grant.reads.get(name));
    }
    missing.writes(&bundle.manifest, rules);
    missing.wasi(&bundle.manifest, grant);
    missing.limits(&bundle.manifest, grant);
    missing.problems
}

/// The reads a granted handler runs with: what the config grants of what the manifest declares, and nothing else of it.
pub fn running_reads(manifest: &Manifest, grant: &HandlerGrant) -> BTreeMap<String, DeclaredRead> {
    let both = |(name, granted): (&String, &DeclaredRead)| {
        let need = manifest.reads.get(name)?;
        let columns = granted.columns.iter().filter(|column| need.columns.contains(*column)).cloned();
        let filters = granted.filters.intersection(&need.filters).cloned();
        let read = DeclaredRead { columns: columns.collect(), filters: filters.collect(), ..granted.clone() };
        Some((name.clone(), read))
    };
    grant.reads.iter().filter_map(both).collect()
}

fn handler_of(capability: &Capability) -> Option<(&ProposalRules, &HandlerGrant)> {
    let rules = capability.proposal.as_ref()?;
    match &rules.logic {
        Logic::Handler(grant) => Some((rules, grant)),
        Logic::Patch(_) => None,
    }
}

struct Missing<'a> {
    capability: &'a str,
    problems: Vec<Problem>,
}

impl Missing<'_> {
    fn digest(&mut self, bundle: &Bundle, grant: &HandlerGrant) {
        if grant.digest != bundle.component_digest {
            let message = format!("expected `{}`, found `{}`", grant.digest, bundle.component_digest);
            self.add(ProblemCode::GrantDigestMismatch, "handler.digest", message)
                .hint("review the component, then pin it with `synapsor validate --write-digest`");
        }
    }

    fn arguments(&mut self, manifest: &Manifest, capability: &Capability) {
        for (name, need) in &manifest.arguments {
            let path = place::under("args", name);
            match capability.args.iter().find(|argument| argument.name == *name) {
                None if need.required => {
                    let known = capability.args.iter().map(|argument| argument.name.as_str());
                    let hint = nearest(name, known);
                    self.add(ProblemCode::GrantArgumentMissing, &path, "the capability has no such argument")
                        .maybe(hint);
                }
                Some(argument) if need.required && !argument.required => {
                    let message = "the handler needs it and the capability does not require it";
                    self.add(ProblemCode::GrantArgumentMissing, &path, message);
                }
                Some(argument) if argument.kind != need.kind => {
                    let message =
                        format!("expected a {:?}, found a {:?}", need.kind, argument.kind).to_lowercase();
                    self.add(ProblemCode::GrantArgumentType, &path, message);
                }
                _ => {}
            }
        }
    }

    fn settings(&mut self, manifest: &Manifest, grant: &HandlerGrant) {
        for (name, _) in manifest.settings.iter().filter(|(_, need)| need.required) {
            let prefix = name.strip_suffix('*');
            let fits = |set: &String| prefix.map_or(set == name, |prefix| set.starts_with(prefix));
            if !grant.settings.keys().any(fits) {
                let path = place::under("handler.settings", name);
                self.add(ProblemCode::GrantSettingMissing, &path, "the handler needs this setting");
            }
        }
        for (name, value) in &grant.settings {
            let path = place::under("handler.settings", name);
            match manifest.setting(name) {
                None => {
                    let hint = nearest(name, manifest.settings.keys().map(String::as_str));
                    self.add(ProblemCode::GrantSettingUnknown, &path, "the handler has no such setting")
                        .maybe(hint);
                }
                Some(need) if !need.kind.accepts(value) => {
                    let message = format!("expected {}, found {}", need.kind.as_str(), value.type_name());
                    self.add(ProblemCode::GrantSettingType, &path, message);
                }
                Some(_) => {}
            }
        }
    }

    /// A handler is given the visible columns that are not redacted, and the key.
    fn row(&mut self, manifest: &Manifest, capability: &Capability) {
        let given = capability.handler_columns();
        for column in &manifest.row {
            if capability.redact.contains(column) {
                let message = format!("the handler looks at column `{column}`, which the capability redacts");
                self.add(ProblemCode::GrantRowColumnMissing, "redact", message);
            } else if !given.contains(column) {
                let message = format!("the handler looks at column `{column}`");
                self.add(ProblemCode::GrantRowColumnMissing, "visible_columns", message);
            }
        }
    }

    fn read(&mut self, name: &str, need: &ReadNeed, granted: Option<&DeclaredRead>) {
        let path = place::under("reads", name);
        let Some(granted) = granted else {
            self.add(ProblemCode::GrantReadMissing, &path, "the handler needs this read");
            return;
        };
        for column in need.columns.iter().filter(|column| !granted.columns.contains(column)) {
            let message = format!("the handler looks at column `{column}`");
            self.add(ProblemCode::GrantReadColumnMissing, &format!("{path}.columns"), message);
        }
        for filter in need.filters.difference(&granted.filters) {
            let message = format!("the handler filters by column `{filter}`");
            self.add(ProblemCode::GrantFilterMissing, &format!("{path}.filters"), message);
        }
        if let Some(rows) = need.rows_max.filter(|rows| *rows > granted.rows_max) {
            let message = format!("expected at least `{rows}`, found `{}`", granted.rows_max);
            self.add(ProblemCode::GrantRowsTooFew, &format!("{path}.rows_max"), message);
        }
    }

    fn writes(&mut self, manifest: &Manifest, rules: &ProposalRules) {
        for column in manifest.writes.difference(&rules.allowed_columns) {
            let message = format!("the handler may write column `{column}`");
            self.add(ProblemCode::GrantWriteMissing, "allowed_columns", message);
        }
    }

    fn wasi(&mut self, manifest: &Manifest, grant: &HandlerGrant) {
        if manifest.wasi.is_some() && grant.wasi.is_none() {
            let message = "the component links WASI";
            self.add(ProblemCode::GrantWasiMissing, "handler.wasi", message)
                .hint("grant it `deny_all`, which gives it nothing, or build the handler with its toolchain's stubs");
        }
    }

    fn limits(&mut self, manifest: &Manifest, grant: &HandlerGrant) {
        for (name, need, granted) in limits::beyond(&manifest.limits, &limits::granted_limits(&grant.limits))
        {
            let path = format!("handler.limits.{name}");
            let message = format!("expected at least `{need}`, found `{granted}`");
            self.add(ProblemCode::GrantLimitTooLow, &path, message);
        }
    }

    fn add(&mut self, code: ProblemCode, path: &str, message: impl AsRef<str>) -> Hint<'_> {
        self.problems.push(Problem::new(code, format!("{} $.{path}", self.capability), message));
        Hint(self.problems.last_mut())
    }
}

/// Where the last problem's hint goes.
struct Hint<'a>(Option<&'a mut Problem>);

impl Hint<'_> {
    fn hint(self, hint: &str) {
        self.maybe(Some(hint.to_owned()));
    }

    fn maybe(self, hint: Option<String>) {
        if let Some(problem) = self.0 {
            problem.hint = hint;
        }
    }
}
