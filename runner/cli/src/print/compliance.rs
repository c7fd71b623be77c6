//! A report for people who have to answer for what happened: who asked, what they saw, who allowed it, what came of it.

use synapsor_ledger::{FoundAudit, FoundEvidence, Replay, verify_export};
use synapsor_protocol::{Refusal, words};

use super::page::Page;
use super::{count, evidence, query_audit, receipt, replay};
use crate::commands::Account;

/// The report as a page.
pub(crate) fn page(account: &Account) -> Result<Page, Refusal> {
    let about = account.asked.iter().map(|(label, value)| format!("{label} {value}"));
    let about = about.collect::<Vec<_>>().join(", ");
    let mut page = Page::titled(format!("Report: {about}"));
    page.paragraph("Told from the ledger alone; no database was read. Times are UTC.");
    page.facts(&[
        ("made at", account.made_at.to_string()),
        ("ledger", account.ledger_id.clone()),
        ("proposals", account.stories.len().to_string()),
        ("reads without a proposal", account.reads.len().to_string()),
        ("refused calls", account.refused.len().to_string()),
        ("verified", chain(account)),
        ("head of the chain", account.chain.head.to_string()),
    ]);
    page.heading("Summary");
    page.table(&["proposal", "made at", "asked by", "row", "decided by", "state"], summary(account));
    for story in &account.stories {
        tell(&mut page, story)?;
    }
    page.heading("Reads without a proposal");
    if account.reads.is_empty() {
        page.paragraph("None.");
    }
    for found in &account.reads {
        read(&mut page, found);
    }
    page.heading("Refused calls");
    page.table(
        &["at", "asked by", "through", "row", "refused with", "digest"],
        account.refused.iter().map(refused).collect(),
    );
    Ok(page)
}

fn chain(account: &Account) -> String {
    let chain = &account.chain;
    let fitting = format!("{} and {}", count(of(chain.events), "event"), count(of(chain.records), "record"));
    match &chain.misfit {
        None => format!("yes: {fitting} of the whole ledger fit"),
        Some(misfit) => format!("no: {misfit}; {fitting} fit before it"),
    }
}

fn of(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn summary(account: &Account) -> Vec<Vec<String>> {
    let row = |story: &Replay| {
        let proposal = &story.proposal.proposal;
        let change = &proposal.change_set;
        let deciders = story.decisions.iter().map(|decision| decision.actor.clone());
        vec![
            proposal.proposal_id.to_string(),
            proposal.created_at.to_string(),
            change.principal.clone(),
            format!("{} {}", change.target.table, change.target.key),
            deciders.collect::<Vec<_>>().join(", "),
            story.proposal.state.to_string(),
        ]
    };
    account.stories.iter().map(row).collect()
}

/// One proposal's story.
fn tell(page: &mut Page, story: &Replay) -> Result<(), Refusal> {
    let proposal = &story.proposal.proposal;
    let change = &proposal.change_set;
    page.heading(&format!("Proposal {}: {}", proposal.proposal_id, story.proposal.state));
    page.paragraph(&format!("{}.", words::request(change)));

    page.subheading("Who asked");
    page.facts(&[
        ("principal", format!("{} of tenant {}", change.principal, change.tenant)),
        ("through", change.capability.clone()),
        ("row", format!("{} {} of {}", change.target.table, change.target.key, change.target.source)),
        ("at", proposal.created_at.to_string()),
        ("computed by", words::logic(&change.logic)),
    ]);
    page.table(&["argument", "value"], evidence::pairs(&story.evidence.arguments));
    page.subheading("What they saw");
    evidence::captured(page, &story.evidence);
    page.subheading("What was proposed");
    page.table(&["column", "before", "proposed"], replay::diff(change));
    page.subheading("Who allowed it");
    replay::decisions(page, story);
    page.subheading("What happened");
    if story.receipts.is_empty() {
        page.paragraph("It was not applied.");
    }
    for receipt in &story.receipts {
        page.paragraph(&words::outcome(receipt, change.app_executor()));
        page.facts(&receipt::facts(receipt));
    }
    page.subheading("Proof");
    page.facts(&[
        ("proposal", proposal.digest.to_string()),
        ("evidence", proposal.evidence_digest.to_string()),
        ("verified", proof(story)?),
    ]);
    replay::events(page, story);
    Ok(())
}

/// Whether the records of a story are the ones its events vouch for.
fn proof(story: &Replay) -> Result<String, Refusal> {
    let document = serde_json::to_string(story).map_err(Refusal::bug)?;
    let report = verify_export(&document).map_err(|error| error.refusal())?;
    let fitting =
        format!("{} and {}", count(of(report.events), "event"), count(of(report.records), "record"));
    Ok(match report.misfit {
        None => format!("yes: {fitting} fit"),
        Some(misfit) => format!("no: {misfit}"),
    })
}

fn read(page: &mut Page, found: &FoundEvidence) {
    page.subheading(&format!("Evidence {}", found.evidence.evidence_id));
    page.facts(&evidence::facts(found));
    evidence::captured(page, &found.evidence);
}

fn refused(found: &FoundAudit) -> Vec<String> {
    let audit = &found.audit;
    vec![
        audit.at.to_string(),
        audit.principal.clone().unwrap_or_else(|| "not known".to_owned()),
        audit.capability.clone(),
        query_audit::about(found),
        audit.refused.map(|code| code.to_string()).unwrap_or_default(),
        audit.digest().map(|digest| digest.to_string()).unwrap_or_default(),
    ]
}
