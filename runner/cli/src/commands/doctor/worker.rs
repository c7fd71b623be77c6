//! A worker of a fleet: what it needs is set, its control plane knows its token, and its credential can leave a receipt.
//!
//! Invariant: no table of the application's is touched. A receipt is inserted and rolled back; the receipts table is made where it is
//! missing, as the first apply would make it.

use std::sync::Arc;

use synapsor_config::{Config, Mode};
use synapsor_protocol::{Code, Refusal};
use synapsor_setup::doctor::{DoctorCode, Finding, Section, SectionName};
use synapsor_writeback::prove_receipts;

use crate::commands::runner;
use crate::env;
use crate::settings::Settings;
use crate::wiring;

/// The section, where the environment says that this machine is a worker's.
pub(super) async fn section(settings: &Settings, config: &Arc<Config>) -> Option<Section> {
    // In cloud mode a runner token is there without a control plane to take jobs from.
    let serves_a_service =
        config.mode == Mode::Cloud && settings.environment.get(env::CONTROL_PLANE_URL).is_none();
    if !runner::is_meant(settings) || serves_a_service {
        return None;
    }
    let missing = runner::missing(settings, Some(config));
    let mut findings: Vec<Finding> = missing
        .iter()
        .map(|name| {
            let fix = format!("set `{name}`; {}", runner::ONLY_WITHOUT_A_CREDENTIAL);
            Finding::new(DoctorCode::WorkerVariableMissing, *name, "it is not set", fix)
        })
        .collect();
    let set = |name: &str| settings.environment.get(name).unwrap_or_default();
    let mut looked_at = vec!["its variables".to_owned()];
    if ![env::CONTROL_PLANE_URL, env::RUNNER_TOKEN].iter().any(|name| missing.contains(name)) {
        looked_at.push("its token".to_owned());
        findings.extend(token(settings, set(env::RUNNER_ID), set(env::SOURCE_ID)).await);
    }
    if missing.is_empty() {
        match receipts(settings, config, set(env::SOURCE_ID)).await {
            Ok(shown) => looked_at.push(shown),
            Err(refusal) => {
                findings.push(told(DoctorCode::ReceiptsNotWritable, set(env::SOURCE_ID), refusal));
            }
        }
    }
    Some(Section::of(SectionName::Worker, looked_at.join(", "), findings))
}

/// What the control plane has against this worker.
async fn token(settings: &Settings, runner_id: &str, source_id: &str) -> Vec<Finding> {
    let known = match runner::control_plane(settings) {
        Ok(plane) => plane.token_known().await,
        Err(refusal) => Err(refusal),
    };
    let known = match known {
        Ok(known) => known,
        Err(refusal) => {
            let code = match refusal.code {
                Code::TokenInvalid | Code::AuthenticationRequired => DoctorCode::RunnerTokenRefused,
                _ => DoctorCode::ControlPlaneAway,
            };
            return vec![told(code, env::CONTROL_PLANE_URL, refusal)];
        }
    };
    let mut findings = Vec::new();
    let mut differs = |variable: &str, here: &str, there: &str| {
        let what = format!("it is `{here}`, and the token is for {there}");
        let fix = format!("correct `{variable}`, or make a token with `synapsor control-plane token make`");
        findings.push(Finding::new(DoctorCode::RunnerTokenRefused, variable, what, fix));
    };
    if known.runner_id != runner_id {
        differs(env::RUNNER_ID, runner_id, &format!("`{}`", known.runner_id));
    }
    if !known.sources.iter().any(|source| source == source_id) {
        let sources: Vec<String> = known.sources.iter().map(|source| format!("`{source}`")).collect();
        differs(env::SOURCE_ID, source_id, &sources.join(", "));
    }
    findings
}

/// What was shown about the credential, in words.
async fn receipts(settings: &Settings, config: &Arc<Config>, source_id: &str) -> Result<String, Refusal> {
    runner::check_credential(settings, config, source_id)?;
    let writers = wiring::job_credentials(settings, config);
    let writer = writers.iter().find(|writer| writer.name == source_id);
    let found = config.sources.get(source_id).zip(writer);
    let (source, writer) = found.ok_or_else(|| Refusal::bug("a source that was there is gone"))?;
    let proof = prove_receipts(source, writer).await?;
    let made = if proof.made { "; the receipts table was missing and is made" } else { "" };
    let (engine, version) = (source.engine.as_str(), proof.version);
    Ok(format!("a receipt in {engine} {version}, inserted and rolled back{made}"))
}

fn told(code: DoctorCode, about: &str, refusal: Refusal) -> Finding {
    let what = format!("{}: {}", refusal.code, refusal.message);
    let fix = refusal.hint.unwrap_or_else(|| "`synapsor runner start` says the same and why".to_owned());
    Finding::new(code, about, what, fix)
}
