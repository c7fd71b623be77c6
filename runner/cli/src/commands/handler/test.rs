//! `synapsor handler test`: the cases of one handler, once, or again whenever something of it changes.

use std::path::Path;

use synapsor_handler_host::HandlerEngine;
use synapsor_protocol::{Code, Refusal};

use super::watch::Watch;
use crate::args::TestHandler;
use crate::commands::validate::judged;
use crate::exit::Exit;
use crate::next::After;
use crate::print::progress::Wait;
use crate::print::{self, Report, style};
use crate::settings::Settings;
use crate::wiring;

pub(super) async fn run(wanted: &TestHandler, settings: &Settings, json: bool) -> Result<Report, Refusal> {
    let engine = wiring::case_engine()?;
    if !wanted.watch {
        return once(wanted, settings, &engine, json).await;
    }
    if json {
        return Err(Refusal::new(Code::InvalidInput, "`--watch` has no one document to print"));
    }
    let folder = &wanted.project.folder;
    let mut watch = Watch::of(folder)?;
    loop {
        // What a test says goes on being said; a build that fails is news, and not the end.
        match once(wanted, settings, &engine, json).await {
            Ok(report) => print::report(&report, json),
            Err(refusal) => print::refusal(&refusal, json),
        }
        print::note(&style::dim("waiting for a change; Ctrl-C ends this"));
        if wanted.build {
            let component = component_of(folder).unwrap_or_default();
            watch.forget(&[component.as_str(), "handler.json"]);
        }
        if !watch.changed().await {
            return Err(Refusal::new(
                Code::NotFound,
                format!("`{}` can no longer be watched", folder.display()),
            ));
        }
    }
}

async fn once(
    wanted: &TestHandler,
    settings: &Settings,
    engine: &HandlerEngine,
    json: bool,
) -> Result<Report, Refusal> {
    let folder = &wanted.project.folder;
    if wanted.build {
        let built = super::build::run(&wanted.project, settings).await?;
        if !json {
            print::report(&built, json);
        }
    }
    let wait = Wait::of("running cases");
    let subject = judged(folder, engine, &wait, true).await;
    drop(wait);
    let exit = if subject.is_valid() { Exit::Done } else { Exit::Refused };
    let after = if exit == Exit::Done { After::CasesPass } else { After::CasesFail };
    let report = Report::done(subject.document, subject.text);
    Ok(report.next(after, &folder.display().to_string()).exit(exit))
}

/// What a build writes is no reason to build again.
fn component_of(folder: &Path) -> Option<String> {
    synapsor_bundle::inspect(folder).manifest.map(|manifest| manifest.component.file)
}
