//! What people see: styles, tables, and text made harmless. JSON is printed from the documents themselves.

pub(crate) mod style;
pub(crate) mod inert;
pub(crate) mod screen;
pub(crate) mod table;
pub(crate) mod document;
pub(crate) mod page;
pub(crate) mod markdown;
pub(crate) mod html;
pub(crate) mod sarif;
pub(crate) mod audit;
pub(crate) mod listing;
pub(crate) mod config;
pub(crate) mod inspection;
pub(crate) mod draft;
pub(crate) mod diagnosis;
pub(crate) mod diff;
pub(crate) mod problem;
pub(crate) mod proposal;
pub(crate) mod usage;
pub(crate) mod evidence;
pub(crate) mod query_audit;
pub(crate) mod receipt;
pub(crate) mod event;
pub(crate) mod activity;
pub(crate) mod replay;
pub(crate) mod compliance;
pub(crate) mod comparison;
pub(crate) mod shadow;
pub(crate) mod candidate;
pub(crate) mod progress;

use std::io::{IsTerminal, Write};

use synapsor_protocol::{Code, Kind, Refusal, SourceChanged};

use crate::args::Colour;
use crate::exit::Exit;
use crate::next::{self, After};

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

    /// A document that is its own text: another command reads it again, so nothing is added to it.
    pub(crate) fn document(json: serde_json::Value) -> Self {
        Self::verbatim(pretty(&json))
    }

    /// A text that is a document of its own: printed as it is, with `--json` too.
    pub(crate) fn verbatim(text: String) -> Self {
        Self { text, json: serde_json::Value::Null, exit: Exit::Done }
    }

    /// Says which commands lead on, as lines and as a list.
    pub(crate) fn next(self, after: impl Into<Option<After>>, about: &str) -> Self {
        let commands = after.into().map(|after| next::commands(after, about)).unwrap_or_default();
        let text = format!("{}{}", self.text, next::lines(&commands));
        Self {
            json: document::with(self.json, [("next", serde_json::json!(commands))]),
            text,
            exit: self.exit,
        }
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

/// `1 problem`, `2 problems`.
pub(crate) fn count(number: usize, one: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {one}{ending}")
}

/// Prints a report: the document with `ok`, which says what exit code 0 says, or the text.
/// A reader that went away is not an error of ours.
pub(crate) fn report(report: &Report, json: bool) {
    if report.json.is_null() {
        verbatim(&report.text);
    } else if json {
        let ok = serde_json::json!(report.exit == Exit::Done);
        verbatim(&pretty(&document::with(report.json.clone(), [("ok", ok)])));
    } else {
        line(&report.text);
    }
}

/// One line, or several, on standard output, fitted to the screen.
pub(crate) fn line(text: &str) {
    verbatim(&screen::fitted(text, screen::columns(&std::io::stdout())));
}

/// Text that a program reads: no line of it is broken.
pub(crate) fn verbatim(text: &str) {
    progress::aside(|| {
        let mut out = anstream::stdout().lock();
        let _ = writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush());
    });
}

/// One line of several that come over time; whether somebody still reads.
pub(crate) fn streamed(line: &str) -> bool {
    progress::aside(|| {
        let mut out = anstream::stdout().lock();
        writeln!(out, "{line}").and_then(|()| out.flush()).is_ok()
    })
}

/// One line on standard error.
pub(crate) fn note(text: &str) {
    let text = screen::fitted(text, screen::columns(&std::io::stderr()));
    progress::aside(|| {
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    });
}

/// A refusal in a document.
pub(crate) fn error(refusal: &Refusal) -> serde_json::Value {
    serde_json::json!({
        "code": refusal.code,
        "kind": refusal.code.kind(),
        "message": refusal.message,
        "hint": refusal.hint,
        "handler_code": refusal.handler_code,
        "retryable": refusal.code.retryable(),
        "source_changed": refusal.source_changed,
    })
}

/// A refusal: on standard error for people, as a document on standard output with `--json`.
pub(crate) fn refusal(refusal: &Refusal, json: bool) {
    if json {
        verbatim(&pretty(&serde_json::json!({ "ok": false, "error": error(refusal) })));
        return;
    }
    let word = match refusal.code.kind() {
        Kind::Refusal => "refused",
        Kind::Failure => "failed",
        Kind::Bug => "bug",
    };
    let code = refusal.handler_code.as_deref().unwrap_or(refusal.code.as_str());
    note(&format!("{} {}: {}", style::bad(word), inert::text(code), inert::text(&refusal.message)));
    if let Some(hint) = &refusal.hint {
        note(&format!("{} {}", style::dim("hint:"), inert::text(hint)));
    } else if refusal.code.retryable() && refusal.source_changed == SourceChanged::No {
        note(&format!("{} nothing was changed; it is safe to repeat", style::dim("retry:")));
    }
}

/// What clap has to say: help and version as they are; wrong usage as a document too, where one was asked for.
pub(crate) fn usage(error: &clap::Error, json: bool) -> Exit {
    if !error.use_stderr() {
        let _ = error.print();
        return Exit::Done;
    }
    if json {
        let text = error.to_string();
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let hint = rest.split_whitespace().collect::<Vec<_>>().join(" ");
        let message = first.strip_prefix("error: ").unwrap_or(first);
        refusal(&Refusal::new(Code::InvalidInput, message).hint(hint), true);
    } else {
        let _ = error.print();
    }
    Exit::Usage
}

/// Indented JSON.
pub(crate) fn pretty(document: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(document).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
}
