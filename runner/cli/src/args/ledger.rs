//! The commands that look into the ledger, as they were typed.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use synapsor_ledger::{Cursor, ObjectFilter, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX, Status, TableFilter};
use synapsor_protocol::{Code, EventKind, ProposalState};

use super::When;

/// What records are about.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which records")]
pub(crate) struct About {
    /// Whose data
    #[arg(long, value_name = "NAME")]
    pub(crate) tenant: Option<String>,
    /// Who asked
    #[arg(long, value_name = "NAME")]
    pub(crate) principal: Option<String>,
    /// Through which capability
    #[arg(long, visible_alias = "action", value_name = "NAME")]
    pub(crate) capability: Option<String>,
    /// About which object: invoice:INV-3001
    #[arg(long, value_name = "TYPE:ID", value_parser = object, conflicts_with_all = ["object_type", "object_id"])]
    pub(crate) object: Option<ObjectFilter>,
    /// About objects of this type: a table, with or without its plural
    #[arg(long, value_name = "TYPE")]
    pub(crate) object_type: Option<String>,
    /// About the object with this key
    #[arg(long, value_name = "ID")]
    pub(crate) object_id: Option<String>,
    /// Of this source
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// In this table, or schema.table
    #[arg(long, value_name = "TABLE", value_parser = table)]
    pub(crate) table: Option<TableFilter>,
    /// Then or later: a day, an instant, or how long ago (2d, 2h 30m); UTC
    #[arg(long, value_name = "WHEN")]
    pub(crate) from: Option<When>,
    /// Before then; a day is still in it
    #[arg(long, value_name = "WHEN")]
    pub(crate) to: Option<When>,
}

/// Which part of a list.
#[derive(Debug, Args)]
pub(crate) struct Paging {
    /// At most this many
    #[arg(long, value_name = "COUNT", default_value_t = PAGE_ROWS_DEFAULT, value_parser = clap::value_parser!(u32).range(1..=i64::from(PAGE_ROWS_MAX)))]
    pub(crate) limit: u32,
    /// Go on where a page ended, with what it said comes next
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<Cursor>,
}

#[derive(Debug, Args)]
pub(crate) struct ListProposals {
    /// Only those that stand there
    #[arg(long, alias = "status", value_name = "STATE", value_parser = states())]
    pub(crate) state: Option<ProposalState>,
    /// Only those that came of this evidence
    #[arg(long, value_name = "EVIDENCE")]
    pub(crate) evidence: Option<String>,
    #[command(flatten)]
    pub(crate) about: About,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Activity {
    /// Search everything that happened, newest first: proposals, evidence, query audits and receipts
    #[command(
        after_help = "Examples:\n  synapsor activity search --tenant acme --object invoice:INV-3001\n  synapsor activity search --principal support.agent --from 2d"
    )]
    Search(Box<SearchActivity>),
}

#[derive(Debug, Args)]
pub(crate) struct SearchActivity {
    /// Proposals that stand there, and applies that ended so
    #[arg(long, value_name = "STATUS", value_parser = statuses())]
    pub(crate) status: Option<Status>,
    /// Only what belongs to this proposal
    #[arg(long, value_name = "PROPOSAL")]
    pub(crate) proposal: Option<String>,
    /// Only what belongs to this evidence
    #[arg(long, value_name = "EVIDENCE")]
    pub(crate) evidence: Option<String>,
    #[command(flatten)]
    pub(crate) about: About,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Evidence {
    /// List evidence, newest first
    #[command(
        after_help = "Example:\n  synapsor evidence list --tenant acme --capability billing.inspect_invoice --table invoices"
    )]
    List(Box<ListEvidence>),
    /// Show what one call read
    #[command(after_help = "Example:\n  synapsor evidence show latest")]
    Show(EvidenceReference),
    /// Write evidence with its digest as a document of its own
    #[command(
        after_help = "Example:\n  synapsor evidence export latest --format markdown --output evidence.md"
    )]
    Export {
        #[command(flatten)]
        reference: EvidenceReference,
        #[command(flatten)]
        export: Destination,
    },
}

#[derive(Debug, Args)]
pub(crate) struct EvidenceReference {
    /// Evidence id, an unambiguous prefix of it, or `latest`
    #[arg(value_name = "EVIDENCE")]
    pub(crate) evidence: String,
}

#[derive(Debug, Args)]
pub(crate) struct ListEvidence {
    /// Only what was read for this proposal
    #[arg(long, value_name = "PROPOSAL")]
    pub(crate) proposal: Option<String>,
    /// Only of queries with this fingerprint
    #[arg(long, value_name = "SHA256")]
    pub(crate) fingerprint: Option<String>,
    #[command(flatten)]
    pub(crate) about: About,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueryAudit {
    /// List query audits, newest first: every call, answered or refused
    #[command(
        after_help = "Examples:\n  synapsor query-audit list --evidence latest\n  synapsor query-audit list --refused ROW_NOT_FOUND --from 1d"
    )]
    List(Box<ListAudits>),
    /// Show one entry
    #[command(after_help = "Example:\n  synapsor query-audit show latest")]
    Show(AuditReference),
    /// Write one entry with its digest as a document of its own
    #[command(
        after_help = "Example:\n  synapsor query-audit export latest --format json --output audit.json"
    )]
    Export {
        #[command(flatten)]
        reference: AuditReference,
        #[command(flatten)]
        export: Destination,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AuditReference {
    /// Audit id, an unambiguous prefix of it, or `latest`
    #[arg(value_name = "AUDIT")]
    pub(crate) audit: String,
}

#[derive(Debug, Args)]
pub(crate) struct ListAudits {
    /// Only the call that left this evidence
    #[arg(long, value_name = "EVIDENCE")]
    pub(crate) evidence: Option<String>,
    /// Only calls that led to this proposal
    #[arg(long, value_name = "PROPOSAL")]
    pub(crate) proposal: Option<String>,
    /// Only queries with this fingerprint
    #[arg(long, value_name = "SHA256")]
    pub(crate) fingerprint: Option<String>,
    /// Only calls refused with this code
    #[arg(long, value_name = "CODE", value_parser = code)]
    pub(crate) refused: Option<Code>,
    #[command(flatten)]
    pub(crate) about: About,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Receipts {
    /// List receipts, newest first: how applies ended
    #[command(
        after_help = "Examples:\n  synapsor receipts list --proposal latest\n  synapsor receipts list --status conflict"
    )]
    List(Box<ListReceipts>),
    /// Show one receipt
    #[command(after_help = "Example:\n  synapsor receipts show latest")]
    Show {
        /// Receipt id, an unambiguous prefix of it, or `latest`
        #[arg(value_name = "RECEIPT")]
        receipt: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ListReceipts {
    /// Only of this proposal
    #[arg(long, value_name = "PROPOSAL")]
    pub(crate) proposal: Option<String>,
    /// Only of this job
    #[arg(long, value_name = "JOB")]
    pub(crate) job: Option<String>,
    /// Only under this idempotency key
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Only applies that ended so
    #[arg(long, value_name = "STATUS", value_parser = statuses())]
    pub(crate) status: Option<Status>,
    #[command(flatten)]
    pub(crate) about: About,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Replay {
    /// List replays: the proposals whose recorded story can be told, newest first
    #[command(after_help = "Example:\n  synapsor replay list --object invoice:INV-3001")]
    List(Box<ListProposals>),
    /// Tell the recorded story of a proposal, from the ledger alone
    #[command(
        after_help = "Examples:\n  synapsor replay show latest\n  synapsor replay show --evidence ev_3f2a"
    )]
    Show(ReplayReference),
    /// Write the recorded story as a document of its own
    #[command(
        after_help = "Example:\n  synapsor replay export --proposal latest --format markdown --output replay.md"
    )]
    Export {
        #[command(flatten)]
        reference: ReplayReference,
        #[command(flatten)]
        export: Destination,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ReplayReference {
    /// Proposal id, an unambiguous prefix of it, or `latest`
    #[arg(value_name = "PROPOSAL")]
    pub(crate) reference: Option<String>,
    /// The same
    #[arg(long, value_name = "PROPOSAL")]
    pub(crate) proposal: Option<String>,
    /// Replay id: `replay_` and the proposal's
    #[arg(long, value_name = "REPLAY")]
    pub(crate) replay: Option<String>,
    /// Evidence that led to a proposal
    #[arg(long, value_name = "EVIDENCE")]
    pub(crate) evidence: Option<String>,
}

#[derive(Debug, Args)]
#[command(mut_group("About", |about| about.required(true).multiple(true)))]
pub(crate) struct MakeReport {
    #[command(flatten)]
    pub(crate) about: About,
    /// For people, or for programs
    #[arg(long, value_enum, default_value_t = ReportFormat::Markdown, value_name = "FORMAT")]
    pub(crate) format: ReportFormat,
    #[command(flatten)]
    pub(crate) file: OutputFile,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    Markdown,
    /// One file that can be printed
    Html,
    Json,
}

/// Where a document goes, and as what.
#[derive(Debug, Args)]
pub(crate) struct Destination {
    /// For programs, or for people
    #[arg(long, value_enum, default_value_t = ExportFormat::Json, value_name = "FORMAT")]
    pub(crate) format: ExportFormat,
    #[command(flatten)]
    pub(crate) file: OutputFile,
}

/// Where a document goes.
#[derive(Debug, Args)]
pub(crate) struct OutputFile {
    /// Write to this new file instead of printing
    #[arg(long, visible_alias = "out", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the file where it is there already
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    Json,
    Markdown,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Events {
    /// Show the latest links of the chain, and with --follow what comes after them
    #[command(
        after_help = "Examples:\n  synapsor events tail --follow\n  synapsor events tail --proposal latest --json"
    )]
    Tail(Tail),
    /// Send events to an address as they come: in order, signed, each until it is taken
    #[command(
        visible_alias = "push",
        after_help = "Examples:\n  synapsor events webhook --url-env EVENTS_URL --secret-env EVENTS_SECRET\n  synapsor events webhook --url-env EVENTS_URL --secret-env EVENTS_SECRET --from-start --once"
    )]
    Webhook(Webhook),
}

#[derive(Debug, Args)]
pub(crate) struct Webhook {
    /// The variable that holds the address
    #[arg(long, value_name = "NAME")]
    pub(crate) url_env: String,
    /// The variable that holds the secret that signs, of 32 characters or more
    #[arg(long, value_name = "NAME")]
    pub(crate) secret_env: String,
    /// What the receiver knows the secret by
    #[arg(long, value_name = "NAME", default_value = "1", value_parser = key_id)]
    pub(crate) key_id: String,
    /// The variable that holds a bearer token for the receiver
    #[arg(long, value_name = "NAME")]
    pub(crate) auth_token_env: Option<String>,
    #[command(flatten)]
    pub(crate) which: WhichEvents,
    /// Begin with the ledger's first event [default: with the next that comes]; where a cursor is kept it says
    #[arg(long)]
    pub(crate) from_start: bool,
    /// Send what there is and end
    #[arg(long)]
    pub(crate) once: bool,
    /// Where it is kept how far the receiver is [default: a file beside the ledger, one for each address]
    #[arg(long, value_name = "FILE")]
    pub(crate) cursor: Option<PathBuf>,
    /// Let the address be of this machine or of a private network, and plain http there
    #[arg(long)]
    pub(crate) allow_private: bool,
    /// How long an answer may take, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(100..=60_000))]
    pub(crate) timeout_ms: u64,
    /// How often to look for new events, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(250..=3_600_000))]
    pub(crate) interval_ms: u64,
}

/// Which events.
#[derive(Debug, Args)]
pub(crate) struct WhichEvents {
    /// Only about this proposal
    #[arg(long, value_name = "PROPOSAL")]
    pub(crate) proposal: Option<String>,
    /// Only of this kind
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    pub(crate) kind: Option<EventKind>,
    /// Only by this person, principal or runner
    #[arg(long, value_name = "NAME")]
    pub(crate) actor: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Tail {
    #[command(flatten)]
    pub(crate) which: WhichEvents,
    /// At most this many of those that are there
    #[arg(long, value_name = "COUNT", default_value_t = PAGE_ROWS_DEFAULT, value_parser = clap::value_parser!(u32).range(1..=i64::from(PAGE_ROWS_MAX)))]
    pub(crate) limit: u32,
    /// Go on with what comes; one document a line with --json
    #[arg(long)]
    pub(crate) follow: bool,
    /// How often to look, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1000, requires = "follow", value_parser = clap::value_parser!(u64).range(250..=3_600_000))]
    pub(crate) interval_ms: u64,
}

fn key_id(text: &str) -> Result<String, &'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let fits = (1..=64).contains(&text.len()) && text.chars().all(plain);
    if fits { Ok(text.to_owned()) } else { Err("expected up to 64 letters, digits, `_` and `-`") }
}

fn object(text: &str) -> Result<ObjectFilter, &'static str> {
    ObjectFilter::parse(text).ok_or("expected a type and a key with a colon between, as invoice:INV-3001")
}

fn table(text: &str) -> Result<TableFilter, std::convert::Infallible> {
    Ok(TableFilter::parse(text))
}

fn code(text: &str) -> Result<Code, &'static str> {
    let known = Code::ALL.iter().copied().find(|code| code.as_str() == text);
    known.ok_or("expected a refusal code, as ROW_NOT_FOUND; `docs/reference/refusals.md` lists them")
}

/// The states' names, and from a name to the state.
fn states() -> impl TypedValueParser<Value = ProposalState> {
    PossibleValuesParser::new(ProposalState::ALL.iter().map(|state| state.as_str()))
        .try_map(|name| ProposalState::parse(&name).ok_or("no such state"))
}

fn statuses() -> impl TypedValueParser<Value = Status> {
    PossibleValuesParser::new(Status::all().map(Status::as_str))
        .try_map(|name| Status::parse(&name).ok_or("no such status"))
}

fn kinds() -> impl TypedValueParser<Value = EventKind> {
    PossibleValuesParser::new(EventKind::ALL.iter().map(|kind| kind.as_str()))
        .try_map(|name| EventKind::parse(&name).ok_or("no such kind"))
}
