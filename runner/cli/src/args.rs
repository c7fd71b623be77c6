//! What was typed. Nothing here is checked beyond its form; `commands` gives it meaning.

mod apply;
mod audit;
mod benchmark;
mod clients;
mod cloud;
mod config;
mod doctor;
mod demo;
mod executor;
mod fleet;
mod handler;
mod history;
mod http;
mod inbound;
mod init;
mod inspect;
mod mcp;
mod proposals;
mod shadow;
mod smoke;
mod store;
pub(crate) mod span;
mod ui;
mod ledger;
mod validate;
mod when;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use crate::exit::Exit;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use apply::*;
pub(crate) use audit::{Audit, AuditCommand, AuditFormat, AuditTarget, Generate, Severity};
pub(crate) use benchmark::Benchmark;
pub(crate) use clients::{ClientKind, Configure};
pub(crate) use cloud::Cloud;
pub(crate) use config::{Config, MigrateConfig};
pub(crate) use demo::{Demo, DemoCommand, InspectDemo};
pub(crate) use doctor::Doctor;
pub(crate) use executor::{Executor, ExecutorEngine, ExecutorLanguage, ExecutorTemplate, RetryExecutor};
pub(crate) use fleet::{
    ControlPlane, MakeRunnerToken, Runner, RunnerTokens, ServeControlPlane, Start, StartWorker,
};
pub(crate) use handler::*;
pub(crate) use history::{Backtest, FailOn, Rerun};
pub(crate) use http::{Http, ServeHttp, ServeMcp, Transport};
pub(crate) use inbound::count;
pub(crate) use init::{CloudFlags, Init, InitMode, Onboard, RecipeInit, Recipes, TableFlags};
pub(crate) use inspect::{EngineName, Inspect};
pub(crate) use ledger::*;
pub(crate) use mcp::{AliasMode, Mcp, Serve, Tools};
pub(crate) use proposals::{CallArguments, Decide, HandOver, Proposals, Propose, Reference};
pub(crate) use shadow::{RecordHumanAction, Shadow, ShadowFormat, ShadowReference, ShadowReport};
pub(crate) use smoke::{Smoke, SmokeCall, SmokeWriteback};
pub(crate) use store::{Checkpoint, Confirmed, Copy, Migrate, Prune, Store, VerifyStore};
#[cfg(test)]
pub(crate) use tests::leaves;
pub(crate) use ui::Ui;
pub(crate) use validate::{Format, Validate};
pub(crate) use when::{End, When};

/// Lets AI agents ask for database-backed business actions without ever holding the database.
#[derive(Debug, Parser)]
#[command(name = "synapsor", version, max_term_width = 100)]
#[command(after_help = format!(
    "Without a command it says where you are and what comes next.\n\nExamples:\n  synapsor demo\n  synapsor config validate\n  synapsor mcp serve --config synapsor.runner.json\n\nEnvironment:\n{}\n\nExit codes:\n{}",
    crate::env::table(),
    Exit::table()
))]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

impl Cli {
    /// Whether one JSON document is wanted.
    pub(crate) fn json(&self) -> bool {
        let of_report = match &self.command {
            Some(Command::Validate(validate)) => validate.format == Format::Json,
            Some(Command::Audit(audit) | Command::Mcp(Mcp::Audit(audit))) => {
                audit.format == AuditFormat::Json
            }
            _ => false,
        };
        self.global.json || of_report
    }
}

impl Command {
    /// Whether it serves clients until it is told to stop.
    pub(crate) fn is_server(&self) -> bool {
        matches!(self, Self::Mcp(Mcp::Serve(_) | Mcp::ServeStreamableHttp(_) | Mcp::ServeHttp(_)))
    }

    /// What may take more than a second, of a command that asks nothing while it is at work and shows no more of it.
    pub(crate) fn takes_a_while(&self) -> Option<&'static str> {
        match self {
            Self::Inspect(_) => Some("reading the database's catalogs"),
            Self::Audit(_) | Self::Mcp(Mcp::Audit(_)) => Some("asking for tools"),
            Self::Benchmark(_) => Some("measuring"),
            Self::Smoke(Smoke::Writeback(_)) => Some("carrying changes out"),
            Self::Propose(_) | Self::Smoke(_) => Some("waiting for the answer"),
            Self::Doctor(_) | Self::Writeback(Writeback::Prepare(_)) => Some("looking"),
            Self::Rerun(_) => Some("running the recorded call again"),
            Self::Report(_) | Self::Shadow(Shadow::Report(_)) => Some("gathering the records"),
            Self::Apply(apply) if !apply.all_approved => Some("applying"),
            Self::Executor(Executor::Check(_)) => Some("asking the executors"),
            Self::Store(Store::Vacuum) => Some("packing the ledger"),
            Self::Store(Store::Stats) => Some("counting"),
            Self::Cloud(_) => Some("asking the hosted service"),
            _ => None,
        }
    }
}

/// What every command understands.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// The config [default: $SYNAPSOR_MCP_CONFIG, or synapsor.runner.json]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The ledger's file, or the variable with the URL of its PostgreSQL database [default: $SYNAPSOR_LOCAL_STORE, or the config's `storage`, or .synapsor/local.db]
    #[arg(long, global = true, value_name = "FILE|env:NAME")]
    pub(crate) store: Option<PathBuf>,
    /// Print one JSON document; its `ok` says what exit code 0 says
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Draw nothing while somebody waits
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// The form of the log on standard error
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Pretty, value_name = "FORM")]
    pub(crate) log_format: LogFormat,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub(crate) color: Colour,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    // One JSON object a line.
    Json,
    // For people.
    Pretty,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch the whole loop on an embedded database: read, propose, approve, apply, conflict, replay
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Examples:\n  synapsor demo\n  synapsor demo --guided\n  synapsor demo --quick\n  synapsor demo --folder ./synapsor-demo\n  synapsor demo --json"
    )]
    Demo(Demo),
    /// Look at a database: its tables, keys and rules, and what a capability could take from them; reads no row
    #[command(
        after_help = "Examples:\n  synapsor inspect ./app.db\n  synapsor inspect --url-env APP_READ_URL --schema public\n  synapsor inspect --url-env APP_READ_URL --table orders --table customers\n  synapsor inspect --source app --json\n\nA credential that may only SELECT is enough. Nothing is changed and no row is read."
    )]
    Inspect(Inspect),
    /// Write a first config for a database: asks for every decision at once, shows what a model would get, then writes
    #[command(
        after_help = "Examples:\n  synapsor init\n  synapsor init --from ./app.db --table invoices\n  synapsor init --from env:APP_READ_URL --table public.invoices --tenant-key tenant_id --conflict-column updated_at --patch late_fee_cents=fixed:0,waiver_reason=arg:reason --numeric-bound late_fee_cents=0:10000\n  synapsor init --answers answers.json --yes\n\nAt a terminal, where no table is named, it asks. Elsewhere, without enough flags, it lists what is undecided and writes nothing. A flag about a table counts for every --table; `invoices:tenant_id` for that one.\nExit codes: 0 written; 1 not confirmed, or a file is there already; 2 something is undecided; 3 the database cannot be reached"
    )]
    Init(Box<Init>),
    /// Decisions for a domain that many have: list them, show one, write a first config by it
    #[command(subcommand)]
    Recipes(Recipes),
    /// From a database to a working config: `init`, then `config validate`, `smoke boundary` and `doctor`
    #[command(subcommand)]
    Onboard(Onboard),
    /// Say where you are and what comes next; like `onboard db` with a database named, or at a terminal without a config; like `runner start` with a control plane set
    #[command(
        after_help = "Examples:\n  synapsor start\n  synapsor start --from ./app.db --table invoices --accept-suggested\n  SYNAPSOR_CONTROL_PLANE_URL=https://plane.example synapsor start --concurrency 4"
    )]
    Start(Box<Start>),
    /// Look at everything that could stand in the way: config, environment, databases, rights, handlers, ledger, clients
    #[command(
        after_help = "Examples:\n  synapsor doctor\n  synapsor doctor --check-writeback --check-handlers\n  synapsor doctor --fix --dry-run\n  synapsor doctor --config synapsor.runner.json --report --redact --output synapsor-doctor.md\n\nWithout --fix nothing is changed.\nNo value of a variable, no URL and no row is shown, with or without --redact.\nExit codes: 0 nothing fails; 1 something does"
    )]
    Doctor(Doctor),
    /// Say what a list of MCP tools lets a model do to a database; calls none of them
    #[command(
        after_help = "Examples:\n  synapsor audit --example dangerous-db-mcp\n  synapsor audit tools.json --format sarif --fail-on high\n  synapsor audit --stdio -- npx some-database-server\n  synapsor audit --mcp-config ~/.cursor/mcp.json\n\nExit codes: 0 whatever is found; 1 --fail-on covers a finding, or a server does not speak the protocol; 3 a server is not there"
    )]
    Audit(Box<Audit>),
    /// Measure what a model has to read before it can act
    #[command(subcommand)]
    Benchmark(Benchmark),
    /// Check or show the config
    #[command(subcommand)]
    Config(Config),
    /// Serve the capabilities to MCP clients
    #[command(subcommand)]
    Mcp(Mcp),
    /// Look at the tools a model would see
    #[command(subcommand)]
    Tools(Tools),
    /// Call one capability here, through the same runtime as an MCP client
    #[command(
        after_help = "Examples:\n  synapsor propose billing.inspect_invoice --args '{\"invoice_id\":\"INV-3001\"}'\n  synapsor propose billing.propose_plan_waiver --input call.json"
    )]
    Propose(Propose),
    /// Try a config: one call, or the boundary of its tools; or a write credential, in a scratch of its own
    #[command(subcommand)]
    Smoke(Smoke),
    /// List, show and decide proposals
    #[command(subcommand)]
    Proposals(Proposals),
    /// Open the review pages: look at proposals, decide, and see what became of them
    #[command(
        after_help = "Examples:\n  synapsor ui\n  synapsor ui --port 8080 --actor billing.lead\n\nThe printed link opens one session, once; press Enter for another one. Ctrl-C ends it."
    )]
    Ui(Ui),
    /// Apply an approved proposal to its source
    #[command(
        after_help = "Examples:\n  synapsor apply latest --dry-run\n  synapsor apply wrp_3f2a\n  synapsor apply --job job.json\n  synapsor apply --all-approved\n\nExit codes: 0 applied, now or earlier; 1 refused, failed or a conflict; 3 source unavailable; 4 outcome unknown, apply again"
    )]
    Apply(Apply),
    /// Prepare a source for applies, check that it is, and settle applies that never said how they ended
    #[command(subcommand)]
    Writeback(Writeback),
    /// The application's own executors: whether they are there, having one try again, an example of one
    #[command(subcommand)]
    Executor(Executor),
    /// Have workers in other networks carry out what was approved: serve them, and keep the list of their tokens
    #[command(subcommand)]
    ControlPlane(ControlPlane),
    /// The worker that drains what a control plane gives out
    #[command(subcommand)]
    Runner(Runner),
    /// Serve the tools of a hosted service in place of one's own
    #[command(subcommand)]
    Cloud(Cloud),
    /// Search everything that happened
    #[command(subcommand)]
    Activity(Activity),
    /// List, show and export what calls read
    #[command(subcommand)]
    Evidence(Evidence),
    /// List, show and export the calls themselves, answered or refused
    #[command(subcommand)]
    QueryAudit(QueryAudit),
    /// List and show how applies ended
    #[command(subcommand)]
    Receipts(Receipts),
    /// List, show and export the recorded stories of proposals
    #[command(subcommand)]
    Replay(Replay),
    /// Write down everything on record about an object, a principal or a time, to be handed on
    #[command(
        after_help = "Examples:\n  synapsor report --object invoice:INV-3001\n  synapsor report --principal support.agent --from 2026-06-01 --format html --output june.html\n\nNo database is touched. Exit codes: 0 written; 1 the ledger holds nothing that was asked for; 2 nothing was asked for"
    )]
    Report(Box<MakeReport>),
    /// Try capabilities before trusting them: what would have been done beside what people did
    #[command(subcommand)]
    Shadow(Shadow),
    /// Follow the chain of events
    #[command(subcommand)]
    Events(Events),
    /// Run the recorded call of a proposal again through the handler that made it, and compare
    #[command(
        after_help = "Examples:\n  synapsor rerun latest\n  synapsor rerun wrp_3f2a --bundle ./late-fee-0.1\n\nNo row is read; the source is asked for its columns' types, and may be away. Exit codes: 0 the same content and fuel; 1 not the same, or the record does not hold enough"
    )]
    Rerun(Rerun),
    /// Run recorded calls through another version of their handler, and compare
    #[command(
        after_help = "Examples:\n  synapsor backtest --bundle handlers/late-fee\n  synapsor backtest --bundle handlers/late-fee --since 2026-06-01 --fail-on any\n\nNo row is read; the source is asked for its columns' types, and may be away. Exit codes: 0 done; 1 --fail-on covers a difference, or a record was edited"
    )]
    Backtest(Backtest),
    /// Check handler bundles and configs; says everything wrong at once
    #[command(
        after_help = "Examples:\n  synapsor validate handlers/late-fee\n  synapsor validate handlers/* --format junit > report.xml\n  synapsor validate synapsor.runner.json --format sarif\n  synapsor validate --job job.json"
    )]
    Validate(Validate),
    /// Write handlers: start a project, build it, try it
    #[command(subcommand)]
    Handler(Handler),
    /// Prove the ledger, copy it, and keep it small
    #[command(subcommand)]
    Store(Store),
    /// Print shell completions
    #[command(after_help = "Example:\n  synapsor completions bash > /etc/bash_completion.d/synapsor")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual, a page for every command
    #[command(after_help = "Example:\n  synapsor man ./man1")]
    Man {
        /// The folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}
