//! `synapsor store`: proves a ledger, and keeps it: copies, other places, room, and what may go.

mod keep;
pub(crate) mod key;
mod migrate;
mod prune;
mod verify;

use synapsor_protocol::Refusal;

use crate::args::Store;
use crate::print::Report;
use crate::settings::Settings;

pub(crate) async fn run(command: Store, settings: &Settings) -> Result<Report, Refusal> {
    match command {
        Store::Verify(wanted) => verify::run(&wanted, settings).await,
        Store::Checkpoint(wanted) => key::checkpoint(&wanted, settings).await,
        Store::Stats => keep::stats(settings).await,
        Store::Backup(copy) => keep::backup(&copy, settings).await,
        Store::Restore(copy) => keep::restore(&copy, settings).await,
        Store::Vacuum => keep::vacuum(settings),
        Store::Prune(wanted) => prune::run(&wanted, settings).await,
        Store::Migrate(wanted) => migrate::run(&wanted, settings).await,
        Store::Reset(confirmed) => keep::reset(&confirmed, settings),
    }
}
