//! `synapsor handler build`: from source to component, with the language's own tools.

use serde_json::json;
use synapsor_protocol::Refusal;
use tokio::task::spawn_blocking;

use crate::args::Project;
use crate::next::After;
use crate::print::{Report, inert, progress, style};
use crate::settings::Settings;

pub(super) async fn run(project: &Project, settings: &Settings) -> Result<Report, Refusal> {
    let (folder, environment) = (project.folder.clone(), settings.environment.clone());
    let building = spawn_blocking(move || synapsor_bundle::build(&folder, &environment));
    let built = progress::waiting("building", building).await.map_err(Refusal::bug)?;
    let built = built.map_err(|error| error.refusal())?;
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
    Ok(Report::done(document, text).next(After::HandlerBuilt, &project.folder.display().to_string()))
}
