//! `synapsor handler new`: a project that builds and passes at once.

use std::path::PathBuf;

use serde_json::json;
use synapsor_protocol::Refusal;

use crate::args::NewHandler;
use crate::next::After;
use crate::print::{Report, count, inert, style};

pub(super) fn run(wanted: &NewHandler) -> Result<Report, Refusal> {
    let folder = wanted.folder.clone().unwrap_or_else(|| PathBuf::from(&wanted.name));
    let files =
        synapsor_bundle::new_project(&wanted.lang, &wanted.name, &folder).map_err(|error| error.refusal())?;
    let shown = inert::text(&folder.display().to_string());
    let text = format!("{} {shown}: {} in {}", style::good("made"), count(files.len(), "file"), wanted.lang,);
    let document = json!({ "folder": folder, "language": wanted.lang, "files": files });
    Ok(Report::done(document, text).next(After::HandlerStarted, &folder.display().to_string()))
}
