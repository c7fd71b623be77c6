//! `synapsor demo --quick` and `demo inspect`: the same story in a folder that goes, and the ledger that stays.
//!
//! Invariant: what the ledger holds is what happened. The database was there while the story ran, and nobody has to have one.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};
use synapsor_protocol::{Code, Refusal};

use super::step::Step;
use super::{Folder, invoked_as, operator, play};
use crate::args::{Demo, InspectDemo};
use crate::exit::Exit;
use crate::print::{self, Report, inert, style};

/// The ledger, below the folder it is left in.
const LEDGER: &str = ".synapsor/quick-demo.db";

/// How a person looks into it, and what for. None of them needs a config or a database.
const LOOKS: [(&[&str], &str); 7] = [
    (&["proposals", "list"], "what was proposed, and what became of it"),
    (&["replay", "show", "latest"], "one proposal from the call to the end"),
    (&["evidence", "list"], "what was read, and for whom"),
    (&["query-audit", "list"], "every call, the refused ones too"),
    (&["receipts", "list"], "how the applies ended"),
    (&["activity", "search", "--object", "invoice:INV-3001"], "everything about one object"),
    (&["store", "verify"], "that nothing of it was changed since"),
];

/// Plays the story where it leaves no trace but the ledger.
pub(super) async fn run(demo: &Demo, json: bool) -> Result<Report, Refusal> {
    let ledger = ledger(demo.folder.as_deref());
    clear(&ledger).await?;
    let place = tempfile::Builder::new().prefix("synapsor-demo-").tempdir().map_err(Refusal::bug)?;
    let folder = Folder::prepare(Some(place.path()), false)?;
    let steps = play(&folder, |number, step, _| {
        if demo.details && !json {
            print::line(&format!("{}\n", step.text(number)));
        }
    })
    .await?;
    keep(&folder, &ledger).await?;
    let ok = steps.iter().all(|step| step.ok);
    let document = json!({ "ledger": ledger, "steps": steps, "commands": commands(&ledger) });
    Ok(Report::done(document, told(&ledger, &steps)).exit(if ok { Exit::Done } else { Exit::Bug }))
}

/// Runs every look and shows what it says.
pub(super) async fn inspect(wanted: &InspectDemo, json: bool) -> Result<Report, Refusal> {
    let ledger = ledger(wanted.folder.as_deref());
    if !ledger.exists() {
        let message = format!("there is no `{}`", ledger.display());
        return Err(Refusal::new(Code::NotFound, message).hint("`synapsor demo --quick` makes it"));
    }
    let mut documents = Map::new();
    let mut screens = Vec::new();
    for ((words, purpose), command) in LOOKS.iter().zip(commands(&ledger)) {
        if json {
            documents.insert(words.join(" "), operator::look(&ledger, words).await?.document);
        } else {
            let screen = operator::screen(&ledger, words).await?;
            screens.push(format!(
                "{}\n{}\n{screen}",
                style::dim(format!("# {purpose}")),
                style::strong(command)
            ));
        }
    }
    Ok(Report::done(json!({ "ledger": ledger, "looks": Json::Object(documents) }), screens.join("\n")))
}

fn ledger(folder: Option<&Path>) -> PathBuf {
    folder.map_or_else(|| PathBuf::from(LEDGER), |folder| folder.join(LEDGER))
}

/// A copy of the story's ledger, which needs nothing of the folder that goes.
async fn keep(folder: &Folder, ledger: &Path) -> Result<(), Refusal> {
    if let Some(parent) = ledger.parent() {
        std::fs::create_dir_all(parent).map_err(|error| cannot_keep(ledger, error.kind()))?;
    }
    let path = ledger.to_str().ok_or_else(|| cannot_keep(ledger, "its name is not UTF-8"))?;
    let kept = operator::run(folder, &["store", "backup", path]).await?;
    if kept.exit == 0 { Ok(()) } else { Err(cannot_keep(ledger, "it cannot be written")) }
}

fn cannot_keep(ledger: &Path, why: impl Display) -> Refusal {
    Refusal::new(Code::InvalidInput, format!("cannot leave a ledger at `{}`: {why}", ledger.display()))
        .hint("name another folder with --folder DIR")
}

/// An earlier one goes as `store reset` removes one, which refuses while somebody uses it.
async fn clear(ledger: &Path) -> Result<(), Refusal> {
    if !ledger.exists() {
        return Ok(());
    }
    let reset = operator::look(ledger, &["store", "reset", "--yes"]).await?;
    if reset.exit == 0 {
        return Ok(());
    }
    let message = format!("the earlier `{}` cannot be replaced", ledger.display());
    Err(Refusal::new(Code::InvalidInput, message)
        .hint(format!("`synapsor store reset --store {}` says why", ledger.display())))
}

fn commands(ledger: &Path) -> Vec<String> {
    let command =
        |words: &[&str]| format!("{} {} --store {}", invoked_as(), words.join(" "), ledger.display());
    LOOKS.iter().map(|(words, _)| command(words)).collect()
}

fn told(ledger: &Path, steps: &[Step]) -> String {
    let failed: Vec<&str> = steps.iter().filter(|step| !step.ok).map(|step| step.name).collect();
    if !failed.is_empty() {
        return style::bad(format!("these steps did not go as they should: {}", failed.join(", ")));
    }
    let mut lines = vec![
        "An agent read invoice INV-3001 of tenant acme and asked to waive its late fee, 5500 -> 0."
            .to_owned(),
        "A person approved, the runner changed one row, and a row that had moved meanwhile stayed as it was."
            .to_owned(),
        format!(
            "{} The database it happened in is gone; what is on record about it stays in {}.\n",
            style::good(format!("All {} steps went as they should.", steps.len())),
            inert::text(&ledger.display().to_string())
        ),
        "Look at it:".to_owned(),
    ];
    lines.extend(
        commands(ledger)
            .iter()
            .zip(LOOKS)
            .map(|(command, (_, purpose))| format!("  {command}   {}", style::dim(format!("# {purpose}")))),
    );
    lines.push(format!(
        "\n`{} demo inspect` runs them all; `{0} demo --guided` tells the story.",
        invoked_as()
    ));
    lines.join("\n")
}
