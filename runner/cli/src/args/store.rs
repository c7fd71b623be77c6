//! `synapsor store` as it was typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Store {
    /// Walk the chain and every record bound to it, and name the first that does not fit
    #[command(
        after_help = "Examples:\n  synapsor store verify\n  synapsor store verify --checkpoints /mnt/elsewhere/checkpoints --public-key ed25519:…\n  synapsor store verify --export replay.json\n\nExit codes: 0 everything fits; 1 something does not, and it is named; 3 the ledger cannot be read"
    )]
    Verify(VerifyStore),
    /// Sign how far the chain has come, to be kept where the ledger is not
    #[command(
        after_help = "Examples:\n  synapsor store checkpoint --output /mnt/elsewhere/checkpoints\n  synapsor store checkpoint --key ~/.config/synapsor/ledger.pem"
    )]
    Checkpoint(Checkpoint),
    /// Say how much the ledger holds and how large it is
    #[command(after_help = "Example:\n  synapsor store stats --json")]
    Stats,
    /// Copy the ledger while servers write, and verify the copy
    #[command(after_help = "Example:\n  synapsor store backup /mnt/backup/ledger-2026-06-01.db")]
    Backup(Copy),
    /// Make the ledger of a copy; one that stands there is kept beside it
    #[command(after_help = "Example:\n  synapsor store restore /mnt/backup/ledger-2026-06-01.db --force")]
    Restore(Copy),
    /// Give the room of what was pruned back to the file system
    #[command(after_help = "Example:\n  synapsor store vacuum")]
    Vacuum,
    /// Archive and remove old reads and proposals that are final; says what it would do unless told to do it
    #[command(
        after_help = "Examples:\n  synapsor store prune\n  synapsor store prune --older-than 90d\n  synapsor store prune --older-than 90d --archive /mnt/archive/2026-06.jsonl --apply\n\nThe chain keeps every event, and a signed one says what is gone; `store verify` holds as before."
    )]
    Prune(Prune),
    /// Copy the ledger to another place, from a file to a server or back, with its ids and its chain
    #[command(
        after_help = "Examples:\n  synapsor store migrate --to env:LEDGER_URL\n  synapsor store migrate --store env:LEDGER_URL --to ledger.db\n\nThe ledger itself stays as it is. What was interrupted goes on where it ended when it is repeated."
    )]
    Migrate(Migrate),
    /// Remove the ledger with everything in it
    #[command(after_help = "Example:\n  synapsor store reset --yes")]
    Reset(Confirmed),
}

#[derive(Debug, Args)]
pub(crate) struct VerifyStore {
    /// An exported document instead of a ledger: does everything in it fit together?
    #[arg(long, value_name = "FILE", conflicts_with_all = ["checkpoints", "public_keys", "key"])]
    pub(crate) export: Option<PathBuf>,
    /// Checkpoints that were kept elsewhere [default: those beside the ledger, where there are some]
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoints: Option<PathBuf>,
    /// A public key whose signatures count; may be given several times [default: that of the key beside the ledger]
    #[arg(long = "public-key", value_name = "KEY")]
    pub(crate) public_keys: Vec<String>,
    /// A private key's file whose signatures count
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Checkpoint {
    /// The private key's file [default: the config's, else one beside the ledger, made where there is none]
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Add the checkpoint to this file [default: the config's, else one beside the ledger]
    #[arg(long, visible_alias = "out", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Copy {
    /// The copy
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Replace what stands there
    #[arg(long)]
    pub(crate) force: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// Where to: a new file, or the variable with the URL of a PostgreSQL database
    #[arg(long, value_name = "FILE|env:NAME")]
    pub(crate) to: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Only what was over for so long: 90d, 36h, 30m [default: what the config's `ledger.retention` says]
    #[arg(long, value_name = "SPAN")]
    pub(crate) older_than: Option<String>,
    /// Do it
    #[arg(long)]
    pub(crate) apply: bool,
    /// Only say what would go, as without --apply
    #[arg(long, conflicts_with = "apply")]
    pub(crate) dry_run: bool,
    /// Where what is removed goes first, which must be a new file [default: a new one in the config's `archive_dir`]
    #[arg(long, value_name = "FILE")]
    pub(crate) archive: Option<PathBuf>,
    /// The private key that signs what is gone [default: the config's, else one beside the ledger, made where there is none]
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Who prunes [default: $USER]
    #[arg(long, value_name = "NAME")]
    pub(crate) actor: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Confirmed {
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}
