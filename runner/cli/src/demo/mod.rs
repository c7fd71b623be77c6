//! `synapsor demo`: the whole loop on an embedded database, acted out by the binary itself.
//!
//! The binary starts itself as an MCP server and talks to it as a client, and starts itself as the operator's command
//! line. Invariant: nothing is staged. Every line printed and every `ok` comes from what a process answered or from a
//! look into the source database before and after.

mod story;
mod step;
mod folder;
mod operator;
mod source;

use std::io::{BufRead, IsTerminal};

use serde_json::json;
use synapsor_protocol::Refusal;

use crate::args::Demo;
use crate::exit::Exit;
use crate::print::{self, Report, style};
use folder::Folder;
use step::Step;
use story::Story;

/// Walks through the story; on a terminal it waits for Enter between the steps.
pub(crate) async fn run(demo: &Demo, json: bool) -> Result<Report, Refusal> {
    let folder = Folder::prepare(demo.folder.as_deref(), demo.force)?;
    if demo.prepare_only {
        let document = json!({ "folder": folder.path(), "config": folder.config() });
        return Ok(Report::done(document, format!("prepared {}", folder.path().display())));
    }
    let show = Show { json, wait: !json && !demo.no_interactive && watched() };
    show.opening(&folder);
    let mut story = Story::begin(&folder).await?;
    let mut steps = Vec::new();
    while let Some(step) = story.next().await {
        let step = step?;
        show.step(steps.len() + 1, &step, story.goes_on());
        steps.push(step);
    }
    story.end().await;
    let ok = steps.iter().all(|step| step.ok);
    let document = json!({
        "folder": folder.path(),
        "config": folder.config(),
        "ledger": folder.ledger(),
        "steps": steps,
    });
    let report = Report::done(document, closing(&folder, &steps));
    Ok(report.exit(if ok { Exit::Done } else { Exit::Bug }))
}

fn watched() -> bool {
    print::terminal() && std::io::stdin().is_terminal()
}

/// How the story is told while it happens.
struct Show {
    json: bool,
    wait: bool,
}

impl Show {
    fn opening(&self, folder: &Folder) {
        if !self.json {
            print::line(&style::strong("An agent asks; a person decides; the runner changes one row."));
            print::line(&style::dim(format!("Everything below happens in {}", folder.path().display())));
        }
    }

    fn step(&self, number: usize, step: &Step, goes_on: bool) {
        if self.json {
            return;
        }
        print::line(&format!("\n{}", step.text(number)));
        if self.wait && goes_on {
            print::note(&style::dim("   Enter for the next step"));
            let _ = std::io::stdin().lock().read_line(&mut String::new());
        }
    }
}

fn closing(folder: &Folder, steps: &[Step]) -> String {
    let failed: Vec<&str> = steps.iter().filter(|step| !step.ok).map(|step| step.name).collect();
    let verdict = if failed.is_empty() {
        style::good(format!("all {} steps went as they should", steps.len()))
    } else {
        style::bad(format!("these steps did not go as they should: {}", failed.join(", ")))
    };
    let config = folder.config();
    let words = ["proposals list", "replay show latest", "config show", "mcp serve"];
    let next: Vec<String> = words
        .iter()
        .map(|words| format!("  {} {words} --config {}", invoked_as(), config.display()))
        .collect();
    format!(
        "\n{verdict}\n\nThe files are in {}\n\nTry next:\n{}   # for an MCP client of yours",
        folder.path().display(),
        next.join("\n"),
    )
}

/// The program as it was typed, so that what is printed can be typed too.
fn invoked_as() -> String {
    std::env::args().next().unwrap_or_else(|| "synapsor".to_owned())
}
