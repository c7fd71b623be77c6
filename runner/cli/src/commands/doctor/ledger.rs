//! The ledger: whether it is there, opens, and holds together.

use synapsor_protocol::Refusal;
use synapsor_setup::doctor::{DoctorCode, Finding, Section, SectionName};

use crate::settings::{LedgerName, Settings};
use crate::wiring;

pub(super) async fn section(settings: &Settings) -> Section {
    let name = match settings.ledger() {
        Ok(name) => name,
        Err(refusal) => {
            return Section::of(SectionName::Ledger, "its name", vec![unusable("ledger", &refusal)]);
        }
    };
    let shown = name.to_string();
    let findings = match &name {
        LedgerName::File(path) if !path.exists() => vec![Finding::new(
            DoctorCode::LedgerAbsent,
            shown.clone(),
            "the ledger is not there yet",
            "nothing has to be done; `synapsor propose` or a client's first call makes it",
        )],
        _ => opened(settings, &shown).await,
    };
    Section::of(SectionName::Ledger, shown, findings)
}

async fn opened(settings: &Settings, name: &str) -> Vec<Finding> {
    let ledger = match wiring::ledger(settings, false).await {
        Ok(ledger) => ledger,
        Err(refusal) => return vec![unusable(name, &refusal)],
    };
    match ledger.verify().await {
        Ok(report) => report
            .misfit
            .iter()
            .map(|misfit| {
                let fix = "`synapsor store verify` says where; go back to a copy with `synapsor store restore FILE --force`, which keeps this one beside it";
                Finding::new(DoctorCode::LedgerMisfit, name, misfit.to_string(), fix)
            })
            .collect(),
        Err(error) => vec![unusable(name, &error.refusal())],
    }
}

fn unusable(name: &str, refusal: &Refusal) -> Finding {
    let fix = refusal
        .hint
        .clone()
        .unwrap_or_else(|| "see that the ledger's folder is there and can be written".to_owned());
    Finding::new(DoctorCode::LedgerUnusable, name, format!("{}: {}", refusal.code, refusal.message), fix)
}
