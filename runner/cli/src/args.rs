//! What was typed. Nothing here is checked beyond its form; `commands` gives it meaning.

mod audit;
mod benchmark;
mod clients;
mod cloud;
mod doctor;
mod demo;
mod executor;
mod fleet;
mod handler;
mod history;
mod http;
mod init;
mod inspect;
mod shadow;
mod smoke;
mod store;
pub(crate) mod span;
mod ui;
mod ledger;
mod when;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use crate::exit::Exit;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use audit::{Audit, AuditCommand, AuditFormat, AuditTarget, Generate, Severity};
pub(crate) use benchmark::Benchmark;
pub(crate) use clients::{ClientKind, Configure};
pub(crate) use cloud::Cloud;
pub(crate) use demo::{Demo, DemoCommand, InspectDemo};
pub(crate) use doctor::Doctor;
pub(crate) use executor::{Executor, ExecutorLanguage, ExecutorTemplate, RetryExecutor};
pub(crate) use fleet::{ControlPlane, MakeRunnerToken, Runner, RunnerTokens, ServeControlPlane, StartWorker};
pub(crate) use handler::*;
pub(crate) use history::{Backtest, FailOn, Rerun};
pub(crate) use http::{Http, ServeHttp, ServeMcp, Transport};
pub(crate) use init::{Init, Onboard, RecipeInit, Recipes, TableFlags};
pub(crate) use inspect::{EngineName, Inspect};
pub(crate) use ledger::*;
pub(crate) use shadow::{RecordHumanAction, Shadow, ShadowFormat, ShadowReference, ShadowReport};
pub(crate) use smoke::{Smoke, SmokeCall};
pub(crate) use store::{Checkpoint, Confirmed, Copy, Migrate, Prune, Store, VerifyStore};
#[cfg(test)]
pub(crate) use tests::leaves;
pub(crate) use ui::Ui;
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
        after_help = "Examples:\n  synapsor start\n  synapsor start --from ./app.db --table invoices --accept-suggested"
    )]
    Start(Box<Init>),
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
    /// Try a config: one call, or the boundary of its tools
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

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Check the config; every problem is listed at once, with its place
    #[command(after_help = "Example:\n  synapsor config validate --config synapsor.runner.json")]
    Validate,
    /// Show what the config means: sources, contexts, capabilities and their rules
    #[command(after_help = "Examples:\n  synapsor config show\n  synapsor config show --redacted")]
    Show {
        /// Print the config's own text, with what should never have been in it taken out
        #[arg(long)]
        redacted: bool,
    },
    /// Take out of a published config what has no effect here or is refused; shows what would change, and allows nothing more
    #[command(
        after_help = "Examples:\n  synapsor config migrate\n  synapsor config migrate --write --yes\n  synapsor config migrate --output synapsor.runner.new.json\n\nNothing is written without --write or --output, nor where the config would still not be valid.\nExit codes: 0 the config is valid, or would be; 1 not confirmed; 2 a person has to mend it first"
    )]
    Migrate(MigrateConfig),
}

#[derive(Debug, Args)]
pub(crate) struct MigrateConfig {
    /// Replace the config, and keep it beside as it was
    #[arg(long, conflicts_with = "output")]
    pub(crate) write: bool,
    /// Do not ask
    #[arg(long, requires = "write")]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) file: OutputFile,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Mcp {
    /// Serve MCP over stdio, or over HTTP
    #[command(
        after_help = "Examples:\n  synapsor mcp serve --config /srv/app/synapsor.runner.json\n  synapsor mcp serve --transport streamable-http --dev-no-auth"
    )]
    Serve(Box<ServeMcp>),
    /// Serve MCP over Streamable HTTP, like `serve --transport streamable-http`
    #[command(
        after_help = "Example:\n  synapsor mcp serve-streamable-http --host 0.0.0.0 --allow-host runner.example --tls-cert chain.pem --tls-key key.pem"
    )]
    ServeStreamableHttp(Box<ServeHttp>),
    /// Serve the tools as plain JSON-RPC over HTTP, for programs that are no MCP clients
    #[command(after_help = "Example:\n  synapsor mcp serve-http --dev-no-auth")]
    ServeHttp(Box<ServeHttp>),
    /// Print what a client has to know to reach this runner, or merge it into the client's file
    #[command(
        visible_alias = "configure",
        after_help = "Examples:\n  synapsor mcp config --client claude-desktop\n  synapsor mcp config --client cursor --write\n  synapsor mcp config --client codex --url https://runner.example/mcp --write\n\nPaths are absolute. Variables are named, never their values. Before a file is changed, it is kept beside as it was."
    )]
    Config(Configure),
    /// Like `synapsor audit`
    #[command(after_help = "Example:\n  synapsor mcp audit --example dangerous-db-mcp")]
    Audit(Box<Audit>),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Serve read capabilities only
    #[arg(long)]
    pub(crate) read_only: bool,
    /// How tools are named on the wire: billing__inspect_invoice, billing.inspect_invoice, or each twice
    #[arg(long, visible_alias = "tool-name-style", value_enum, default_value_t = AliasMode::Openai, value_name = "HOW")]
    pub(crate) alias_mode: AliasMode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AliasMode {
    // The capability's own name. Doc comments here would unfold the whole help.
    Canonical,
    // Letters, digits, `_` and `-`: every client accepts them.
    Openai,
    // One tool under each name.
    Both,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tools {
    /// List the tools with their arguments, without connecting to anything but, in cloud mode, the hosted service
    #[command(after_help = "Example:\n  synapsor tools preview --json")]
    Preview(Serve),
}

#[derive(Debug, Args)]
pub(crate) struct Propose {
    /// The capability's own name, as in the config
    pub(crate) capability: String,
    /// The arguments as a JSON object
    #[arg(long, value_name = "JSON", conflicts_with_all = ["input", "sample"], required_unless_present_any = ["input", "sample"])]
    pub(crate) args: Option<String>,
    /// A file with the arguments as a JSON object; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "sample")]
    pub(crate) input: Option<PathBuf>,
    /// Make up arguments of the declared form
    #[arg(long)]
    pub(crate) sample: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Proposals {
    /// List proposals, newest first
    #[command(
        after_help = "Examples:\n  synapsor proposals list --state pending_review\n  synapsor proposals list --tenant acme --object invoice:INV-3001 --from 7d"
    )]
    List(Box<ListProposals>),
    /// Show one proposal and its exact change
    #[command(after_help = "Example:\n  synapsor proposals show latest")]
    Show(Reference),
    /// Approve a proposal: exactly the content shown
    #[command(
        after_help = "Example:\n  synapsor proposals approve latest --reason \"checked with the bank\""
    )]
    Approve(Decide),
    /// Reject a proposal; a reason is required
    #[command(after_help = "Example:\n  synapsor proposals reject latest --reason \"wrong invoice\"")]
    Reject(Decide),
    /// Hand the job of an approved proposal to a runner, as a document with a lease
    #[command(
        after_help = "Example:\n  synapsor proposals writeback-job latest --runner worker-7 --output job.json"
    )]
    WritebackJob(HandOver),
}

#[derive(Debug, Args)]
pub(crate) struct HandOver {
    #[command(flatten)]
    pub(crate) reference: Reference,
    /// The project the job is for
    #[arg(long, value_name = "NAME", default_value = PROJECT)]
    pub(crate) project: String,
    /// The only runner that may carry it out [default: $SYNAPSOR_RUNNER_ID]
    #[arg(long, value_name = "NAME")]
    pub(crate) runner: Option<String>,
    /// How long it may be carried out, from 15 to 3600
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(15..=3600))]
    pub(crate) lease_seconds: u32,
    /// Write the document to this new file instead of printing it
    #[arg(long, visible_alias = "out", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// The project of everything that belongs to no hosted one.
const PROJECT: &str = "local";

#[derive(Debug, Args)]
pub(crate) struct Reference {
    /// Proposal id, an unambiguous prefix of it, or `latest`
    #[arg(value_name = "PROPOSAL")]
    pub(crate) proposal: String,
}

#[derive(Debug, Args)]
pub(crate) struct Decide {
    #[command(flatten)]
    pub(crate) reference: Reference,
    /// Who decides [default: $USER]
    #[arg(long, value_name = "NAME")]
    pub(crate) actor: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// The digest that was reviewed; refused when the stored content is another
    #[arg(long, value_name = "SHA256")]
    pub(crate) digest: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).args(["proposal", "job", "all_approved"]),
    group = clap::ArgGroup::new("many").arg("all_approved")
)]
pub(crate) struct Apply {
    /// Proposal id, an unambiguous prefix of it, or `latest`
    #[arg(value_name = "PROPOSAL")]
    pub(crate) proposal: Option<String>,
    /// Carry out a job document that was handed over; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) job: Option<PathBuf>,
    /// Settle what is unsettled, then apply every approved proposal, oldest first
    #[arg(long)]
    pub(crate) all_approved: bool,
    /// Say what would happen, and change nothing anywhere
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The name to carry a job out under [default: $SYNAPSOR_RUNNER_ID]
    #[arg(long, value_name = "NAME", requires = "job")]
    pub(crate) runner: Option<String>,
    /// The project to carry a job out for [default: local]
    #[arg(long, value_name = "NAME", requires = "job")]
    pub(crate) project: Option<String>,
    #[command(flatten)]
    pub(crate) patience: Patience,
}

/// How long many applies wait for what may pass: a lock, a source that is away.
#[derive(Debug, Args)]
pub(crate) struct Patience {
    /// With many proposals, how many seconds of pauses what may pass is tried again for; 0 tries once
    #[arg(long, value_name = "SECONDS", requires = "many", default_value_t = 30, value_parser = clap::value_parser!(u16).range(..=3600))]
    pub(crate) retry_seconds: u16,
}

impl Apply {
    /// The project a job has to be for.
    pub(crate) fn project(&self) -> &str {
        self.project.as_deref().unwrap_or(PROJECT)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Reconcile {
    /// List the applies whose outcome the ledger does not know, oldest first
    #[command(after_help = "Example:\n  synapsor writeback reconcile list")]
    List,
    /// Show what the ledger and the source each say about an apply, and what follows
    #[command(after_help = "Example:\n  synapsor writeback reconcile inspect latest")]
    Inspect(Reference),
    /// Run the same job again under the same key: it finds the source's receipt, or carries the job out
    #[command(
        after_help = "Examples:\n  synapsor writeback reconcile resolve wrp_3f2a\n  synapsor writeback reconcile resolve --all"
    )]
    Resolve(Resolve),
}

#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).args(["proposal", "all"]),
    group = clap::ArgGroup::new("many").arg("all")
)]
pub(crate) struct Resolve {
    /// Proposal id, an unambiguous prefix of it, or `latest`
    #[arg(value_name = "PROPOSAL")]
    pub(crate) proposal: Option<String>,
    /// Every one that `list` shows
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) patience: Patience,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Writeback {
    #[command(flatten)]
    Prepare(Prepare),
    /// Find, look at and settle applies whose outcome the ledger does not know
    #[command(subcommand)]
    Reconcile(Reconcile),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Prepare {
    /// Look at everything an apply needs in the source, and say what is missing and how to mend it; changes nothing
    #[command(
        after_help = "Examples:\n  synapsor writeback doctor\n  synapsor writeback doctor --source app --json\n\nExit codes: 0 nothing stands in the way; 1 something does; 3 a source cannot be reached"
    )]
    Doctor(Administered),
    /// Print the statement that makes the receipts table, for an administrator to run
    #[command(after_help = "Example:\n  synapsor writeback migration --source app | psql \"$ADMIN_URL\"")]
    Migration(OneSource),
    /// Print the rights the writing credential needs, and no more, as GRANT statements
    #[command(after_help = "Example:\n  synapsor writeback grants --source app --role app_writer")]
    Grants(Administered),
}

#[derive(Debug, Args)]
pub(crate) struct OneSource {
    /// Only this source
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Administered {
    #[command(flatten)]
    pub(crate) only: OneSource,
    /// The writing role in printed statements [default: the user of the write URL, or synapsor_writer]
    #[arg(long, value_name = "NAME")]
    pub(crate) role: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// Bundles (folders or archives) and config files; of several, what is neither is skipped
    #[arg(required_unless_present = "job", value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// A job document instead: does it follow its format?
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "write_digest"])]
    pub(crate) job: Option<PathBuf>,
    /// First write the digest of each component that is there where another one is pinned
    #[arg(long)]
    pub(crate) write_digest: bool,
    /// How to print the report; `--json` is the same as `json`
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub(crate) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
    // SARIF 2.1.0, for code hosts. Doc comments here would unfold the whole help.
    Sarif,
    // For CI systems.
    Junit,
}
