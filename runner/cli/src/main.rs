//! The `synapsor` binary: reads the command line and the environment once, runs a command, prints, and exits.
//!
//! Modules in reading order.
// A session with points is one future deeper at every step than the compiler lays out by itself.
#![cfg_attr(feature = "failpoints", recursion_limit = "256")]

mod args;
mod env;
mod telemetry;
mod settings;
mod wiring;
mod reload;
mod interrupt;
mod keeper;
mod webhook;
mod commands;
mod demo;
mod print;
mod next;
mod exit;
mod points;

use std::process::ExitCode;

use clap::Parser;
use synapsor_protocol::{Environment, Refusal};

use crate::args::Cli;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::telemetry::Telemetry;

fn main() -> ExitCode {
    // Before a thread is started or the environment read: a process of a handler's has neither.
    if let Some(end) = synapsor_handler_host::answer(std::env::args_os()) {
        return end;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return print::usage(&error, std::env::args_os().any(|word| word == "--json")).into(),
    };
    let environment = env::read();
    print::choose_colour(cli.global.color);
    let json = cli.json();
    print::progress::choose(json, cli.global.quiet);
    match run(cli, environment) {
        Ok(exit) => exit.into(),
        Err(refusal) => {
            print::refusal(&refusal, json);
            Exit::of_refusal(&refusal).into()
        }
    }
}

/// Threads that drive what waits: one for every two processors. The ledger's writer, long reads and handlers have threads of
/// their own, and drivers as many as processors hand a call to each other at every step of it, which costs more than the steps.
fn drivers() -> usize {
    std::thread::available_parallelism().map_or(1, |processors| processors.get() / 2).max(1)
}

fn run(cli: Cli, environment: Environment) -> Result<Exit, Refusal> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(drivers())
        .enable_all()
        .build()
        .map_err(Refusal::bug)?;
    let telemetry = {
        let _entered = runtime.enter();
        Telemetry::start(
            cli.global.log_format,
            &environment,
            cli.command.as_ref().is_some_and(args::Command::is_server),
        )?
    };
    let settings = Settings::new(&cli.global, environment, telemetry.clone());
    let json = cli.json();
    let report = runtime.block_on(commands::run(cli.command, &settings, json));
    print::progress::end();
    telemetry.stop();
    // A blocked read of standard input must not keep the process alive once the work is done.
    runtime.shutdown_background();
    Ok(report?.map_or(Exit::Done, |report| {
        print::report(&report, json);
        report.exit
    }))
}
