//! The databases: what the reading credential sees of them, and what the writing one may do.

use synapsor_config::{Config, Location, Source};
use synapsor_setup::doctor::{self, DoctorCode, Finding, Section, SectionName};
use synapsor_source::{Connect, SourceSettings};
use synapsor_writeback::{Checkup, Excess, default_role, examine, reading_excess};

use crate::print::count;
use crate::settings::Settings;
use crate::wiring;

/// How long one database may take to tell its catalogs, and how long a connection may take.
const TIMEOUT_MS: u64 = 10_000;
const CONNECT_TIMEOUT_MS: u64 = 5_000;

/// Every source's catalog against what the config says of it.
pub(super) async fn metadata(settings: &Settings, config: &Config) -> Section {
    let mut findings = Vec::new();
    for source in config.sources.values() {
        let connect = wiring::read_connect(settings.config_folder(), source, &settings.environment);
        if matches!(connect, Connect::Missing { .. }) {
            // The section about the environment says so.
            continue;
        }
        let wanted = SourceSettings {
            name: source.name.clone(),
            engine: source.engine,
            connect: connect.clone(),
            statement_timeout_ms: TIMEOUT_MS,
            connections_max: 1,
            acquire_timeout_ms: CONNECT_TIMEOUT_MS,
        };
        let asked = wiring::clock().now();
        match synapsor_setup::inspect(wanted, None, asked).await {
            Ok(found) => {
                findings.extend(doctor::server(&source.name, &found, asked, wiring::clock().now()));
                findings.extend(reader(config, source, &connect).await);
                findings.extend(doctor::shape(config, &source.name, &found));
            }
            Err(error) => {
                let refusal = error.refusal();
                let fix = refusal.hint.clone().unwrap_or_else(|| reach(source));
                findings.push(Finding::new(
                    DoctorCode::SourceUnreachable,
                    format!("$.sources.{}", source.name),
                    format!("{}: {}", refusal.code, refusal.message),
                    fix,
                ));
            }
        }
    }
    Section::of(
        SectionName::Metadata,
        format!("{} sources, with the reading credential", config.sources.len()),
        findings,
    )
}

/// What the reading credential could change.
async fn reader(config: &Config, source: &Source, connect: &Connect) -> Vec<Finding> {
    let of_excess = |found: Excess| {
        Finding::new(DoctorCode::ReaderCanWrite, format!("$.sources.{}", source.name), found.what, found.fix)
    };
    match reading_excess(config, source, connect).await {
        Ok(excess) => excess.into_iter().map(of_excess).collect(),
        // It answered a moment ago, and is asked again by the next doctor.
        Err(refusal) => {
            tracing::warn!(source = %source.name, code = %refusal.code, "the rights of the reading credential could not be asked for");
            Vec::new()
        }
    }
}

fn reach(source: &Source) -> String {
    match &source.location {
        Location::File { path } => {
            format!("put the database at `{}`, or correct `path` in the config", path.display())
        }
        Location::Server { read_url_env, .. } => {
            format!(
                "check the address, the database and the role in `{read_url_env}`, and that the server runs"
            )
        }
    }
}

/// What an apply needs of each source, and what its credential may do beyond.
pub(super) async fn writeback(settings: &Settings, config: &Config) -> Section {
    let writers = wiring::credentials(settings, config);
    let mut findings = Vec::new();
    let mut rolled_back = 0_usize;
    for source in config.sources.values() {
        let writer = writers.iter().find(|writer| writer.name == source.name);
        let reader = wiring::read_connect(settings.config_folder(), source, &settings.environment);
        let checkup = examine(config, source, writer, &reader, &default_role(writer)).await;
        rolled_back += usize::from(checkup.receipt_rolled_back);
        findings.extend(of_checkup(&checkup));
    }
    let receipts = match rolled_back {
        0 => "nothing was written".to_owned(),
        _ => format!("{} written and rolled back", count(rolled_back, "receipt")),
    };
    let looked_at = format!("targets, rights and receipts, with the writing credential; {receipts}");
    Section::of(SectionName::Writeback, looked_at, findings)
}

fn of_checkup(checkup: &Checkup) -> Vec<Finding> {
    let source = format!("$.sources.{}", checkup.source);
    let stands = checkup.findings.iter().map(|found| {
        let about = found.capability.clone().unwrap_or_else(|| source.clone());
        Finding::new(
            DoctorCode::WritebackStands,
            about,
            format!("{}: {}", found.code, found.what),
            found.fix.clone(),
        )
        .because(found.why.clone())
    });
    let excess = checkup.excess.iter().map(|found| {
        Finding::new(DoctorCode::WritebackExcess, source.clone(), found.what.clone(), found.fix.clone())
    });
    stands.chain(excess).collect()
}
