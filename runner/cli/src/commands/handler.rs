//! `synapsor handler …`: what a handler's author does, from an empty folder to a bundle somebody grants.

mod build;
mod new;

use synapsor_protocol::Refusal;

use crate::args::Handler;
use crate::print::Report;
use crate::settings::Settings;

pub(crate) async fn run(command: Handler, settings: &Settings) -> Result<Report, Refusal> {
    match command {
        Handler::New(wanted) => new::run(&wanted),
        Handler::Build(project) => build::run(&project, settings),
    }
}
