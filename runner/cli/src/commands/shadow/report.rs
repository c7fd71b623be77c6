//! `synapsor shadow report`: how often shadow proposals are what people did, and candidates answer as the live handlers do,
//! counted over a span of time.
//!
//! Invariant: every proposal of the span is counted, a page at a time, so that memory does not grow with the ledger; of what
//! does not agree the newest are told one by one, and how many more there are.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use synapsor_ledger::{Filter, Ledger, PAGE_ROWS_MAX, Page, Shadowed};
use synapsor_protocol::{Agreement, Code, Moment, Refusal};

use super::tried::{self, Candidates};
use crate::args::{ShadowFormat, ShadowReport};
use crate::commands::report::asked;
use crate::commands::{find, output};
use crate::print::{Report, markdown, pretty, shadow};
use crate::wiring;

/// Schema version of the document.
const REPORT_SCHEMA: &str = "synapsor.shadow-report.v1";

/// Proposals that are told one by one at most.
const TOLD_MAX: usize = 50;

/// How often each column agrees, by capability and name.
type Columns = BTreeMap<(String, String), ColumnCounts>;

/// What a report tells.
#[derive(Default)]
pub(crate) struct Account {
    /// What was asked for, label by label.
    pub(crate) asked: Vec<(&'static str, String)>,
    pub(crate) made_at: Option<Moment>,
    pub(crate) agreements: Counts,
    pub(crate) capabilities: BTreeMap<String, Counts>,
    pub(crate) columns: Columns,
    /// What came of each candidate.
    pub(crate) candidates: Candidates,
    /// The newest of those where a person did something else.
    pub(crate) told: Vec<Shadowed>,
}

/// How many proposals agree, and how far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts(BTreeMap<Agreement, u64>);

impl Counts {
    /// How many agree so far.
    pub(crate) fn of(&self, agreement: Agreement) -> u64 {
        self.0.get(&agreement).copied().unwrap_or_default()
    }

    /// How many there are.
    pub(crate) fn all(&self) -> u64 {
        self.0.values().sum()
    }

    fn add(&mut self, agreement: Agreement) {
        *self.0.entry(agreement).or_default() += 1;
    }

    fn document(&self) -> serde_json::Map<String, Json> {
        let counts = Agreement::ALL.iter().map(|agreement| (*agreement, self.of(*agreement)));
        let mut fields: serde_json::Map<_, _> =
            counts.map(|(agreement, count)| (agreement.as_str().to_owned(), json!(count))).collect();
        fields.insert("proposals".into(), json!(self.all()));
        fields
    }
}

/// How often one column agrees, of the proposals somebody compared.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ColumnCounts {
    pub(crate) matching: u64,
    pub(crate) differing: u64,
    pub(crate) missing: u64,
    pub(crate) extra: u64,
}

pub(super) async fn run(ledger: &Ledger, typed: &ShadowReport) -> Result<Report, Refusal> {
    let filter = find::about(&typed.about)?;
    if typed.format == ShadowFormat::Table && typed.file.output.is_some() {
        return Err(Refusal::new(Code::InvalidInput, "a table is for the terminal")
            .hint("--output goes with --format markdown or --format json"));
    }
    let account = gather(ledger, &filter).await?;
    match typed.format {
        ShadowFormat::Table => Ok(Report::done(document(&account), shadow::counted(&account))),
        ShadowFormat::Markdown => output::hand_out(&typed.file, markdown::written(&shadow::page(&account))),
        ShadowFormat::Json => output::hand_out(&typed.file, pretty(&document(&account))),
    }
}

async fn gather(ledger: &Ledger, filter: &Filter) -> Result<Account, Refusal> {
    let mut account =
        Account { asked: asked(filter), made_at: Some(wiring::clock().now()), ..Account::default() };
    let mut page = Page::first(PAGE_ROWS_MAX);
    loop {
        let found = ledger.find_shadows(filter, &page).await.map_err(|error| error.refusal())?;
        found.items.into_iter().for_each(|shadowed| account.count(shadowed));
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    let candidates = &mut account.candidates;
    let counted = ledger.each_candidate_run(filter, |run| tried::count(candidates, run)).await;
    counted.map_err(|error| error.refusal())?;
    Ok(account)
}

impl Account {
    /// Those where a person did something else.
    pub(crate) fn disagreements(&self) -> u64 {
        self.agreements.of(Agreement::PartialMatch) + self.agreements.of(Agreement::Mismatch)
    }

    fn count(&mut self, shadowed: Shadowed) {
        let compared = &shadowed.comparison;
        let capability = &shadowed.proposal.proposal.change_set.capability;
        self.agreements.add(compared.agreement);
        self.capabilities.entry(capability.clone()).or_default().add(compared.agreement);
        for column in &compared.matching_columns {
            counts(&mut self.columns, capability, column).matching += 1;
        }
        for column in &compared.differing_columns {
            counts(&mut self.columns, capability, column).differing += 1;
        }
        for column in &compared.missing_columns {
            counts(&mut self.columns, capability, column).missing += 1;
        }
        for column in &compared.extra_columns {
            counts(&mut self.columns, capability, column).extra += 1;
        }
        let disagrees = matches!(compared.agreement, Agreement::PartialMatch | Agreement::Mismatch);
        if disagrees && self.told.len() < TOLD_MAX {
            self.told.push(shadowed);
        }
    }
}

/// The counts of one column of a capability.
fn counts<'c>(columns: &'c mut Columns, capability: &str, column: &str) -> &'c mut ColumnCounts {
    columns.entry((capability.to_owned(), column.to_owned())).or_default()
}

/// The report for programs.
fn document(account: &Account) -> Json {
    let asked = account.asked.iter().map(|(label, value)| ((*label).to_owned(), json!(value)));
    let capabilities = account.capabilities.iter().map(|(name, counts)| {
        let mut fields = counts.document();
        fields.insert("capability".into(), json!(name));
        Json::Object(fields)
    });
    let columns = account.columns.iter().map(|((capability, column), counts)| {
        json!({ "capability": capability, "column": column, "matching": counts.matching, "differing": counts.differing,
            "missing": counts.missing, "extra": counts.extra })
    });
    json!({
        "schema_version": REPORT_SCHEMA,
        "made_at": account.made_at,
        "asked_for": asked.collect::<serde_json::Map<_, _>>(),
        "counts": account.agreements.document(),
        "capabilities": capabilities.collect::<Vec<_>>(),
        "columns": columns.collect::<Vec<_>>(),
        "candidates": account.candidates.iter().map(tried::document).collect::<Vec<_>>(),
        "disagreements": account.told.iter().map(shadow::document).collect::<Vec<_>>(),
        "disagreements_total": account.disagreements(),
    })
}
