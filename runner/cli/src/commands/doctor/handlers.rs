//! Handlers: whether each bundle is there, trusted and granted what it needs, and whether its last calls were all stopped; on
//! request, whether it loads, and whether the application's executors are ready.

use std::sync::Arc;

use synapsor_config::{Capability, Config, Logic};
use synapsor_handler_host::{OWN_STOPS, STOPS_IN_A_ROW};
use synapsor_ledger::{HistoryFilter, Ledger};
use synapsor_protocol::{Code, Moment, Refusal};
use synapsor_setup::doctor::{DoctorCode, Finding, Section, SectionName};

use crate::args::Doctor;
use crate::settings::{LedgerName, Settings};
use crate::wiring;

/// How far back calls are looked at.
const BREAKING_WITHIN_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

pub(super) async fn section(typed: &Doctor, settings: &Settings, config: &Arc<Config>) -> Section {
    let (mut findings, ledger) = (Vec::new(), on_record(settings).await);
    let mut seen = 0_usize;
    for capability in &config.capabilities {
        let Some(Logic::Handler(grant)) = capability.proposal.as_ref().map(|rules| &rules.logic) else {
            continue;
        };
        seen += 1;
        match wiring::trusted_bundle(&settings.config_folder().join(&grant.bundle), &config.handler_trust) {
            Ok(bundle) => {
                let problems = synapsor_bundle::grant_problems(&bundle, capability);
                let unusable = |refusal: &Refusal| unusable(settings, &capability.name, refusal);
                findings.extend(problems.iter().map(|problem| unusable(&problem.refusal())));
            }
            Err(refusal) => findings.push(unusable(settings, &capability.name, &refusal)),
        }
        if let Some(ledger) = &ledger {
            findings.extend(breaking(ledger, capability).await);
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

/// The ledger where there is one that opens; what is wrong with it is another section's.
async fn on_record(settings: &Settings) -> Option<Ledger> {
    match settings.ledger().ok()? {
        LedgerName::File(path) if !path.exists() => None,
        _ => wiring::ledger(settings, false).await.ok(),
    }
}

/// A handler whose latest calls were all stopped, as many of them as make a server leave it alone.
async fn breaking(ledger: &Ledger, capability: &Capability) -> Option<Finding> {
    let since = Moment::from_micros(wiring::clock().now().micros().saturating_sub(BREAKING_WITHIN_MICROS));
    let filter = HistoryFilter { capability: Some(capability.name.clone()), since };
    let calls = ledger.history(&filter).await.ok()?;
    let stops: Vec<Code> = calls.iter().rev().map_while(|call| call.refused.filter(is_stop)).collect();
    let last = stops.iter().find(|code| **code != Code::HandlerSuspended)?;
    if stops.len() < usize::try_from(STOPS_IN_A_ROW).unwrap_or(usize::MAX) {
        return None;
    }
    Some(Finding::new(
        DoctorCode::HandlerBreaking,
        &capability.name,
        format!(
            "its handler was stopped in each of its last {} calls, the last time with `{last}`",
            stops.len()
        ),
        "make a case of such a call, which `synapsor evidence` shows, and run `synapsor handler test` on the bundle",
    ))
}

fn is_stop(code: &Code) -> bool {
    OWN_STOPS.contains(code) || matches!(code, Code::GuestDeadline | Code::HandlerSuspended)
}

/// Compiles and links every one, as a server does when it starts.
async fn loads(settings: &Settings, config: &Arc<Config>) -> Vec<Finding> {
    match wiring::handlers(settings, config) {
        Err(refusal) => vec![unusable(settings, "handlers", &refusal)],
        Ok(handlers) => {
            let readiness = handlers.load_all().await;
            let failed = readiness.failed.iter();
            failed.map(|(capability, refusal)| unusable(settings, capability, refusal)).collect()
        }
    }
}

fn unusable(settings: &Settings, capability: &str, refusal: &Refusal) -> Finding {
    let config = settings.config_path.display();
    let fix = match (&refusal.hint, refusal.code) {
        (_, Code::HandlerDigestMismatch) => {
            format!("review the component, then pin it with `synapsor validate --write-digest {config}`")
        }
        (Some(hint), _) => hint.clone(),
        (None, _) => format!("`synapsor validate {config}` says everything that is wrong with it at once"),
    };
    Finding::new(
        DoctorCode::HandlerUnusable,
        capability,
        format!("{}: {}", refusal.code, refusal.message),
        fix,
    )
}
