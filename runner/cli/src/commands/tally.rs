//! What came of many applies: counted, told one by one, and how the process ends.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value as Json, json};
use synapsor_ledger::StoredProposal;
use synapsor_protocol::{Code, Outcome, Refusal};
use synapsor_writeback::ApplyReport;

use super::apply;
use crate::exit::Exit;
use crate::print::document::with;
use crate::print::progress::Wait;
use crate::print::{self, Report, count, inert, style};

/// How one apply, rehearsal or settlement ended; `None` is one that another process has settled meanwhile.
pub(super) type Ended = Result<Option<ApplyReport>, Refusal>;

/// Who makes a change: the source it is in, or an executor of the application. One that is away is not asked for the rest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Writer {
    Source(String),
    Executor(String),
}

impl Writer {
    pub(super) fn of(stored: &StoredProposal) -> Self {
        let change = &stored.proposal.change_set;
        match change.app_executor() {
            Some(executor) => Self::Executor(executor.to_owned()),
            None => Self::Source(change.target.source.clone()),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Source(name) => inert::text(name),
            Self::Executor(name) => format!("executor {}", inert::text(name)),
        }
    }
}

/// Whether it may end otherwise without anybody changing anything.
pub(super) fn may_pass(ended: &Ended) -> bool {
    match ended {
        Ok(report) => report.as_ref().is_some_and(|report| report.outcome == Some(Outcome::Unknown)),
        Err(refusal) => refusal.code.retryable() && refusal.code != Code::Interrupted,
    }
}

/// What has come of it so far.
pub(super) struct Tally {
    wait: Wait,
    /// Proposals that had their turn.
    tried: usize,
    json: bool,
    documents: Vec<Json>,
    counts: BTreeMap<String, usize>,
    /// Their other proposals wait for the next time.
    away: BTreeSet<Writer>,
    exit: Exit,
}

impl Tally {
    pub(super) fn new(number: usize, json: bool) -> Self {
        Self {
            wait: Wait::of_steps("applying", number),
            tried: 0,
            json,
            documents: Vec::new(),
            counts: BTreeMap::new(),
            away: BTreeSet::new(),
            exit: Exit::Done,
        }
    }

    /// One has ended, for this time.
    pub(super) fn add(&mut self, stored: &StoredProposal, recovered: bool, ended: Ended) {
        self.tried += 1;
        let change = &stored.proposal.change_set;
        let target =
            format!("{} {}", inert::text(&change.target.table), inert::text(&change.target.key.to_string()));
        let recovered = [("recovered", json!(recovered))];
        let line = match ended {
            // Another process has settled it meanwhile.
            Ok(None) => return self.wait.step(),
            Ok(Some(report)) => {
                self.worsen(apply::exit(&report));
                self.count(report.outcome.map_or("rehearsed", |outcome| outcome.as_str()));
                self.documents.push(with(json!(report), recovered));
                apply::headline(&report)
            }
            Err(refusal) => {
                self.worsen(Exit::of_refusal(&refusal));
                if is_absence(&refusal) {
                    self.away.insert(Writer::of(stored));
                }
                self.count("not applied");
                let id = &stored.proposal.proposal_id;
                let document = json!({ "proposal_id": id, "error": print::error(&refusal) });
                self.documents.push(with(document, recovered));
                format!("{} {id}: {}", style::bad(refusal.code), inert::text(&refusal.message))
            }
        };
        if !self.json {
            print::line(&format!("{line}  {}", style::dim(&target)));
        }
        self.wait.step();
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

    /// Says that some are tried again, where a person may wonder what is waited for.
    pub(super) fn pause(&self, left: usize, pause: Duration) {
        if !self.json {
            let note = format!(
                "{} cannot be applied now, trying again in {:.1} s",
                count(left, "proposal"),
                pause.as_secs_f64()
            );
            print::note(&note);
        }
    }

    /// What is said of all of them.
    pub(super) fn report(mut self, queued: usize, cut_off: Option<Refusal>) -> Report {
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
            let away: Vec<String> = self.away.iter().map(Writer::shown).collect();
            let why = if away.is_empty() {
                "stopped".into()
            } else {
                format!("no answer from {}", away.join(", "))
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

/// Whether who makes the change makes none at all, so that the other proposals need not be tried.
pub(super) fn is_absence(refusal: &Refusal) -> bool {
    matches!(
        refusal.code,
        Code::DatabaseUnavailable
            | Code::WritebackDisabled
            | Code::ExecutorUnavailable
            | Code::ExecutorNotConfigured
            | Code::ExecutorAddressNotAllowed
    )
}

/// Whether nothing can be recorded, so that nothing is begun.
pub(super) fn is_without_ledger(refusal: &Refusal) -> bool {
    matches!(
        refusal.code,
        Code::LedgerUnavailable | Code::LedgerReadOnly | Code::LedgerFull | Code::LedgerCorrupt
    )
}
