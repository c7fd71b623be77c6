//! The keeper: while a server serves, it does what the config says about keeping the ledger. Old records are archived and
//! removed, a little at a time, and the head of the chain is signed every so many events.
//!
//! Invariant: keeping never stops serving. What cannot be done is said on the log and tried again the next time.
//! Several servers on one ledger may keep it at once: each step is one transaction, and finds what is left.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use synapsor_bundle::SigningKey;
use synapsor_config::{CheckpointRule, Retention};
use synapsor_ledger::{Ledger, PruneFilter};
use synapsor_protocol::{Code, Moment, Refusal};

use crate::commands::ledger_key;
use crate::settings::Settings;
use crate::wiring;

/// How often the number of events is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Looks between two rounds of retention: ten minutes.
const LOOKS_A_ROUND: u32 = 300;
/// Steps of one round; what is left waits for the next, which then comes at once.
const STEPS_A_ROUND: u32 = 20;
/// Who prunes, on record.
const ACTOR: &str = "retention";

const DAY_MICROS: i64 = 86_400_000_000;

/// What it keeps, and how.
pub(crate) struct Keeper {
    ledger: Ledger,
    settings: Settings,
    signer: Arc<SigningKey>,
    retention: Option<Retention>,
    checkpoint: Option<(CheckpointRule, PathBuf)>,
    /// Events up to the last checkpoint.
    signed: i64,
}

impl Keeper {
    /// A keeper, where the config wants one. What it would need and cannot have stops the start.
    pub(crate) fn of(settings: &Settings, ledger: &Ledger) -> Result<Option<Self>, Refusal> {
        let keeping = settings.keeping()?;
        if keeping.retention.is_none() && keeping.checkpoint.is_none() {
            return Ok(None);
        }
        let signer = Arc::new(ledger_key::signing(None, settings)?);
        let checkpoint = match keeping.checkpoint {
            Some(rule) => Some((rule, ledger_key::checkpoints_file(settings)?)),
            None => None,
        };
        let signed = if checkpoint.is_some() { last_signed(settings, ledger)? } else { 0 };
        let (ledger, settings) = (ledger.clone(), settings.clone());
        Ok(Some(Self { ledger, settings, signer, retention: keeping.retention, checkpoint, signed }))
    }

    /// Keeps for as long as it is polled.
    async fn keep(mut self) -> Infallible {
        let mut looks = 0;
        loop {
            if let Err(refusal) = self.sign().await {
                failed("the chain is not signed", &refusal);
            }
            if looks == 0 {
                looks = match self.prune().await {
                    Ok(true) => 1,
                    Ok(false) => LOOKS_A_ROUND,
                    Err(refusal) => {
                        failed("what is old is not removed", &refusal);
                        LOOKS_A_ROUND
                    }
                };
            }
            looks -= 1;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Signs the head when enough has happened since the last time.
    async fn sign(&mut self) -> Result<(), Refusal> {
        let Some((rule, file)) = &self.checkpoint else { return Ok(()) };
        let position = self.ledger.position().await.map_err(|error| error.refusal())?;
        let since = u64::try_from(position.saturating_sub(self.signed)).unwrap_or_default();
        if since < rule.every_events {
            return Ok(());
        }
        let made = self.ledger.checkpoint(self.signer.as_ref()).await.map_err(|error| error.refusal())?;
        ledger_key::append(file, &made)?;
        self.signed = made.events;
        tracing::info!(events = made.events, "the chain is signed");
        Ok(())
    }

    /// One round of retention; whether there may be more to do.
    async fn prune(&self) -> Result<bool, Refusal> {
        let Some(rule) = &self.retention else { return Ok(false) };
        let filter = due(rule, wiring::clock().now());
        let archive = archive_file(rule, &self.settings)?;
        let signer = Arc::clone(&self.signer);
        let pruned = self.ledger.prune(filter, ACTOR, &archive, signer, STEPS_A_ROUND).await;
        let pruned = pruned.map_err(|error| error.refusal())?;
        if pruned.events > 0 {
            let (events, records) = (pruned.events, pruned.records);
            tracing::info!(events, records, archive = %archive.display(), "what is old is archived and removed");
        }
        Ok(pruned.events > 0)
    }
}

/// Keeps, where there is a keeper; in either case never ends.
pub(crate) async fn follow(keeper: Option<Keeper>) -> Infallible {
    match keeper {
        Some(keeper) => keeper.keep().await,
        None => std::future::pending().await,
    }
}

/// What a rule lets go now.
pub(crate) fn due(rule: &Retention, now: Moment) -> PruneFilter {
    let before = |days: Option<u32>| {
        let span = DAY_MICROS.saturating_mul(i64::from(days?));
        Moment::from_micros(now.micros().saturating_sub(span))
    };
    PruneFilter { calls_before: before(rule.evidence_days), proposals_before: before(rule.proposals_days) }
}

/// A new archive's name in the rule's folder, which is made where it is not there.
pub(crate) fn archive_file(rule: &Retention, settings: &Settings) -> Result<PathBuf, Refusal> {
    let folder = settings.config_folder().join(&rule.archive_dir);
    std::fs::create_dir_all(&folder).map_err(|error| {
        let message = format!("cannot make the folder `{}`: {}", folder.display(), error.kind());
        Refusal::new(Code::InvalidInput, message)
    })?;
    Ok(folder.join(format!("ledger-{}.jsonl", wiring::clock().now().micros())))
}

/// Up to which event this ledger's checkpoints go.
fn last_signed(settings: &Settings, ledger: &Ledger) -> Result<i64, Refusal> {
    let known = ledger_key::checkpoints(None, settings)?;
    let ours = known.iter().filter(|found| found.ledger_id == ledger.ledger_id());
    Ok(ours.map(|found| found.events).max().unwrap_or_default())
}

fn failed(what: &str, refusal: &Refusal) {
    let hint = refusal.hint.as_deref().unwrap_or_default();
    tracing::error!(code = %refusal.code, hint, "{what}, and is tried again: {refusal}");
}
