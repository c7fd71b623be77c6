//! What a report counts of candidates: how often each answered as the live handler did, what it used, and what it did not see.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use synapsor_protocol::{CandidateEnding, CandidateRun, Likeness, Used};

/// Which candidate, of which capability, beside which component.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    pub(crate) capability: String,
    pub(crate) candidate: String,
    pub(crate) live: String,
}

/// The candidates of a report.
pub(crate) type Candidates = BTreeMap<Pair, Tried>;

/// What came of one candidate's runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tried {
    pub(crate) runs: u64,
    likenesses: BTreeMap<Likeness, u64>,
    /// Runs without an answer, by code.
    pub(crate) failed: BTreeMap<&'static str, u64>,
    /// How often two changes did not agree on a column.
    pub(crate) columns: BTreeMap<String, u64>,
    /// Calls it was not shown, because too many waited or the server stopped.
    pub(crate) dropped: u64,
    /// Runs of which both sides are known, and what the two used in them together.
    measured: u64,
    live: Sum,
    candidate: Sum,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    fuel: u64,
    wall_us: u64,
}

/// What the two used for a call, on average.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Averages {
    pub(crate) live: Used,
    pub(crate) candidate: Used,
}

/// Counts one run.
pub(super) fn count(candidates: &mut Candidates, run: CandidateRun) {
    let pair =
        Pair { capability: run.capability, candidate: run.candidate.to_string(), live: run.live.to_string() };
    let tried = candidates.entry(pair).or_default();
    tried.dropped += run.dropped_before;
    if run.ending == CandidateEnding::NotShown {
        tried.dropped += 1;
        return;
    }
    tried.runs += 1;
    if let Some(likeness) = run.likeness {
        *tried.likenesses.entry(likeness).or_default() += 1;
    }
    if let CandidateEnding::Failed { code } = run.ending {
        *tried.failed.entry(code.as_str()).or_default() += 1;
    }
    for column in run.differing_columns {
        *tried.columns.entry(column).or_default() += 1;
    }
    if let (Some(live), Some(candidate)) = (run.live_used, run.candidate_used) {
        tried.measured += 1;
        tried.live.add(live);
        tried.candidate.add(candidate);
    }
}

impl Sum {
    fn add(&mut self, used: Used) {
        self.fuel = self.fuel.saturating_add(used.fuel);
        self.wall_us = self.wall_us.saturating_add(used.wall_us);
    }

    fn average(self, of: u64) -> Option<Used> {
        Some(Used { fuel: self.fuel.checked_div(of)?, wall_us: self.wall_us.checked_div(of)? })
    }
}

impl Tried {
    /// How often it compared so.
    pub(crate) fn of(&self, likeness: Likeness) -> u64 {
        self.likenesses.get(&likeness).copied().unwrap_or_default()
    }

    /// Runs without an answer.
    pub(crate) fn failures(&self) -> u64 {
        self.failed.values().sum()
    }

    /// None where neither side is known of any run.
    pub(crate) fn averages(&self) -> Option<Averages> {
        let live = self.live.average(self.measured)?;
        Some(Averages { live, candidate: self.candidate.average(self.measured)? })
    }
}

/// One candidate for programs.
pub(super) fn document((pair, tried): (&Pair, &Tried)) -> Json {
    let averages = tried.averages().map(|Averages { live, candidate }| {
        json!({ "live": { "fuel": live.fuel, "wall_us": live.wall_us },
            "candidate": { "fuel": candidate.fuel, "wall_us": candidate.wall_us } })
    });
    json!({
        "capability": pair.capability,
        "live": pair.live,
        "candidate": pair.candidate,
        "runs": tried.runs,
        "same": tried.of(Likeness::Same),
        "different": tried.of(Likeness::Different),
        "newly_refused": tried.of(Likeness::NewlyRefused),
        "newly_allowed": tried.of(Likeness::NewlyAllowed),
        "needs_other_reads": tried.of(Likeness::NeedsOtherReads),
        "failed": tried.failed,
        "differing_columns": tried.columns,
        "not_shown": tried.dropped,
        "average": averages,
    })
}
