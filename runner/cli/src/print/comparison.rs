//! Recorded calls beside their reruns, for people: what is the same, and what is not, column by column.

use std::fmt::Write as _;

use synapsor_invocation::{Comparison, Ending, Likeness};
use synapsor_protocol::Value;

use super::{count, inert, proposal, style, table::table};

/// Most differences a backtest tells one by one; `--json` has all of them.
const TOLD_MAX: usize = 20;

/// Said where only the rules of the config were applied to an answer.
const TYPES_UNCHECKED: &str =
    "the columns' types were not checked: the source does not say today what they are";

/// One proposal and its rerun.
pub(crate) fn rerun(compared: &Comparison, config_changed: bool, column_types_checked: bool) -> String {
    let mut text = match (compared.likeness, compared.other_fuel()) {
        (Likeness::Same, false) => format!("{} {}", style::good("same"), subject(compared)),
        (Likeness::Same, true) => format!("{} {}", style::bad("same answer, other fuel"), subject(compared)),
        (likeness, _) => format!("{} {}", style::bad(likeness.as_str()), subject(compared)),
    };
    if let Some((recorded, now)) = &compared.content_digests {
        let _ = write!(text, "\n  {} {recorded}", style::dim("content "));
        if recorded != now {
            let _ = write!(text, "\n  {} {now}", style::dim("now     "));
        }
    }
    if let (Some(then), Some(now)) = (compared.fuel_recorded, compared.fuel) {
        let change = if then == now { String::new() } else { format!(", {now} now") };
        let _ = write!(text, "\n  {} {then}{change}", style::dim("fuel    "));
    }
    text.push_str(&difference(compared));
    if config_changed {
        text.push_str("\n  the capability's config has changed since; today's rules were used");
    }
    if !column_types_checked {
        text.push_str("\n  ");
        text.push_str(TYPES_UNCHECKED);
    }
    text
}

/// A history and its reruns: a table of how many, then what differs.
pub(crate) fn backtest(
    (name, version): (&str, &str),
    compared: &[Comparison],
    edited: usize,
    column_types_checked: bool,
) -> String {
    let calls = count(compared.len() + edited, "recorded call");
    let mut text = format!("{calls} through `{}` {}\n\n", inert::text(name), inert::text(version));
    let rows: Vec<_> = Likeness::ALL
        .iter()
        .map(|likeness| {
            let number = compared.iter().filter(|comparison| comparison.likeness == *likeness).count();
            [likeness.as_str().to_owned(), number.to_string()]
        })
        .collect();
    text.push_str(&proposal::indented(&table(["compared with the record", "calls"], &rows)));
    let others: Vec<_> = compared.iter().filter(|comparison| comparison.likeness != Likeness::Same).collect();
    for comparison in others.iter().take(TOLD_MAX) {
        let likeness = style::bad(comparison.likeness.as_str());
        let _ = write!(text, "\n\n{likeness} {}{}", subject(comparison), difference(comparison));
    }
    if others.len() > TOLD_MAX {
        let _ = write!(text, "\n\nand {} more; --json has all of them", others.len() - TOLD_MAX);
    }
    if edited > 0 {
        let edited = count(edited, "record");
        let _ = write!(text, "\n\n{}: {edited} edited since, not compared", style::bad("not intact"));
    }
    if !column_types_checked {
        text.push_str("\n\n");
        text.push_str(TYPES_UNCHECKED);
    }
    text
}

fn subject(compared: &Comparison) -> String {
    match &compared.proposal_id {
        Some(id) => format!("{id} {}", inert::text(&compared.capability)),
        None => format!("{} {}", compared.evidence_id, inert::text(&compared.capability)),
    }
}

fn difference(compared: &Comparison) -> String {
    let mut text = String::new();
    let value = |value: &Option<Value>| match value {
        Some(value) => inert::text(&value.to_string()),
        None => "left alone".to_owned(),
    };
    for column in &compared.columns {
        let (then, now) = (value(&column.recorded), value(&column.now));
        let _ = write!(text, "\n  {} {then} -> {now}", inert::text(&column.column));
    }
    if compared.likeness == Likeness::Same {
        return text;
    }
    match (&compared.recorded, &compared.now) {
        (Ending::Proposed { summary: then, .. }, Ending::Proposed { summary: now, .. }) => {
            if then != now {
                let _ = write!(text, "\n  - {}\n  + {}", line(then.as_deref()), line(now.as_deref()));
            }
        }
        (then, now) => {
            let _ = write!(text, "\n  - {}\n  + {}", ending(then), ending(now));
        }
    }
    text
}

fn line(summary: Option<&str>) -> String {
    summary.map_or_else(|| "no summary".to_owned(), inert::text)
}

fn ending(ending: &Ending) -> String {
    match ending {
        Ending::Proposed { patch, summary } => {
            let columns: Vec<String> = patch
                .iter()
                .map(|(name, value)| format!("{} = {}", inert::text(name), inert::text(&value.to_string())))
                .collect();
            let summary = summary.as_deref().map(|line| format!(" ({})", inert::text(line)));
            format!("proposes {}{}", columns.join(", "), summary.unwrap_or_default())
        }
        Ending::Refused { code, message } => {
            let message = message.as_deref().map(|message| format!(": {}", inert::text(message)));
            format!("refuses with {}{}", inert::text(code), message.unwrap_or_default())
        }
        Ending::OtherReads { reads } => {
            let reads: Vec<String> = reads.iter().map(|read| inert::text(read)).collect();
            format!("asks for {}", reads.join("; "))
        }
    }
}
