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
mod quick;

use std::io::{BufRead, IsTerminal};

use serde_json::json;
use synapsor_protocol::Refusal;

use crate::args::{Demo, DemoCommand};
use crate::exit::Exit;
use crate::print::{self, Report, style};
use folder::Folder;
use step::Step;
use story::{Scene, Story};

/// Walks through the story; on a terminal it waits for Enter between the steps.
pub(crate) async fn run(demo: &Demo, json: bool) -> Result<Report, Refusal> {
    if let Some(DemoCommand::Inspect(wanted)) = &demo.command {
        return quick::inspect(wanted, json).await;
    }
    if demo.quick {
        return quick::run(demo, json).await;
    }
    let folder = Folder::prepare(demo.folder.as_deref(), demo.force)?;
    if demo.prepare_only {
        let document = json!({ "folder": folder.path(), "config": folder.config() });
        return Ok(Report::done(document, format!("prepared {}", folder.path().display())));
    }
    let show = Show { json, guided: demo.guided, wait: !json && !demo.no_interactive && watched() };
    show.opening(&folder);
    let steps = play(&folder, |number, step, next| show.step(number, step, next)).await?;
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

/// Plays every scene; `shown` gets each step with its number and the scene after it.
async fn play(folder: &Folder, shown: impl Fn(usize, &Step, Option<&Scene>)) -> Result<Vec<Step>, Refusal> {
    let mut story = Story::begin(folder).await?;
    let mut steps = Vec::new();
    while let Some(step) = story.next().await {
        let step = step?;
        shown(steps.len() + 1, &step, story.coming());
        steps.push(step);
    }
    story.end().await;
    Ok(steps)
}

fn watched() -> bool {
    print::terminal() && std::io::stdin().is_terminal()
}

/// How the story is told while it happens.
struct Show {
    json: bool,
    guided: bool,
    wait: bool,
}

impl Show {
    fn opening(&self, folder: &Folder) {
        if self.json {
            return;
        }
        print::line(&style::strong("An agent asks; a person decides; the runner changes one row."));
        print::line(&style::dim(format!("Everything below happens in {}", folder.path().display())));
        if self.guided {
            self.lesson(story::SCENES.first());
            self.pause();
        }
    }

    fn step(&self, number: usize, step: &Step, next: Option<&Scene>) {
        if self.json {
            return;
        }
        print::line(&format!("\n{}", step.text(number)));
        self.lesson(next);
        if next.is_some() {
            self.pause();
        }
    }

    /// What the next step is about, before it happens.
    fn lesson(&self, scene: Option<&Scene>) {
        if let Some(scene) = scene.filter(|_| self.guided) {
            print::line(&format!("\n{} {}", style::dim("next:"), scene.lesson));
        }
    }

    fn pause(&self) {
        if self.wait {
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
