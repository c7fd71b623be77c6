//! Candidates beside the live handlers, for people: how often they answered the same, in what they differ, and what they used.

use synapsor_protocol::Likeness;

use super::inert;
use super::page::Page;
use super::table::table;
use crate::commands::{Averages, Candidates, Pair, Tried};

/// Of a digest only its beginning is shown; programs get the whole.
const DIGEST_CHARS_SHOWN: usize = 19;

const TRIED_HEADERS: [&str; 10] = [
    "capability",
    "candidate",
    "runs",
    "same",
    "different",
    "newly refused",
    "newly allowed",
    "other reads",
    "no answer",
    "not shown",
];
const DIFFERING_HEADERS: [&str; 4] = ["capability", "candidate", "what", "runs"];
const USED_HEADERS: [&str; 6] =
    ["capability", "candidate", "fuel, live", "fuel, candidate", "us, live", "us, candidate"];

/// For a terminal: up to three tables.
pub(crate) fn counted(candidates: &Candidates) -> Vec<String> {
    let mut tables = vec![laid_out(TRIED_HEADERS, tried(candidates))];
    let (differing, used) = (differing(candidates), used(candidates));
    if !differing.is_empty() {
        tables.push(laid_out(DIFFERING_HEADERS, differing));
    }
    if !used.is_empty() {
        tables.push(laid_out(USED_HEADERS, used));
    }
    tables
}

/// The same as sections of a page.
pub(crate) fn sections(page: &mut Page, candidates: &Candidates) {
    page.heading("Candidates beside the live handlers");
    page.table(&TRIED_HEADERS, tried(candidates).into_iter().map(Vec::from).collect());
    page.heading("Where candidates differ or give no answer");
    page.table(&DIFFERING_HEADERS, differing(candidates).into_iter().map(Vec::from).collect());
    page.heading("What a call takes on average");
    page.table(&USED_HEADERS, used(candidates).into_iter().map(Vec::from).collect());
}

fn laid_out<const N: usize>(headers: [&str; N], rows: Vec<[String; N]>) -> String {
    let rows: Vec<_> = rows.into_iter().map(|row| row.map(|cell| inert::text(&cell))).collect();
    table(headers, &rows)
}

fn tried(candidates: &Candidates) -> Vec<[String; 10]> {
    let row = |(pair, tried): (&Pair, &Tried)| {
        let [capability, candidate] = named(pair);
        let of = |likeness| tried.of(likeness).to_string();
        [
            capability,
            candidate,
            tried.runs.to_string(),
            of(Likeness::Same),
            of(Likeness::Different),
            of(Likeness::NewlyRefused),
            of(Likeness::NewlyAllowed),
            of(Likeness::NeedsOtherReads),
            tried.failures().to_string(),
            tried.dropped.to_string(),
        ]
    };
    candidates.iter().map(row).collect()
}

fn differing(candidates: &Candidates) -> Vec<[String; 4]> {
    let rows = |(pair, tried): (&Pair, &Tried)| {
        let columns = tried.columns.iter().map(|(column, runs)| (format!("another {column}"), *runs));
        let failed = tried.failed.iter().map(|(code, runs)| (format!("no answer: {code}"), *runs));
        let rows = columns.chain(failed).map(|(what, runs)| {
            let [capability, candidate] = named(pair);
            [capability, candidate, what, runs.to_string()]
        });
        rows.collect::<Vec<_>>()
    };
    candidates.iter().flat_map(rows).collect()
}

fn used(candidates: &Candidates) -> Vec<[String; 6]> {
    let row = |(pair, tried): (&Pair, &Tried)| {
        let Averages { live, candidate: other } = tried.averages()?;
        let [capability, candidate] = named(pair);
        let [fuel, other_fuel, us, other_us] =
            [live.fuel, other.fuel, live.wall_us, other.wall_us].map(|number| number.to_string());
        Some([capability, candidate, fuel, other_fuel, us, other_us])
    };
    candidates.iter().filter_map(row).collect()
}

fn named(pair: &Pair) -> [String; 2] {
    [pair.capability.clone(), pair.candidate.chars().take(DIGEST_CHARS_SHOWN).collect()]
}
