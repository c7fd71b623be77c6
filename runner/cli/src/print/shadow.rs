//! Shadow proposals beside what people did, for people: one, a page of them, and how many agree.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use synapsor_ledger::Shadowed;
use synapsor_protocol::value::plain_object;
use synapsor_protocol::{Agreement, HumanAction, Value};

use super::document::with;
use super::page::Page;
use super::table::table;
use super::{candidate, count, inert, proposal, style};
use crate::commands::{ColumnCounts, ShadowAccount};

/// The document behind `--json`.
pub(crate) fn document(found: &Shadowed) -> Json {
    let change = &found.proposal.proposal.change_set;
    let compared = serde_json::to_value(&found.comparison).unwrap_or_default();
    let fields = [
        ("proposal_id", json!(found.proposal.proposal.proposal_id)),
        ("capability", json!(change.capability)),
        ("target", json!(format!("{}:{}", change.target.table, change.target.key))),
        ("proposed", plain_object(&change.patch).into()),
        ("done", found.actions.last().map_or(Json::Null, |action| plain_object(&action.columns).into())),
        ("human_actions", json!(found.actions)),
        ("intact", json!(found.proposal.intact)),
        ("created_at", json!(found.proposal.proposal.created_at)),
    ];
    with(compared, fields)
}

/// One line each.
pub(crate) fn list(found: &[Shadowed]) -> String {
    let row = |found: &Shadowed| {
        let sealed = &found.proposal.proposal;
        let change = &sealed.change_set;
        [
            sealed.proposal_id.to_string(),
            agreement(found.comparison.agreement),
            inert::text(&change.capability),
            inert::text(&format!("{} {}", change.target.table, change.target.key)),
            found.actions.last().map(|action| inert::text(&action.actor)).unwrap_or_default(),
            sealed.created_at.to_string(),
        ]
    };
    let rows: Vec<_> = found.iter().map(row).collect();
    table(["proposal", "compared", "capability", "target", "done by", "made at"], &rows)
}

/// One of them, column by column.
pub(crate) fn sheet(found: &Shadowed) -> String {
    let sealed = &found.proposal.proposal;
    let mut text =
        format!("{}  {}", style::strong(&sealed.proposal_id), agreement(found.comparison.agreement));
    let _ = write!(text, "\n{}", inert::text(&synapsor_protocol::words::request(&sealed.change_set)));
    if let Some(last) = found.actions.last() {
        let notes = last.notes.as_deref().map(|notes| format!(": {}", inert::text(notes)));
        let _ = write!(
            text,
            "\n  {} {} at {}{}",
            style::dim("done by"),
            inert::text(&last.actor),
            last.at,
            notes.unwrap_or_default()
        );
    }
    if found.actions.len() > 1 {
        let earlier = count(found.actions.len() - 1, "earlier action");
        let _ = write!(text, "\n  {} {earlier} on record", style::dim("before "));
    }
    let rows = columns(found).map(|[column, proposed, done, how]| {
        let how = if how == "matching" { style::good(how) } else { style::warn(how) };
        [inert::text(&column), inert::text(&proposed), inert::text(&done), how]
    });
    let rows: Vec<_> = rows.collect();
    let _ =
        write!(text, "\n\n{}", proposal::indented(&table(["column", "proposed", "done", "compared"], &rows)));
    if found.actions.is_empty() {
        let _ = write!(
            text,
            "\n\n{} synapsor shadow record-human-action {} --patch FILE",
            style::dim("next:"),
            sealed.proposal_id
        );
    }
    text
}

/// Each column with what was proposed, what was done, and how the two compare.
fn columns(found: &Shadowed) -> impl Iterator<Item = [String; 4]> {
    let compared = &found.comparison;
    let proposed = &found.proposal.proposal.change_set.patch;
    let done = found.actions.last().map(|action: &HumanAction| &action.columns);
    let said = |value: Option<&Value>| value.map(synapsor_protocol::words::value).unwrap_or_default();
    let kinds = [
        ("matching", &compared.matching_columns),
        ("differing", &compared.differing_columns),
        ("missing", &compared.missing_columns),
        ("extra", &compared.extra_columns),
    ];
    let compared =
        kinds.into_iter().flat_map(|(how, columns)| columns.iter().map(move |column| (how, column)));
    let waiting = proposed.keys().map(|column| ("not yet", column)).filter(move |_| done.is_none());
    compared.chain(waiting).map(move |(how, column)| {
        let done = done.and_then(|done| done.get(column));
        [column.clone(), said(proposed.get(column)), said(done), how.to_owned()]
    })
}

/// How many agree, and how candidates did: for a terminal.
pub(crate) fn counted(account: &ShadowAccount) -> String {
    let mut tables = if account.agreements.all() == 0 { Vec::new() } else { vec![agreements(account)] };
    if !account.candidates.is_empty() {
        tables.extend(candidate::counted(&account.candidates));
    }
    if tables.is_empty() {
        return "no shadow proposals and no runs of candidates match".to_owned();
    }
    tables.join("\n\n")
}

fn agreements(account: &ShadowAccount) -> String {
    let rows: Vec<[String; 6]> =
        by_capability(account).map(|row| row.map(|cell| inert::text(&cell))).collect();
    let mut text = table(CAPABILITY_HEADERS, &rows);
    let rows: Vec<[String; 6]> = by_column(account).map(|row| row.map(|cell| inert::text(&cell))).collect();
    if !rows.is_empty() {
        let _ = write!(text, "\n\n{}", table(COLUMN_HEADERS, &rows));
    }
    let rows: Vec<[String; 5]> = account
        .told
        .iter()
        .flat_map(told)
        .map(|[id, column, proposed, done, how]| {
            [id, inert::text(&column), inert::text(&proposed), inert::text(&done), style::warn(how)]
        })
        .collect();
    if !rows.is_empty() {
        let _ = write!(text, "\n\n{}", table(TOLD_HEADERS, &rows));
    }
    if let Some(more) = more(account) {
        let _ = write!(text, "\n\n{more}");
    }
    text
}

/// The same as a page of its own.
pub(crate) fn page(account: &ShadowAccount) -> Page {
    let about = account.asked.iter().map(|(label, value)| format!("{label} {value}"));
    let about = about.collect::<Vec<_>>().join(", ");
    let mut page = Page::titled(if about.is_empty() {
        "Shadow report".to_owned()
    } else {
        format!("Shadow report: {about}")
    });
    page.paragraph("Told from the ledger alone; no database was read. Times are UTC.");
    let made_at = account.made_at.map(|at| at.to_string()).unwrap_or_default();
    page.facts(&[("made at", made_at), ("shadow proposals", account.agreements.all().to_string())]);
    page.heading("By capability");
    page.table(&CAPABILITY_HEADERS, by_capability(account).map(Vec::from).collect());
    page.heading("By column");
    page.table(&COLUMN_HEADERS, by_column(account).map(Vec::from).collect());
    page.heading("Where a person did something else");
    page.table(&TOLD_HEADERS, account.told.iter().flat_map(told).map(Vec::from).collect());
    if let Some(more) = more(account) {
        page.paragraph(&more);
    }
    candidate::sections(&mut page, &account.candidates);
    page
}

const CAPABILITY_HEADERS: [&str; 6] =
    ["capability", "proposals", "exact match", "partial match", "mismatch", "no human action"];
const COLUMN_HEADERS: [&str; 6] = ["capability", "column", "matching", "differing", "missing", "extra"];
const TOLD_HEADERS: [&str; 5] = ["proposal", "column", "proposed", "done", "compared"];

fn by_capability(account: &ShadowAccount) -> impl Iterator<Item = [String; 6]> {
    account.capabilities.iter().map(|(name, counts)| {
        let of = |agreement| counts.of(agreement).to_string();
        [
            name.clone(),
            counts.all().to_string(),
            of(Agreement::ExactMatch),
            of(Agreement::PartialMatch),
            of(Agreement::Mismatch),
            of(Agreement::NoHumanAction),
        ]
    })
}

fn by_column(account: &ShadowAccount) -> impl Iterator<Item = [String; 6]> {
    account.columns.iter().map(|((capability, column), counts)| {
        let ColumnCounts { matching, differing, missing, extra } = counts;
        let [matching, differing, missing, extra] =
            [matching, differing, missing, extra].map(ToString::to_string);
        [capability.clone(), column.clone(), matching, differing, missing, extra]
    })
}

fn told(found: &Shadowed) -> impl Iterator<Item = [String; 5]> {
    let id = found.proposal.proposal.proposal_id.to_string();
    let others = columns(found).filter(|[_, _, _, how]| how != "matching");
    others.map(move |[column, proposed, done, how]| [id.clone(), column, proposed, done, how])
}

/// How many are not told.
fn more(account: &ShadowAccount) -> Option<String> {
    let told = u64::try_from(account.told.len()).unwrap_or(u64::MAX);
    let more = account.disagreements().saturating_sub(told);
    (more > 0).then(|| format!("and {more} more; --from and --to ask for less"))
}

/// The word in its colour.
fn agreement(agreement: Agreement) -> String {
    match agreement {
        Agreement::ExactMatch => style::good(agreement.as_str()),
        Agreement::PartialMatch | Agreement::NoHumanAction => style::warn(agreement.as_str()),
        Agreement::Mismatch => style::bad(agreement.as_str()),
    }
}
