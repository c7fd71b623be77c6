//! `synapsor apply --all-approved`: first what is unsettled, then every approved proposal, oldest first. One that ends
//! badly does not keep the next from its turn, and what may pass is tried again before the command gives up on it.
//!
//! Invariant: giving up is not an end. A proposal that was left is where it was, and the next run takes it up.

use std::collections::BTreeSet;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use synapsor_ledger::{Ledger, ProposalFilter, StoredProposal};
use synapsor_protocol::{ProposalState, Refusal};
use synapsor_writeback::{Desk, StopSignal, StopSwitch};

use super::tally::{Ended, Tally, Writer, is_absence, is_without_ledger, may_pass};
use crate::args::Patience;
use crate::interrupt::stoppable;
use crate::print::Report;
use crate::settings::Settings;
use crate::wiring;

/// The first pause before what may pass is tried again; each is twice the one before, and up to as much again is drawn.
const PAUSE_FIRST: Duration = Duration::from_millis(500);
/// No pause before its draw is longer.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Settles what is unsettled, and applies what is approved.
pub(crate) async fn run(
    dry_run: bool,
    patience: &Patience,
    settings: &Settings,
    json: bool,
) -> Result<Report, Refusal> {
    let config = settings.config()?;
    let ledger = wiring::ledger(settings, false).await?;
    let unsettled = ledger.unsettled().await.map_err(|error| error.refusal())?;
    let mut approved = in_state(&ledger, ProposalState::Approved).await?;
    approved.extend(without_a_runner(&ledger).await?);
    approved.retain(|stored| !unsettled.contains(stored));
    approved.sort_by_key(|stored| stored.proposal.created_at);
    let switch = StopSwitch::new();
    let desk = wiring::desk(settings, &config, ledger).stopping_on(switch.signal());
    let how = if dry_run { How::Rehearse } else { How::Apply };
    let queue = unsettled
        .into_iter()
        .map(|stored| Turn::new(stored, if dry_run { how } else { How::Settle }))
        .chain(approved.into_iter().map(|stored| Turn::new(stored, how)));
    carry_out(&desk, &switch, queue.collect(), patience, json).await
}

async fn in_state(ledger: &Ledger, state: ProposalState) -> Result<Vec<StoredProposal>, Refusal> {
    let filter = ProposalFilter { state: Some(state), limit: u32::MAX, ..ProposalFilter::default() };
    let mut found = ledger.proposals(&filter).await.map_err(|error| error.refusal())?;
    // The ledger answers the newest first.
    found.reverse();
    Ok(found)
}

/// What was handed over to a runner that let its lease pass: anybody's again.
async fn without_a_runner(ledger: &Ledger) -> Result<Vec<StoredProposal>, Refusal> {
    let now = wiring::clock().now();
    let mut found = Vec::new();
    for stored in in_state(ledger, ProposalState::PendingWorker).await? {
        let handover =
            ledger.handover(&stored.proposal.proposal_id).await.map_err(|error| error.refusal())?;
        if handover.is_none_or(|handover| handover.lease.expires_at <= now) {
            found.push(stored);
        }
    }
    Ok(found)
}

/// Settles what is unsettled and no more.
pub(crate) async fn settle(
    patience: &Patience,
    settings: &Settings,
    ledger: Ledger,
    json: bool,
) -> Result<Report, Refusal> {
    let config = settings.config()?;
    let unsettled = ledger.unsettled().await.map_err(|error| error.refusal())?;
    let switch = StopSwitch::new();
    let desk = wiring::desk(settings, &config, ledger).stopping_on(switch.signal());
    let queue = unsettled.into_iter().map(|stored| Turn::new(stored, How::Settle));
    carry_out(&desk, &switch, queue.collect(), patience, json).await
}

/// What is done with one proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Apply,
    Rehearse,
    /// An earlier attempt has no known end.
    Settle,
}

/// One proposal in the queue.
struct Turn {
    stored: StoredProposal,
    how: How,
    /// What it came to when it was tried last; it may pass.
    last: Option<Ended>,
}

impl Turn {
    fn new(stored: StoredProposal, how: How) -> Self {
        Self { stored, how, last: None }
    }

    async fn take(&self, desk: &Desk) -> Ended {
        let id = &self.stored.proposal.proposal_id;
        match self.how {
            How::Apply => desk.apply(id, false).await.map(Some),
            How::Rehearse => desk.apply(id, true).await.map(Some),
            How::Settle => desk.settle(id).await,
        }
    }
}

async fn carry_out(
    desk: &Desk,
    switch: &StopSwitch,
    queue: Vec<Turn>,
    patience: &Patience,
    json: bool,
) -> Result<Report, Refusal> {
    let (queued, mut tally) = (queue.len(), Tally::new(queue.len(), json));
    let signal = switch.signal();
    let mut rounds = Rounds {
        desk,
        signal: &signal,
        tally: &mut tally,
        left: queue,
        closed: BTreeSet::new(),
        may_go_on: true,
    };
    // What is cut off is told after what has ended.
    let cut_off = stoppable(switch, rounds.all(patience)).await.err();
    rounds.give_up();
    Ok(tally.report(queued, cut_off))
}

/// Everyone's turn, again and again while something may pass.
struct Rounds<'a> {
    desk: &'a Desk,
    signal: &'a StopSignal,
    tally: &'a mut Tally,
    /// Who had no turn yet, or may have better luck.
    left: Vec<Turn>,
    /// Who lacks what no waiting brings: a source its write credential, an executor its address.
    closed: BTreeSet<Writer>,
    /// Whether the ledger still records.
    may_go_on: bool,
}

impl Rounds<'_> {
    async fn all(&mut self, patience: &Patience) -> Result<(), Refusal> {
        let mut pauses = ExponentialBuilder::new()
            .with_jitter()
            .with_min_delay(PAUSE_FIRST)
            .with_max_delay(PAUSE_MAX)
            .without_max_times()
            .with_total_delay(Some(Duration::from_secs(patience.retry_seconds.into())))
            .build();
        loop {
            self.round().await;
            let may_pass = self.left.iter().any(|turn| turn.last.is_some());
            if !may_pass || !self.may_go_on || self.signal.is_requested() {
                return Ok(());
            }
            let Some(pause) = pauses.next() else { return Ok(()) };
            self.tally.pause(self.left.len(), pause);
            tokio::select! {
                () = self.signal.requested() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One turn for everyone who is left; of who is away only the first one is tried.
    async fn round(&mut self) {
        let mut away = self.closed.clone();
        for mut turn in std::mem::take(&mut self.left) {
            let writer = Writer::of(&turn.stored);
            if self.signal.is_requested() || !self.may_go_on || away.contains(&writer) {
                self.left.push(turn);
                continue;
            }
            let ended = turn.take(self.desk).await;
            if let Err(refusal) = &ended {
                if is_absence(refusal) {
                    if !may_pass(&ended) {
                        self.closed.insert(writer.clone());
                    }
                    away.insert(writer);
                }
                self.may_go_on &= !is_without_ledger(refusal);
            }
            if may_pass(&ended) {
                turn.last = Some(ended);
                self.left.push(turn);
            } else {
                self.tally.add(&turn.stored, turn.how == How::Settle, ended);
            }
        }
    }

    /// What did not pass is told as it stands; who had no turn is counted only.
    fn give_up(&mut self) {
        for turn in self.left.drain(..) {
            if let Some(ended) = turn.last {
                self.tally.add(&turn.stored, turn.how == How::Settle, ended);
            }
        }
    }
}
