//! Handlers: whether each bundle is there, trusted and granted what it needs; on request, whether it loads, and whether the
//! application's executors are ready.

use std::sync::Arc;

use synapsor_config::{Config, Logic};
use synapsor_protocol::Refusal;
use synapsor_setup::doctor::{DoctorCode, Finding, Section, SectionName};

use crate::args::Doctor;
use crate::settings::Settings;
use crate::wiring;

pub(super) async fn section(typed: &Doctor, settings: &Settings, config: &Arc<Config>) -> Section {
    let mut findings = Vec::new();
    let mut seen = 0_usize;
    for capability in &config.capabilities {
        let Some(Logic::Handler(grant)) = capability.proposal.as_ref().map(|rules| &rules.logic) else {
            continue;
        };
        seen += 1;
        match wiring::trusted_bundle(&settings.config_folder().join(&grant.bundle), &config.handler_trust) {
            Ok(bundle) => {
                let problems = synapsor_bundle::grant_problems(&bundle, capability);
                findings
                    .extend(problems.iter().map(|problem| unusable(&capability.name, &problem.refusal())));
            }
            Err(refusal) => findings.push(unusable(&capability.name, &refusal)),
        }
    }
    if typed.check_handlers && findings.is_empty() && seen > 0 {
        findings.extend(loads(settings, config).await);
    }
    if typed.check_handlers {
        findings.extend(executors(settings, config).await);
    }
    let how = if typed.check_handlers { "loaded as a server would" } else { "their bundles and grants" };
    Section::of(SectionName::Handlers, format!("{seen} handlers, {how}"), findings)
}

/// Asks every executor of the application whether it is ready; nothing is carried out.
async fn executors(settings: &Settings, config: &Config) -> Vec<Finding> {
    let (ids, clock) = (wiring::ids(), wiring::clock());
    let mut findings = Vec::new();
    for executor in wiring::executors(settings, config) {
        if let Err(refusal) = executor.check(&*ids, &*clock).await {
            let what = format!("{}: {}", refusal.code, refusal.message);
            let fix = refusal.hint.unwrap_or_else(|| "the application's log says why".to_owned());
            findings.push(Finding::new(DoctorCode::ExecutorNotReady, &executor.name, what, fix));
        }
    }
    findings
}

/// Compiles and links every one, as a server does when it starts.
async fn loads(settings: &Settings, config: &Arc<Config>) -> Vec<Finding> {
    match wiring::handlers(settings, config) {
        Err(refusal) => vec![unusable("handlers", &refusal)],
        Ok(handlers) => {
            let readiness = handlers.load_all().await;
            readiness.failed.iter().map(|(capability, refusal)| unusable(capability, refusal)).collect()
        }
    }
}

fn unusable(capability: &str, refusal: &Refusal) -> Finding {
    let fix = refusal.hint.clone().unwrap_or_else(|| {
        "run `synapsor validate` on the config and the bundle, which says everything wrong at once".to_owned()
    });
    Finding::new(
        DoctorCode::HandlerUnusable,
        capability,
        format!("{}: {}", refusal.code, refusal.message),
        fix,
    )
}
