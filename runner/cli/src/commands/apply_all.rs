//! `synapsor apply --all-approved`: first what is unsettled, then every approved proposal, oldest first. One that ends
//! badly does not keep the next from its turn.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value as Json, json};
use synapsor_ledger::{Ledger, ProposalFilter, StoredProposal};
use synapsor_protocol::{Code, ProposalState, Refusal};
use synapsor_writeback::{ApplyReport, Desk, StopSignal, StopSwitch};

use super::apply;
use crate::exit::Exit;
use crate::interrupt::stoppable;
use crate::print::document::with;
use crate::print::{self, Report, count, inert, style};
use crate::settings::Settings;
use crate::wiring;

/// Settles what is unsettled, and applies what is approved.
pub(crate) async fn run(dry_run: bool, settings: &Settings, json: bool) -> Result<Report, Refusal> {
    let config = settings.config()?;
    let ledger = wiring::ledger(settings, false).await?;
    let unsettled = ledger.unsettled().await.map_err(|error| error.refusal())?;
    let filter =
        ProposalFilter { state: Some(ProposalState::Approved), limit: u32::MAX, ..ProposalFilter::default() };
    let approved = ledger.proposals(&filter).await.map_err(|error| error.refusal())?;
    let approved = approved.into_iter().rev().filter(|stored| !unsettled.contains(stored));
    let approved = approved.collect::<Vec<_>>();
    let switch = StopSwitch::new();
    let desk = wiring::desk(settings, &config, ledger).stopping_on(switch.signal());
    let how = if dry_run { How::Rehearse } else { How::Apply };
    let queue = unsettled
        .into_iter()
        .map(|stored| (stored, if dry_run { how } else { How::Settle }))
        .chain(approved.into_iter().map(|stored| (stored, how)));
    carry_out(&desk, &switch, queue.collect(), json).await
}

/// Settles what is unsettled and no more.
pub(crate) async fn settle(settings: &Settings, ledger: Ledger, json: bool) -> Result<Report, Refusal> {
    let config = settings.config()?;
    let unsettled = ledger.unsettled().await.map_err(|error| error.refusal())?;
    let switch = StopSwitch::new();
    let desk = wiring::desk(settings, &config, ledger).stopping_on(switch.signal());
    let queue = unsettled.into_iter().map(|stored| (stored, How::Settle));
    carry_out(&desk, &switch, queue.collect(), json).await
}

/// What is done with one proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Apply,
    Rehearse,
    /// An earlier attempt has no known end.
    Settle,
}

type Queue = Vec<(StoredProposal, How)>;

async fn carry_out(desk: &Desk, switch: &StopSwitch, queue: Queue, json: bool) -> Result<Report, Refusal> {
    let mut tally = Tally::new(queue.len(), json);
    let signal = switch.signal();
    // What is cut off is told after what has ended.
    let cut_off = stoppable(switch, each(desk, &signal, &queue, &mut tally)).await.err();
    Ok(tally.report(queue.len(), cut_off))
}

async fn each(desk: &Desk, signal: &StopSignal, queue: &Queue, tally: &mut Tally) -> Result<(), Refusal> {
    for (stored, how) in queue {
        if signal.is_requested() || tally.ledger_is_away {
            break;
        }
        let source = &stored.proposal.change_set.target.source;
        if tally.sources_away.contains(source) {
            continue;
        }
        let id = &stored.proposal.proposal_id;
        let ended = match how {
            How::Apply => desk.apply(id, false).await.map(Some),
            How::Rehearse => desk.apply(id, true).await.map(Some),
            How::Settle => desk.settle(id).await,
        };
        tally.add(stored, *how, ended);
    }
    Ok(())
}

/// What has come of it so far.
struct Tally {
    bar: ProgressBar,
    /// Proposals that had their turn.
    tried: usize,
    json: bool,
    documents: Vec<Json>,
    counts: BTreeMap<String, usize>,
    /// Their other proposals wait for the next time.
    sources_away: BTreeSet<String>,
    /// What cannot be recorded is not begun.
    ledger_is_away: bool,
    exit: Exit,
}

impl Tally {
    fn new(number: usize, json: bool) -> Self {
        let watched = print::terminal() && !json && number > 0;
        let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(u64::try_from(number).ok(), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self {
            bar,
            tried: 0,
            json,
            documents: Vec::new(),
            counts: BTreeMap::new(),
            sources_away: BTreeSet::new(),
            ledger_is_away: false,
            exit: Exit::Done,
        }
    }

    fn add(&mut self, stored: &StoredProposal, how: How, ended: Result<Option<ApplyReport>, Refusal>) {
        self.tried += 1;
        let change = &stored.proposal.change_set;
        let target =
            format!("{} {}", inert::text(&change.target.table), inert::text(&change.target.key.to_string()));
        let recovered = [("recovered", json!(how == How::Settle))];
        let line = match ended {
            // Another process has settled it meanwhile.
            Ok(None) => return self.bar.inc(1),
            Ok(Some(report)) => {
                self.worsen(apply::exit(&report));
                self.count(report.outcome.map_or("rehearsed", |outcome| outcome.as_str()));
                self.documents.push(with(json!(report), recovered));
                apply::headline(&report)
            }
            Err(refusal) => {
                self.worsen(Exit::of_refusal(&refusal));
                self.note_absence(&refusal, &change.target.source);
                self.count("not applied");
                let id = &stored.proposal.proposal_id;
                let document = json!({ "proposal_id": id, "error": print::error(&refusal) });
                self.documents.push(with(document, recovered));
                format!("{} {id}: {}", style::bad(refusal.code), inert::text(&refusal.message))
            }
        };
        if !self.json {
            self.bar.suspend(|| print::line(&format!("{line}  {}", style::dim(&target))));
        }
        self.bar.inc(1);
    }

    fn note_absence(&mut self, refusal: &Refusal, source: &str) {
        match refusal.code {
            Code::DatabaseUnavailable | Code::WritebackDisabled => {
                self.sources_away.insert(source.to_owned());
            }
            Code::LedgerUnavailable | Code::LedgerReadOnly | Code::LedgerFull | Code::LedgerCorrupt => {
                self.ledger_is_away = true;
            }
            _ => {}
        }
    }

    fn count(&mut self, what: &str) {
        *self.counts.entry(what.replace('_', " ")).or_default() += 1;
    }

    /// A bug outweighs an unknown outcome, that a refusal or conflict, and that what is worth repeating.
    fn worsen(&mut self, exit: Exit) {
        let weight = |exit| match exit {
            Exit::Done => 0,
            Exit::Unavailable => 1,
            Exit::Refused | Exit::Usage => 2,
            Exit::Unknown => 3,
            Exit::Bug => 4,
        };
        if weight(exit) > weight(self.exit) {
            self.exit = exit;
        }
    }

    fn report(mut self, queued: usize, cut_off: Option<Refusal>) -> Report {
        self.bar.finish_and_clear();
        let untried = queued.saturating_sub(self.tried);
        if untried > 0 {
            self.worsen(Exit::Unavailable);
        }
        let mut text = match queued {
            0 => "nothing is approved and nothing is unsettled".to_owned(),
            _ => self
                .counts
                .iter()
                .map(|(what, number)| format!("{number} {what}"))
                .collect::<Vec<_>>()
                .join(", "),
        };
        if untried > 0 {
            let sources: Vec<String> = self.sources_away.iter().map(|source| inert::text(source)).collect();
            let why = if sources.is_empty() {
                "stopped".into()
            } else {
                format!("no answer from {}", sources.join(", "))
            };
            text = format!("{text}\n{} not tried: {why}", count(untried, "proposal"));
        }
        let mut document = json!({ "results": self.documents, "counts": self.counts, "not_tried": untried });
        if let Some(refusal) = cut_off {
            self.worsen(Exit::of_refusal(&refusal));
            text = format!(
                "{text}\n{} {}: {}",
                style::bad("failed"),
                refusal.code,
                inert::text(&refusal.message)
            );
            document = with(document, [("error", print::error(&refusal))]);
        }
        Report::done(document, text.trim_start().to_owned()).exit(self.exit)
    }
}
