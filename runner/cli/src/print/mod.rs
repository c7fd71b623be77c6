//! What people see: styles, tables, and text made harmless. JSON is printed from the documents themselves.

pub(crate) mod document;
pub(crate) mod inert;
pub(crate) mod proposal;
pub(crate) mod replay;
pub(crate) mod style;
pub(crate) mod table;

use std::io::{IsTerminal, Write};

use synapsor_protocol::Refusal;

use crate::args::Colour;
use crate::exit::Exit;

/// What a command has to say: one document, the same for people, and how the process ends.
pub(crate) struct Report {
    pub(crate) json: serde_json::Value,
    pub(crate) text: String,
    pub(crate) exit: Exit,
}

impl Report {
    pub(crate) fn done(json: serde_json::Value, text: impl Into<String>) -> Self {
        Self { json, text: text.into(), exit: Exit::Done }
    }

    pub(crate) fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

/// Turns colour on or off for the whole process.
pub(crate) fn choose_colour(colour: Colour) {
    match colour {
        Colour::Auto => {}
        Colour::Always => anstream::ColorChoice::Always.write_global(),
        Colour::Never => anstream::ColorChoice::Never.write_global(),
    }
}

/// Whether a person is watching standard output.
pub(crate) fn terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Prints a report. A reader that went away is not an error of ours.
pub(crate) fn report(report: &Report, json: bool) {
    let text = if json { pretty(&report.json) } else { report.text.clone() };
    line(&text);
}

/// One line, or several, on standard output.
pub(crate) fn line(text: &str) {
    let mut out = anstream::stdout().lock();
    let _ = writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush());
}

/// One line on standard error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// A refusal: on standard error for people, as a document on standard output with `--json`.
pub(crate) fn refusal(refusal: &Refusal, json: bool) {
    if json {
        line(&pretty(&serde_json::json!({
            "ok": false,
            "error": {
                "code": refusal.code,
                "kind": refusal.code.kind(),
                "message": refusal.message,
                "hint": refusal.hint,
                "handler_code": refusal.handler_code,
                "retryable": refusal.code.retryable(),
                "source_changed": refusal.source_changed,
            }
        })));
        return;
    }
    let code = refusal.handler_code.as_deref().unwrap_or(refusal.code.as_str());
    note(&format!("{} {}: {}", style::bad("refused"), inert::text(code), inert::text(&refusal.message)));
    if let Some(hint) = &refusal.hint {
        note(&format!("{} {}", style::dim("hint:"), inert::text(hint)));
    }
}

/// Indented JSON.
pub(crate) fn pretty(document: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(document).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
}
