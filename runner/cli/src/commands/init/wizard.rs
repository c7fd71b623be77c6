//! The same decisions at a terminal: arrow keys, defaults, the way back with Escape, and a preview before anything is written.
//!
//! Invariant: what comes out are answers as flags give them; the same draft is made of them.

mod ask;
mod place;

use std::io::IsTerminal as _;

use serde_json::Value as Json;
use synapsor_protocol::{Code, Refusal};
use synapsor_setup::Inspection;
use synapsor_setup::init::{Answers, DatabasePlace, Draft, Interview, draft};

pub(super) use place::place;

use super::{Decided, files};
use crate::args::Init;
use crate::print::{self, style};
use crate::settings::Settings;

/// Whether somebody is there to be asked, and nothing says that they should not be; `is_decided` where a recipe names tables.
pub(super) fn is_wanted(typed: &Init, is_decided: bool, json: bool) -> Result<bool, Refusal> {
    let somebody = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if typed.wizard && !somebody {
        return Err(Refusal::new(Code::InvalidInput, "there is no terminal to ask questions at").hint(
            "leave --wizard out; everything that is undecided is then listed with the flag that decides it",
        ));
    }
    let is_scripted = json
        || is_decided
        || typed.answers.is_some()
        || !typed.tables.table.is_empty()
        || typed.accept_suggested
        || typed.writing.yes
        || typed.writing.dry_run;
    Ok(typed.wizard || somebody && !is_scripted)
}

/// From here on Ctrl-C ends a question instead of the process, so that the terminal is left as it was.
pub(super) fn catch_interrupts() {
    // Once somebody listens, the signal ends nothing by itself.
    drop(tokio::spawn(tokio::signal::ctrl_c()));
}

/// Asks until nothing is open and the person has seen what a model would get.
pub(super) fn held(
    known: Answers,
    place: &DatabasePlace,
    found: &Inspection,
    typed: &Init,
    settings: &Settings,
) -> Result<Decided, Refusal> {
    let mut interview = Interview::new(known, found);
    print::note(&style::dim(
        "arrow keys choose, Enter answers, Escape goes back, Ctrl-C leaves; nothing is written before the end",
    ));
    loop {
        if let Some(prompt) = interview.prompt() {
            match ask::prompt(&prompt)? {
                ask::Told::Reply(reply) => {
                    if let Err(why) = interview.answer(&reply) {
                        print::note(&format!("{} {why}", style::warn("again:")));
                    }
                }
                ask::Told::Back if interview.back() => {}
                ask::Told::Back => print::note("this is the first question; Ctrl-C leaves"),
            }
            continue;
        }
        let end = match draft(interview.answers(), place, found) {
            Ok(draft) => end(draft, typed, settings)?,
            Err(questions) => {
                print::line(&print::draft::undecided(&questions));
                ask::leave_or_go_back()?;
                None
            }
        };
        match end {
            Some(decided) => return Ok(decided),
            None if interview.back() => {}
            None => return Err(Refusal::new(Code::InvalidInput, "no table here can be served").hint(
                "a table needs a name of letters, digits and `_`, and the credential the right to read it; `synapsor inspect` shows what is there",
            )),
        }
    }
}

/// The preview, and what is to be done with it. `None` goes back.
fn end(draft: Draft, typed: &Init, settings: &Settings) -> Result<Option<Decided>, Refusal> {
    let tools: Vec<Json> = crate::commands::tools::listed(&draft.config)?;
    print::line(&print::draft::preview(&draft, &tools));
    let wanted = files::Wanted::from(&draft);
    let files = files::planned(&wanted, settings);
    let mut force = typed.writing.force;
    if let Err(taken) = files::refuse_taken(&files, &wanted, settings, force) {
        // A handler's folder is never replaced; files are, where somebody says so.
        if let Err(refused) = files::refuse_taken(&files, &wanted, settings, true) {
            print::note(&format!("{} {}", style::bad("refused:"), refused.message));
            ask::leave_or_go_back()?;
            return Ok(None);
        }
        print::note(&format!("{} {}", style::warn("to know first:"), taken.message));
        force = true;
    }
    if !ask::write(files.len(), force)? {
        return Ok(None);
    }
    let try_id = match &typed.writing.try_id {
        Some(key) => Some(key.clone()),
        None => ask::row(&draft.first_call.argument)?,
    };
    Ok(Some(Decided { draft, try_id }))
}
