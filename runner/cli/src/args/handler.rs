//! `synapsor handler …` as it was typed.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Handler {
    /// Start a handler: a project with a rule, its cases and the SDK, which builds and passes at once
    #[command(after_help = "Example:\n  synapsor handler new --lang rust late-fee")]
    New(NewHandler),
    /// Build a handler from its source: the component, and its digest into handler.json
    #[command(
        after_help = "Examples:\n  synapsor handler build\n  synapsor handler build handlers/late-fee\n\nExit codes: 0 built; 1 it does not build; 3 a tool is missing, and the hint installs it"
    )]
    Build(Project),
    /// Run a handler's cases: what each used, and where an answer is another than the expected one
    #[command(
        after_help = "Examples:\n  synapsor handler test\n  synapsor handler test --build --watch\n\nExit codes: 0 every case passes; 1 something does not; 3 a tool is missing"
    )]
    Test(TestHandler),
    /// Run one case and show what the handler answers, reads, logs and uses
    #[command(
        after_help = "Examples:\n  synapsor handler run --case whole-fee handlers/late-fee\n  synapsor handler run --case call.json --json"
    )]
    Run(RunCase),
    /// Look at a bundle without running it: imports, exports, limits, sizes, digest, signature
    #[command(after_help = "Example:\n  synapsor handler inspect late-fee.tar --json")]
    Inspect(Looked),
    /// Make one file of a bundle: the same bundle always gives the same bytes
    #[command(after_help = "Example:\n  synapsor handler pack handlers/late-fee --output late-fee.tar")]
    Pack(Pack),
    /// Make a key to sign bundles with, and print the config's entry that trusts it
    #[command(after_help = "Example:\n  synapsor handler keygen ~/.config/synapsor/handlers.pem")]
    Keygen(Keygen),
    /// Sign a bundle: manifest, component and cases together
    #[command(
        after_help = "Example:\n  synapsor handler sign handlers/late-fee --key ~/.config/synapsor/handlers.pem"
    )]
    Sign(Sign),
    /// Check a bundle's signature, against keys or against what the config trusts
    #[command(
        after_help = "Examples:\n  synapsor handler verify late-fee.tar --config synapsor.runner.json\n  synapsor handler verify late-fee.tar --public-key ed25519:…"
    )]
    Verify(Verify),
}

#[derive(Debug, Args)]
pub(crate) struct NewHandler {
    /// The handler's name, in kebab case
    pub(crate) name: String,
    /// The language
    #[arg(long, value_name = "LANGUAGE", value_parser = PossibleValuesParser::new(synapsor_bundle::languages()))]
    pub(crate) lang: String,
    /// Where it goes [default: a new folder of its name]
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Project {
    /// The handler's folder
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Pack {
    #[command(flatten)]
    pub(crate) project: Project,
    /// The file to write [default: <name>-<version>.tar]
    #[arg(long, visible_alias = "out", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Keygen {
    /// The private key's file, which must be new; PKCS#8 PEM, readable by you alone
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Sign {
    #[command(flatten)]
    pub(crate) project: Project,
    /// The private key's file
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) bundle: Looked,
    /// A key that counts, in place of those the config trusts; may be given again
    #[arg(long = "public-key", value_name = "KEY")]
    pub(crate) public_keys: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TestHandler {
    #[command(flatten)]
    pub(crate) project: Project,
    /// Build it first
    #[arg(long)]
    pub(crate) build: bool,
    /// Run them again whenever a file of the handler changes; Ctrl-C ends it
    #[arg(long)]
    pub(crate) watch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RunCase {
    #[command(flatten)]
    pub(crate) bundle: Looked,
    /// A case's file, or the name of one of the bundle's cases
    #[arg(long, value_name = "FILE")]
    pub(crate) case: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Looked {
    /// A bundle's folder or archive
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) path: PathBuf,
}
