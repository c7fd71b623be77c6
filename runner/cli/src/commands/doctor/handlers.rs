//! Handlers, and candidates beside them: whether each bundle is there, trusted and granted what it needs, and whether its last calls were all stopped; on
//! request, whether it loads, and whether the application's executors are ready.

use std::sync::Arc;

use synapsor_config::{Capability, Config, HandlerGrant, Logic};
use synapsor_handler_host::{OWN_STOPS, STOPS_IN_A_ROW};
use synapsor_invocation::Handlers;
use synapsor_ledger::{HistoryFilter, Ledger};
use synapsor_protocol::{Code, Moment, Refusal};
use synapsor_setup::doctor::{DoctorCode, Finding, Section, SectionName};

use crate::args::Doctor;
use crate::print::count;
use crate::settings::{LedgerName, Settings};
use crate::wiring;

/// How far back calls are looked at.
const BREAKING_WITHIN_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

pub(super) async fn section(typed: &Doctor, settings: &Settings, config: &Arc<Config>) -> Section {
    let (mut findings, ledger) = (Vec::new(), on_record(settings).await);
    let (mut seen, mut candidates) = (0_usize, 0_usize);
    for capability in &config.capabilities {
        let Some(Logic::Handler(grant)) = capability.proposal.as_ref().map(|rules| &rules.logic) else {
            continue;
        };
        seen += 1;
        let live = DoctorCode::HandlerUnusable;
        findings.extend(judged(settings, config, (capability, grant), live));
        if let Some(tried) = capability.with_candidate() {
            candidates += 1;
            let Some(Logic::Handler(grant)) = tried.proposal.as_ref().map(|rules| &rules.logic) else {
                continue;
            };
            findings.extend(judged(settings, config, (&tried, grant), DoctorCode::CandidateUnusable));
        }
        if let Some(ledger) = &ledger {
            findings.extend(breaking(ledger, capability).await);
        }
    }
    if typed.check_handlers {
        let stands = |code| findings.iter().any(|finding: &Finding| finding.code == code);
        // What does not stand is not loaded, and said once.
        let live = seen > 0 && !stands(DoctorCode::HandlerUnusable);
        let tried = candidates > 0 && !stands(DoctorCode::CandidateUnusable);
        if live {
            let handlers = wiring::handlers(settings, config);
            findings.extend(loaded(settings, handlers, DoctorCode::HandlerUnusable).await);
        }
        if tried {
            let handlers = wiring::candidate_handlers(settings, config).map(|(_, handlers)| handlers);
            findings.extend(loaded(settings, handlers, DoctorCode::CandidateUnusable).await);
        }
    }
    if typed.check_handlers {
        findings.extend(executors(settings, config).await);
    }
    let how = if typed.check_handlers { "loaded as a server would" } else { "their bundles and grants" };
    let beside = match candidates {
        0 => String::new(),
        _ => format!(" and {} beside them", count(candidates, "candidate")),
    };
    Section::of(SectionName::Handlers, format!("{seen} handlers{beside}, {how}"), findings)
}

/// What stands against a bundle: that it is not there, not signed by somebody who is trusted, not the one that is pinned, or
/// not granted what it needs.
fn judged(
    settings: &Settings,
    config: &Config,
    (capability, grant): (&Capability, &HandlerGrant),
    code: DoctorCode,
) -> Vec<Finding> {
    let unusable = |refusal: &Refusal| unusable(settings, (code, &capability.name), refusal);
    match wiring::trusted_bundle(&settings.config_folder().join(&grant.bundle), &config.handler_trust) {
        Ok(bundle) => {
            let problems = synapsor_bundle::grant_problems(&bundle, capability);
            problems.iter().map(|problem| unusable(&problem.refusal())).collect()
        }
        Err(refusal) => vec![unusable(&refusal)],
    }
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

/// Compiles and links each, as a server does when it starts: which of them cannot be.
async fn loaded(settings: &Settings, handlers: Result<Handlers, Refusal>, code: DoctorCode) -> Vec<Finding> {
    match handlers {
        Err(refusal) => vec![unusable(settings, (code, "handlers"), &refusal)],
        Ok(handlers) => {
            let readiness = handlers.load_all().await;
            let failed = readiness.failed.iter();
            failed.map(|(capability, refusal)| unusable(settings, (code, capability), refusal)).collect()
        }
    }
}

fn unusable(settings: &Settings, (code, capability): (DoctorCode, &str), refusal: &Refusal) -> Finding {
    let config = settings.config_path.display();
    let fix = match (&refusal.hint, refusal.code) {
        (_, Code::HandlerDigestMismatch) => {
            format!("review the component, then pin it with `synapsor validate --write-digest {config}`")
        }
        (Some(hint), _) => hint.clone(),
        (None, _) => format!("`synapsor validate {config}` says everything that is wrong with it at once"),
    };
    Finding::new(code, capability, format!("{}: {}", refusal.code, refusal.message), fix)
}
