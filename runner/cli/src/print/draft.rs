//! A first config for people: what is undecided, what a model would get, and what was written.

use serde_json::Value as Json;
use synapsor_setup::boundary::BoundaryCheck;
use synapsor_setup::init::{Draft, Question};
use synapsor_setup::start::Whereabouts;

use super::document::at;
use super::{config, count, inert, style};
use crate::commands::Written;

/// Everything that is undecided, each with the flag that decides it and what could be answered.
pub(crate) fn undecided(questions: &[Question]) -> String {
    let mut lines = vec![format!("{} {}", style::warn("undecided:"), count(questions.len(), "question"))];
    for question in questions {
        let about =
            question.table.as_ref().map(|table| format!("{}: ", inert::text(table))).unwrap_or_default();
        lines.push(format!("  {about}{}", inert::text(&question.what)));
        lines.push(format!(
            "    {} {} {}",
            style::dim("answer"),
            style::strong(question.flag),
            question.form
        ));
        for choice in &question.choices {
            lines.push(format!(
                "      {} {}  {}",
                question.flag,
                inert::text(&choice.value),
                style::dim(inert::text(&choice.reason))
            ));
        }
    }
    if questions.iter().any(|question| !question.choices.is_empty() && question.table.is_some()) {
        lines.push(format!("{} --accept-suggested takes the first of each", style::dim("hint:")));
    }
    lines.push("nothing was written".to_owned());
    lines.join("\n")
}

/// What the config would mean, what a model would be shown, and what to know first.
pub(crate) fn preview(draft: &Draft, tools: &[Json]) -> String {
    let mut parts = vec![config::sheet(&draft.config)];
    let tool = |tool: &Json| {
        let text = |pointer| inert::text(at(tool, pointer).as_str().unwrap_or_default());
        format!("  {}  {}", style::strong(text("/name")), text("/description"))
    };
    let tools: Vec<String> = tools.iter().map(tool).collect();
    parts.push(format!("{}\n{}", style::strong("what a model is shown"), tools.join("\n")));
    if !draft.notes.is_empty() {
        let note = |(table, note): &(String, synapsor_setup::inspect::Note)| {
            format!(
                "  {}: {}: {}",
                inert::text(table),
                style::warn(note.code.words()),
                inert::text(&note.text)
            )
        };
        let notes: Vec<String> = draft.notes.iter().map(note).collect();
        parts.push(format!("{}\n{}", style::strong("to know first"), notes.join("\n")));
    }
    parts.join("\n\n")
}

/// What was written, whether the boundary holds, how the first call went, and what comes next.
pub(crate) fn done(
    written: &[Written],
    checks: &[BoundaryCheck],
    first_call: &str,
    next: &[String],
) -> String {
    let file = |written: &Written| {
        let path = inert::text(&written.path.display().to_string());
        let kept = written.backup.as_ref().map(|backup| inert::text(&backup.display().to_string()));
        let kept = kept.map(|kept| style::dim(format!("  (as it was: {kept})"))).unwrap_or_default();
        format!("{} {path}{kept}", style::good("wrote"))
    };
    let mut lines: Vec<String> = written.iter().map(file).collect();
    lines.extend(checks.iter().map(check));
    lines.push(first_call.to_owned());
    lines.push(style::strong("next"));
    lines.extend(next.iter().map(|command| format!("  {command}")));
    lines.join("\n")
}

/// One line of the boundary.
pub(crate) fn check(check: &BoundaryCheck) -> String {
    if check.holds {
        format!("{} {}", style::good("holds"), check.check.meaning())
    } else {
        let found = check.found.iter().map(|found| inert::text(found)).collect::<Vec<_>>().join(", ");
        format!("{} {}: found {found}", style::bad("does not hold"), check.check.meaning())
    }
}

/// Where somebody is, and what to type next.
pub(crate) fn whereabouts(told: &Whereabouts) -> String {
    let width = told.next.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0);
    let next = |(command, does): &(String, &'static str)| {
        let gap = " ".repeat(width.saturating_sub(command.chars().count()));
        format!("  {}{gap}  {}", inert::text(command), style::dim(does))
    };
    let next: Vec<String> = told.next.iter().map(next).collect();
    format!("{}\n{}\n{}", inert::text(&told.meaning), style::strong("next"), next.join("\n"))
}
