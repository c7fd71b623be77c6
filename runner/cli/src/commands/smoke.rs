//! `synapsor smoke call|boundary|writeback`: quick looks at whether a config, or a write credential, does what it should.

mod ground;
mod writeback;

use serde_json::json;
use synapsor_config::Config;
use synapsor_protocol::{Code, Refusal};
use synapsor_setup::boundary;

use super::propose;
use crate::args::{Propose, Smoke, SmokeCall};
use crate::exit::Exit;
use crate::next::After;
use crate::print::{self, Report};
use crate::settings::Settings;

pub(crate) async fn run(command: Smoke, settings: &Settings) -> Result<Report, Refusal> {
    match command {
        Smoke::Boundary => boundary(settings).await,
        Smoke::Writeback(wanted) => writeback::run(&wanted, settings).await,
        Smoke::Call(call) => self::call(call, settings).await,
    }
}

async fn boundary(settings: &Settings) -> Result<Report, Refusal> {
    let config = settings.config()?;
    let tools = super::tools::served(settings, &config).await?;
    let checks = boundary::boundary(&tools);
    let exit = if checks.iter().all(|check| check.holds) { Exit::Done } else { Exit::Refused };
    let text = checks.iter().map(print::draft::check).collect::<Vec<_>>().join("\n");
    let after = (exit == Exit::Done).then_some(After::BoundaryHolds);
    Ok(Report::done(json!({ "boundary": checks }), text).next(after, "").exit(exit))
}

async fn call(typed: SmokeCall, settings: &Settings) -> Result<Report, Refusal> {
    let capability = match typed.capability {
        Some(name) => name,
        None => the_only_one(settings.config()?.as_ref())?,
    };
    let call = Propose { capability, given: typed.given };
    propose::run(&call, settings).await
}

fn the_only_one(config: &Config) -> Result<String, Refusal> {
    match config.capabilities.as_slice() {
        [one] => Ok(one.name.clone()),
        several => {
            let names: Vec<String> = several.iter().map(|found| format!("`{}`", found.name)).collect();
            Err(Refusal::new(Code::InvalidInput, "nothing says which capability")
                .hint(format!("name one of {}", names.join(", "))))
        }
    }
}
