//! `synapsor handler …`: what a handler's author does, from an empty folder to a bundle somebody grants.

mod build;
mod inspect;
mod new;
mod pack;
mod run;
mod sign;
mod test;
mod watch;

use std::path::Path;

use serde_json::json;
use synapsor_bundle::Problem;
use synapsor_protocol::Refusal;

use crate::args::Handler;
use crate::exit::Exit;
use crate::print::{Report, problem, progress};
use crate::settings::Settings;

pub(crate) async fn run(command: Handler, settings: &Settings, json: bool) -> Result<Report, Refusal> {
    match command {
        Handler::New(wanted) => new::run(&wanted),
        Handler::Build(project) => build::run(&project, settings).await,
        Handler::Test(wanted) => test::run(&wanted, settings, json).await,
        Handler::Run(wanted) => progress::waiting("running the case", run::run(&wanted)).await,
        Handler::Inspect(wanted) => Ok(inspect::run(&wanted)),
        Handler::Pack(wanted) => pack::run(&wanted),
        Handler::Keygen(wanted) => sign::keygen(&wanted),
        Handler::Sign(wanted) => sign::sign(&wanted),
        Handler::Verify(wanted) => sign::verify(&wanted, settings),
    }
}

/// Everything wrong with a bundle, where that is why nothing was done.
fn refused(path: &Path, problems: &[Problem]) -> Report {
    let mut lines: Vec<String> = problems.iter().map(problem::of_bundle).collect();
    lines.push(problem::verdict(path, problems.len(), 0, ""));
    Report::done(json!({ "path": path, "problems": problems }), lines.join("\n")).exit(Exit::Refused)
}
