//! A document that goes to a file or to standard output.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use synapsor_protocol::{Code, Refusal};

use crate::args::{Destination, ExportFormat, OutputFile};
use crate::print::{Report, pretty, style};

/// A record as a document for programs, or as a page for people, where it was asked for.
pub(crate) fn export(
    typed: &Destination,
    document: &Json,
    page: impl FnOnce() -> String,
) -> Result<Report, Refusal> {
    let text = match typed.format {
        ExportFormat::Json => pretty(document),
        ExportFormat::Markdown => page(),
    };
    hand_out(&typed.file, text)
}

/// A text in the file that was asked for, or printed as it is.
pub(crate) fn hand_out(typed: &OutputFile, text: String) -> Result<Report, Refusal> {
    let Some(path) = &typed.output else { return Ok(Report::verbatim(text)) };
    write(path, &text, typed.force)?;
    let said = format!("{} {}", style::good("written"), path.display());
    Ok(Report::done(json!({ "path": path }), said))
}

/// Whole or not at all, and for our eyes only: an export holds what rows held.
fn write(path: &Path, text: &str, force: bool) -> Result<(), Refusal> {
    if !force {
        let mut file = make(path).map_err(|error| {
            unusable(path, "make", &error)
                .hint("name a file that is not there yet, or add --force to replace it")
        })?;
        return fill(&mut file, text).map_err(|error| {
            // Half a document is worth nothing; that it cannot be removed changes nothing about the refusal.
            let _ = fs::remove_file(path);
            unusable(path, "write", &error)
        });
    }
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let _ = fs::remove_file(&partial);
    let written =
        make(&partial).and_then(|mut file| fill(&mut file, text)).and_then(|()| fs::rename(&partial, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&partial);
        unusable(path, "write", &error)
    })
}

fn make(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn fill(file: &mut File, text: &str) -> std::io::Result<()> {
    file.write_all(text.trim_end().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn unusable(path: &Path, verb: &str, error: &std::io::Error) -> Refusal {
    Refusal::new(Code::NotFound, format!("cannot {verb} `{}`: {}", path.display(), error.kind()))
}
