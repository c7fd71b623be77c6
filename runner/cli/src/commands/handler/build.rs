//! `synapsor handler build`: from source to component, with the language's own tools.

use serde_json::json;
use synapsor_protocol::Refusal;

use crate::args::Project;
use crate::print::{Report, inert, style};
use crate::settings::Settings;

pub(super) fn run(project: &Project, settings: &Settings) -> Result<Report, Refusal> {
    let built =
        synapsor_bundle::build(&project.folder, &settings.environment).map_err(|error| error.refusal())?;
    let text = format!(
        "{} {}  {} bytes, {}",
        style::good("built"),
        inert::text(&built.component_file),
        built.component_bytes,
        built.component_digest,
    );
    let text = if built.changed { text } else { format!("{text}, as before") };
    let document = json!({
        "folder": project.folder,
        "component_file": built.component_file,
        "component_bytes": built.component_bytes,
        "component_digest": built.component_digest,
        "changed": built.changed,
    });
    Ok(Report::done(document, text))
}
