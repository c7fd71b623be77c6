//! The files of a first config: planned, held against what is there, and written; what is replaced is kept beside.

use std::path::{Path, PathBuf};

use synapsor_protocol::{Code, Refusal};
use synapsor_setup::init::{Draft, HandlerProject, Variable};

use super::super::configure::{self, file};
use crate::args::ClientKind;
use crate::settings::Settings;

/// What each client is told stands in this folder beside the config.
const SNIPPETS: &str = ".synapsor/mcp";
const ENV_EXAMPLE: &str = ".env.example";

/// The clients there is a snippet for, by the published names of the files.
const CLIENTS: [(&str, ClientKind); 4] = [
    ("generic-stdio.json", ClientKind::Generic),
    ("claude-desktop.json", ClientKind::ClaudeDesktop),
    ("cursor.json", ClientKind::Cursor),
    ("vscode.json", ClientKind::Vscode),
];

/// What a config is, and what has to stand beside it.
pub(super) struct Wanted<'a> {
    /// The config's text.
    pub(super) text: &'a str,
    /// The variables it names.
    pub(super) variables: &'a [Variable],
    /// The handlers that have to be written.
    pub(super) handlers: &'a [HandlerProject],
}

impl<'a> From<&'a Draft> for Wanted<'a> {
    fn from(draft: &'a Draft) -> Self {
        Self { text: &draft.text, variables: &draft.variables, handlers: &draft.handlers }
    }
}

/// One file to be written.
pub(super) struct Planned {
    path: PathBuf,
    content: Content,
}

enum Content {
    Text(String),
    /// Known once the config is there.
    Snippet(ClientKind),
}

/// What was written, and what was kept of what was there.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Written {
    /// The file or folder.
    pub(crate) path: PathBuf,
    /// The file as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backup: Option<PathBuf>,
}

/// The config first: the snippets are made from it.
pub(super) fn planned(wanted: &Wanted<'_>, settings: &Settings) -> Vec<Planned> {
    let folder = settings.config_folder();
    let text = |path: PathBuf, text: String| Planned { path, content: Content::Text(text) };
    let mut files = vec![
        text(settings.config_path.clone(), wanted.text.to_owned()),
        text(plain(&folder.join(ENV_EXAMPLE)), env_example(wanted)),
    ];
    let snippet = |(name, client): &(&str, ClientKind)| Planned {
        path: plain(&folder.join(SNIPPETS).join(name)),
        content: Content::Snippet(*client),
    };
    files.extend(CLIENTS.iter().map(snippet));
    files
}

/// Names and what they hold; never a value.
fn env_example(wanted: &Wanted<'_>) -> String {
    let mut lines = vec![
        "# Names only. Set the values where the runner starts; this file is for everybody to read."
            .to_owned(),
    ];
    lines.extend(wanted.variables.iter().map(|variable| format!("# {}\n{}=", variable.holds, variable.name)));
    format!("{}\n", lines.join("\n"))
}

/// Nothing is written where one file is in the way of all.
pub(super) fn refuse_taken(
    files: &[Planned],
    wanted: &Wanted<'_>,
    settings: &Settings,
    force: bool,
) -> Result<(), Refusal> {
    let mut projects = wanted.handlers.iter().map(|project| settings.config_folder().join(&project.folder));
    // A project is somebody's work: it is never replaced.
    if let Some(folder) = projects.find(|folder| folder.exists()) {
        let message = format!("`{}` is there already; nothing was written", folder.display());
        return Err(Refusal::new(Code::InvalidInput, message)
            .hint("move the handler's folder away, or name the row otherwise with --object-name"));
    }
    let taken: Vec<String> = files
        .iter()
        .filter(|file| file.path.exists())
        .map(|file| format!("`{}`", file.path.display()))
        .collect();
    if taken.is_empty() || force {
        return Ok(());
    }
    let message = format!("{} there already; nothing was written", are(&taken));
    Err(Refusal::new(Code::InvalidInput, message)
        .hint("--force replaces them and keeps each beside, under a name with the time in it; or name another --config"))
}

fn are(names: &[String]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", names.join(", "))
}

/// Writes them all, then starts the handlers' projects.
pub(super) fn write(
    files: Vec<Planned>,
    wanted: &Wanted<'_>,
    settings: &Settings,
) -> Result<Vec<Written>, Refusal> {
    let mut written = Vec::new();
    for planned in files {
        let text = match planned.content {
            Content::Text(text) => text,
            Content::Snippet(client) => format!("{}\n", configure::snippet(client, settings)?.trim_end()),
        };
        let existing = file::read(&planned.path)?;
        // What says the same already is left alone.
        let backup = match &existing {
            Some(same) if *same == text => None,
            existing => file::replace(&planned.path, existing.is_some(), &text)?,
        };
        written.push(Written { path: planned.path, backup });
    }
    for project in wanted.handlers {
        let folder = plain(&settings.config_folder().join(&project.folder));
        synapsor_bundle::fitted_project(&project.language, &project.name, &folder, &project.fit)
            .map_err(|error| error.refusal())?;
        written.push(Written { path: folder, backup: None });
    }
    Ok(written)
}

/// Without the `.` in front.
fn plain(path: &Path) -> PathBuf {
    path.strip_prefix(".").unwrap_or(path).to_owned()
}
