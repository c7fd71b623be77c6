//! What each command does: from what was typed to a report. Printing and exiting happen in `main`.

mod activity;
mod apply;
mod apply_all;
mod audit;
mod authentication;
mod backtest;
mod benchmark;
mod tally;
mod cloud;
mod completions;
mod config;
mod configure;
mod confirm;
mod control_plane;
mod database;
mod doctor;
mod events;
mod evidence;
mod executor;
mod find;
mod handler;
mod init;
mod inspect;
mod job;
mod man;
mod mcp;
mod migrate;
mod output;
mod pin;
mod proposals;
mod propose;
mod query_audit;
mod receipts;
mod recipes;
mod reconcile;
mod replay;
mod report;
mod rerun;
mod runner;
mod serve_http;
mod shadow;
mod smoke;
mod start;
mod store;
mod tools;
mod ui;
mod validate;
mod writeback;

pub(crate) use events::filter as event_filter;
pub(crate) use init::Written;
pub(crate) use mcp::stop_signal;
pub(crate) use report::Account;
pub(crate) use shadow::{Averages, Candidates, ColumnCounts, Pair, ShadowAccount, Tried};
pub(crate) use store::key as ledger_key;
use synapsor_protocol::Refusal;

use crate::args::{self, Command};
use crate::print::{Report, progress};
use crate::settings::Settings;

/// Carries out a command; without one, says where somebody is. `None` when the command has printed for itself.
pub(crate) async fn run(
    command: Option<Command>,
    settings: &Settings,
    json: bool,
) -> Result<Option<Report>, Refusal> {
    let Some(command) = command else { return start::run(settings).await.map(Some) };
    match command.takes_a_while() {
        Some(what) => progress::waiting(what, carry_out(command, settings, json)).await,
        None => carry_out(command, settings, json).await,
    }
}

async fn carry_out(command: Command, settings: &Settings, json: bool) -> Result<Option<Report>, Refusal> {
    match command {
        Command::Demo(demo) => crate::demo::run(&demo, json).await.map(Some),
        Command::Audit(wanted) | Command::Mcp(args::Mcp::Audit(wanted)) => {
            audit::run(&wanted, settings, json).await.map(Some)
        }
        Command::Benchmark(command) => benchmark::run(&command, settings).map(Some),
        Command::Inspect(inspect) => inspect::run(&inspect, settings).await.map(Some),
        Command::Init(wanted) => init::run(&wanted, settings, json).await.map(Some),
        Command::Onboard(args::Onboard::Db(wanted)) => init::onboard(&wanted, settings, json).await.map(Some),
        Command::Start(wanted) if wanted.init.names_a_database() => {
            init::onboard(&wanted.init, settings, json).await.map(Some)
        }
        Command::Start(wanted) if wanted.names_a_worker() || runner::is_meant(settings) => {
            runner::start(&wanted.worker, settings).await.map(Some)
        }
        Command::Runner(args::Runner::Start(wanted)) => runner::start(&wanted, settings).await.map(Some),
        Command::ControlPlane(command) => control_plane::run(command, settings).await,
        // Somebody at a terminal with nothing yet is asked.
        Command::Start(wanted) if start::is_beginning(settings, json) => {
            init::onboard(&wanted.init, settings, json).await.map(Some)
        }
        Command::Start(_) => start::by_name(settings).await.map(Some),
        Command::Recipes(command) => recipes::run(command, settings, json).await.map(Some),
        Command::Doctor(wanted) => doctor::run(&wanted, settings).await.map(Some),
        Command::Config(args::Config::Validate) => config::validate(settings).map(Some),
        Command::Config(args::Config::Show { redacted: true }) => config::redacted(settings).map(Some),
        Command::Config(args::Config::Show { redacted: false }) => config::show(settings).map(Some),
        Command::Config(args::Config::Migrate(wanted)) => migrate::run(&wanted, settings).map(Some),
        Command::Mcp(args::Mcp::Config(wanted)) => configure::run(&wanted, settings).map(Some),
        Command::Mcp(args::Mcp::Serve(wanted)) => serve_http::run(&wanted, settings).await.map(|()| None),
        Command::Mcp(args::Mcp::ServeStreamableHttp(wanted)) => {
            serve_http::serve(&wanted.serve, &wanted.http, settings).await.map(|()| None)
        }
        Command::Mcp(args::Mcp::ServeHttp(wanted)) => {
            serve_http::serve_bridge(&wanted.serve, &wanted.http, settings).await.map(|()| None)
        }
        Command::Tools(args::Tools::Preview(serve)) => tools::preview(&serve, settings).await.map(Some),
        Command::Propose(propose) => propose::run(&propose, settings).await.map(Some),
        Command::Smoke(command) => smoke::run(command, settings).await.map(Some),
        Command::Proposals(proposals) => proposals::run(proposals, settings, json).await.map(Some),
        Command::Ui(ui) => ui::run(&ui, settings, json).await.map(|()| None),
        Command::Apply(apply) => apply::run(&apply, settings, json).await.map(Some),
        Command::Writeback(args::Writeback::Prepare(command)) => {
            writeback::run(command, settings).await.map(Some)
        }
        Command::Writeback(args::Writeback::Reconcile(command)) => {
            reconcile::run(command, settings, json).await.map(Some)
        }
        Command::Executor(command) => executor::run(command, settings, json).await.map(Some),
        Command::Cloud(command) => cloud::run(command, settings).await.map(Some),
        Command::Activity(command) => activity::run(command, settings).await.map(Some),
        Command::Evidence(command) => evidence::run(command, settings).await.map(Some),
        Command::QueryAudit(command) => query_audit::run(command, settings).await.map(Some),
        Command::Receipts(command) => receipts::run(command, settings).await.map(Some),
        Command::Replay(command) => replay::run(command, settings).await.map(Some),
        Command::Report(wanted) => report::run(&wanted, settings).await.map(Some),
        Command::Shadow(command) => shadow::run(command, settings).await.map(Some),
        Command::Events(command) => events::run(command, settings, json).await,
        Command::Rerun(wanted) => rerun::run(&wanted, settings).await.map(Some),
        Command::Backtest(wanted) => backtest::run(&wanted, settings).await.map(Some),
        Command::Validate(validate) => validate::run(&validate).await.map(Some),
        Command::Handler(command) => handler::run(command, settings, json).await.map(Some),
        Command::Store(command) => store::run(command, settings).await.map(Some),
        Command::Completions { shell } => completions::print(shell).map(|()| None),
        Command::Man { folder } => man::write(&folder).map(Some),
    }
}
