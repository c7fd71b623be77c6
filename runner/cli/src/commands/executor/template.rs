//! `synapsor executor template`: an example of the application's side, with the helper it stands on beside it.

use std::fs;
use std::path::Path;

use serde_json::json;
use synapsor_protocol::{Code, Refusal};

use crate::args::{ExecutorLanguage, ExecutorTemplate};
use crate::next::After;
use crate::print::{Report, count, inert, style};

/// A file of a template: its name, and its text.
type File = (&'static str, &'static str);

const NODE: &[File] = &[
    ("server.mjs", include_str!("../../../templates/executor/node/server.mjs")),
    ("command.mjs", include_str!("../../../templates/executor/node/command.mjs")),
    ("change.mjs", include_str!("../../../templates/executor/node/change.mjs")),
    ("receipts.sql", include_str!("../../../templates/executor/receipts.sql")),
    ("package.json", include_str!("../../../templates/executor/node/package.json")),
    ("synapsor-executor/index.mjs", include_str!("../../../../../sdk/executor-js/index.mjs")),
    ("synapsor-executor/index.d.ts", include_str!("../../../../../sdk/executor-js/index.d.ts")),
    ("synapsor-executor/package.json", include_str!("../../../../../sdk/executor-js/package.json")),
];

const PYTHON: &[File] = &[
    ("server.py", include_str!("../../../templates/executor/python/server.py")),
    ("command.py", include_str!("../../../templates/executor/python/command.py")),
    ("change.py", include_str!("../../../templates/executor/python/change.py")),
    ("receipts.sql", include_str!("../../../templates/executor/receipts.sql")),
    ("requirements.txt", include_str!("../../../templates/executor/python/requirements.txt")),
    ("synapsor_executor.py", include_str!("../../../../../sdk/executor-python/synapsor_executor.py")),
];

pub(super) fn run(wanted: &ExecutorTemplate) -> Result<Report, Refusal> {
    let files = match wanted.lang {
        ExecutorLanguage::Node => NODE,
        ExecutorLanguage::Python => PYTHON,
    };
    let folder = &wanted.folder;
    fs::create_dir(folder).map_err(|error| {
        unusable(folder, &error).hint("name a folder that is not there yet, in one that is")
    })?;
    for (name, text) in files {
        let path = folder.join(name);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        made.map_err(|error| unusable(&path, &error))?;
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let shown = inert::text(&folder.display().to_string()).to_string();
    let text = format!(
        "{} {shown}: {}\n{} run `receipts.sql` once in the application's database, then read `change`, which is yours to write",
        style::good("made"),
        count(files.len(), "file"),
        style::dim("hint:"),
    );
    Ok(Report::done(json!({ "folder": folder, "files": names }), text).next(After::ExecutorWritten, ""))
}

fn unusable(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal::new(Code::InvalidInput, format!("cannot make `{}`: {}", path.display(), error.kind()))
}
