//! What must be true in every world, by the names the crash rigs use.
//!
//! I1 one change per approved proposal · I2 none without an approval · I3 nothing else changes · I4 stored as approved ·
//! I5 *applied* on record means a receipt in the source · I6 a receipt in the source means a claim, and in the end a record ·
//! I8 final states are final · I9 the record has no hole · I11 at rest nothing is open · I12 the versions of a row form one line.

use std::collections::HashSet;

use synapsor_protocol::{Outcome, ProposalState};

use super::ledger::{Entry, Recorded};
use super::source::{Changed, Row};
use super::world::World;
use super::{REVIEWED, Setting};
use crate::action::Verdict;
use crate::receipts::Settlement;

/// In every state a world is ever in.
pub(super) fn of_the_world(world: &World, setting: &Setting) -> Result<(), String> {
    for (proposal, entry) in world.ledger.entries.iter().enumerate() {
        of_a_proposal(world, proposal, entry)?;
    }
    let mut last: Vec<Row> = vec![REVIEWED; world.source.rows.len()];
    for change in &world.source.changes {
        if change.before != last[change.row] {
            return Err(format!("I12: row {} was not as the author of {change:?} had seen it", change.row));
        }
        last[change.row] = change.after;
        of_a_change(world, setting, change)?;
    }
    if last == world.source.rows { Ok(()) } else { Err("I3: a row changed by nobody's hand".into()) }
}

fn of_a_proposal(world: &World, proposal: usize, entry: &Entry) -> Result<(), String> {
    let (source, ledger) = (&world.source, &world.ledger);
    let holds = |holds: bool, what: &str| {
        if holds { Ok(()) } else { Err(format!("{what}: proposal {proposal}, {entry:?}")) }
    };
    let times = source.times_changed(proposal);
    let receipts: Vec<_> = source.receipts.iter().filter(|receipt| receipt.proposal == proposal).collect();
    let applied = receipts.iter().any(|receipt| receipt.settlement == Settlement::Applied);

    holds(times <= 1, "I1: a row changed twice")?;
    holds(receipts.len() <= 1, "I1: two receipts under one key")?;
    holds(applied == (times == 1), "I5: a receipt without its change, or a change without its receipt")?;
    holds(
        entry.state != ProposalState::Applied || applied || source.restored,
        "I5: applied on record, without a receipt in the source",
    )?;
    let kept = entry.state != ProposalState::Conflict || !receipts.is_empty() || source.restored;
    holds(kept, "I5: a conflict on record, without a receipt in the source")?;
    if !ledger.restored {
        let refused = [
            ProposalState::PendingReview,
            ProposalState::Rejected,
            ProposalState::Failed,
            ProposalState::Conflict,
        ];
        holds(
            !applied || !refused.contains(&entry.state),
            "I2: a change of what was not approved, or is over",
        )?;
        holds(
            receipts.is_empty() || entry.attempts > 0,
            "I6: the source was touched before the intent was durable",
        )?;
    }
    let ends = entry.receipts.iter().map(|receipt| receipt.attempt).chain(entry.interrupted.iter().copied());
    let mut seen = HashSet::new();
    let mut counted = ends.clone().filter(|attempt| *attempt > 0);
    holds(
        ledger.restored || counted.all(|attempt| attempt <= entry.attempts && seen.insert(attempt)),
        "I9: an attempt ended twice, or never began",
    )
}

fn of_a_change(world: &World, setting: &Setting, change: &Changed) -> Result<(), String> {
    let Changed { before, after, .. } = change;
    let Some((proposal, attempt)) = change.by else { return Ok(()) };
    let approved = &setting.changes[proposal];
    if *before != REVIEWED {
        return Err(format!("I2: the row was not the reviewed one: {change:?}"));
    }
    if (after.fee, after.version) != (approved.after.fee, approved.after.version) {
        return Err(format!("I4: stored something else than approved: {change:?}"));
    }
    if after.note != before.note || change.row != approved.row {
        return Err(format!("I3: more changed than approved: {change:?}"));
    }
    if attempt == 0 {
        return Err(format!("I8: what is applied on record was applied again: {change:?}"));
    }
    let entry = &world.ledger.entries[proposal];
    if attempt > entry.attempts && !world.ledger.restored {
        return Err(format!("I6: changed by an attempt the ledger never saw begin: {change:?}"));
    }
    Ok(())
}

/// From one moment to the next.
pub(super) fn of_the_move(before: &[Entry], after: &[Entry]) -> Result<(), String> {
    let last = |state| {
        use ProposalState as S;
        matches!(state, S::Applied | S::Conflict | S::Failed | S::Rejected | S::Canceled)
    };
    for (then, now) in before.iter().zip(after) {
        if last(then.state) && now.state != then.state {
            return Err(format!("I8: `{}` became `{}`", then.state, now.state));
        }
        if !now.receipts.starts_with(&then.receipts) || !now.interrupted.starts_with(&then.interrupted) {
            return Err("I9: the record was rewritten".into());
        }
        let claims =
            |entry: &Entry| entry.receipts.iter().filter(|receipt| receipt.claims_the_change()).count();
        if claims(now) > 1 {
            return Err(format!("one change is claimed twice on record: {now:?}"));
        }
    }
    Ok(())
}

/// What a runner says must be so when it says it.
pub(super) fn what_was_said(
    world: &World,
    proposal: usize,
    attempt: u32,
    verdict: &Verdict,
    answer: Option<Recorded>,
) -> Result<(), String> {
    if world.ledger.restored || world.source.restored {
        return Ok(());
    }
    let changes = &world.source.changes;
    let by_then = |change: &Changed| change.by.is_some_and(|(by, run)| by == proposal && run <= attempt);
    let said_too_little = match verdict {
        Verdict::Obstructed(_) => attempt > 0 && changes.iter().any(by_then),
        Verdict::Regressed => true,
        Verdict::Confirmed => world.source.times_changed(proposal) != 1,
        Verdict::Unsettled(_) => false,
        Verdict::AsTheLedgerSaid => answer.is_some_and(|said| {
            let times = world.source.times_changed(proposal);
            match said.outcome {
                Outcome::Applied | Outcome::AlreadyApplied => times != 1,
                Outcome::Conflict | Outcome::Failed => times != 0,
                Outcome::Unknown => false,
            }
        }),
    };
    if said_too_little {
        return Err(format!(
            "attempt {attempt} at proposal {proposal} said {verdict:?} {answer:?}: {changes:?}"
        ));
    }
    Ok(())
}

/// At rest, with source and ledger in reach.
pub(super) fn at_rest(world: &World) -> Result<(), String> {
    if !world.source.open.is_empty() {
        return Err(format!("I11: a transaction is still open: {:?}", world.source.open));
    }
    for (proposal, entry) in world.ledger.entries.iter().enumerate() {
        let receipt = world.source.receipt(proposal).map(|receipt| receipt.settlement);
        let agreed = match entry.state {
            ProposalState::Applied => receipt == Some(Settlement::Applied) || world.source.restored,
            ProposalState::Conflict => receipt == Some(Settlement::Conflict) || world.source.restored,
            ProposalState::PendingReview | ProposalState::Rejected => {
                receipt.is_none() || world.ledger.restored
            }
            // What the database refuses leaves no receipt, so another run may meanwhile have found a conflict.
            ProposalState::Failed => receipt != Some(Settlement::Applied),
            _ => false,
        };
        if !agreed || (entry.open && entry.state != ProposalState::Rejected) {
            return Err(format!("I6, I11: proposal {proposal} is not settled: {entry:?}, {receipt:?}"));
        }
    }
    Ok(())
}
