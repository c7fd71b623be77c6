//! The key a ledger is signed with, its checkpoints, and whose signatures count when it is verified.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use synapsor_bundle::{Ed25519, PublicKey, SEED_BYTES, SigningKey};
use synapsor_config::LedgerKey;
use synapsor_ledger::Trust;
use synapsor_protocol::{Checkpoint, Code, Refusal};

use crate::args;
use crate::next::After;
use crate::print::{self, Report, inert, style};
use crate::settings::{Settings, unreadable};
use crate::wiring;

/// Beside the ledger, where nobody says another place.
const KEY: &str = "key";
const CHECKPOINTS: &str = "checkpoints";

/// Largest file of checkpoints, in bytes; a line has about 500.
const CHECKPOINTS_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Signs the head of the chain and adds it to a file.
pub(super) async fn checkpoint(wanted: &args::Checkpoint, settings: &Settings) -> Result<Report, Refusal> {
    let ledger = wiring::ledger(settings, false).await?;
    let signer = signing(wanted.key.as_deref(), settings)?;
    let made = ledger.checkpoint(&signer).await.map_err(|error| error.refusal())?;
    let file = match &wanted.output {
        Some(file) => file.clone(),
        None => checkpoints_file(settings)?,
    };
    append(&file, &made)?;
    let is_beside = file == beside(settings, CHECKPOINTS)?;
    let text = format!(
        "{} at event {}\nhead {}\nby   {}\nin   {}{}",
        style::good("checkpoint"),
        made.events,
        made.head,
        made.public_key,
        inert::text(&file.display().to_string()),
        if is_beside {
            format!(
                "\n{} whoever may write the ledger may write this file too; --output names another place",
                style::dim("hint:")
            )
        } else {
            String::new()
        },
    );
    let mut document = serde_json::to_value(&made).map_err(Refusal::bug)?;
    if let Some(fields) = document.as_object_mut() {
        fields.insert("file".into(), serde_json::json!(file));
    }
    Ok(Report::done(document, text).next(After::CheckpointSigned, &file.display().to_string()))
}

/// Adds a checkpoint to a file of them, on disk when this returns.
pub(crate) fn append(file: &Path, made: &Checkpoint) -> Result<(), Refusal> {
    let line = serde_json::to_string(made).map_err(Refusal::bug)?;
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600);
    options
        .open(file)
        .and_then(|mut file| writeln!(file, "{line}").and_then(|()| file.sync_all()))
        .map_err(|error| cannot_write(file, &error))
}

/// The key to sign with: the one that was named, the config's, or the one beside the ledger, which is made where there is
/// none.
pub(crate) fn signing(named: Option<&Path>, settings: &Settings) -> Result<SigningKey, Refusal> {
    if let Some(file) = named {
        return SigningKey::read(file).map_err(|error| error.refusal());
    }
    if let Some(key) = configured(settings)? {
        return Ok(key);
    }
    let file = beside(settings, KEY)?;
    if !file.exists() {
        make_folder(&file)?;
        let mut seed = [0_u8; SEED_BYTES];
        getrandom::fill(&mut seed).map_err(Refusal::bug)?;
        SigningKey::from_seed(&seed).write_new(&file).map_err(|error| error.refusal())?;
        print::note(&format!("made the key {}", inert::text(&file.display().to_string())));
    }
    SigningKey::read(&file).map_err(|error| error.refusal())
}

/// The key that the config names.
fn configured(settings: &Settings) -> Result<Option<SigningKey>, Refusal> {
    let found = match settings.keeping()?.key {
        None => return Ok(None),
        Some(LedgerKey::File(path)) => {
            SigningKey::read(&settings.config_folder().join(path)).map_err(|error| error.refusal())?
        }
        Some(LedgerKey::Variable(name)) => {
            let unset = || {
                let message =
                    format!("the variable `{name}`, which holds the ledger's private key, is not set");
                Refusal::new(Code::InvalidInput, message).hint("`synapsor handler keygen` makes a key")
            };
            let pem = settings.environment.get(&name).ok_or_else(unset)?;
            let wrong = || {
                let message = format!("`{name}` does not hold a private key as PEM");
                Refusal::new(Code::InvalidInput, message).hint("`synapsor handler keygen` makes one")
            };
            SigningKey::from_pem(pem).ok_or_else(wrong)?
        }
    };
    Ok(Some(found))
}

/// Whose signatures count: the keys that were named, the config's, or the one beside the ledger.
pub(super) fn trust(wanted: &args::VerifyStore, settings: &Settings) -> Result<Option<Trust>, Refusal> {
    let mut public_keys = Vec::new();
    for text in &wanted.public_keys {
        let key = PublicKey::try_from(text.clone())
            .map_err(|error| Refusal::new(Code::InvalidInput, format!("`--public-key`: {error}")))?;
        public_keys.push(key.to_string());
    }
    if let Some(file) = &wanted.key {
        public_keys.push(SigningKey::read(file).map_err(|error| error.refusal())?.public_key().to_string());
    }
    if public_keys.is_empty()
        && let Some(key) = configured(settings)?
    {
        public_keys.push(key.public_key().to_string());
    }
    if public_keys.is_empty() {
        let file = beside(settings, KEY)?;
        if !file.exists() {
            return Ok(None);
        }
        public_keys.push(SigningKey::read(&file).map_err(|error| error.refusal())?.public_key().to_string());
    }
    Ok(Some(Trust { public_keys, verifier: Arc::new(Ed25519) }))
}

/// Where checkpoints are when nobody says: where the config has them made, or beside the ledger.
pub(crate) fn checkpoints_file(settings: &Settings) -> Result<PathBuf, Refusal> {
    match settings.keeping()?.checkpoint.and_then(|rule| rule.output) {
        Some(file) => Ok(settings.config_folder().join(file)),
        None => {
            let file = beside(settings, CHECKPOINTS)?;
            make_folder(&file)?;
            Ok(file)
        }
    }
}

/// The checkpoints in the file that was named, or in the one there is when nobody says, where there are some.
pub(crate) fn checkpoints(named: Option<&Path>, settings: &Settings) -> Result<Vec<Checkpoint>, Refusal> {
    let file = match named {
        Some(file) => file.to_owned(),
        None => checkpoints_file(settings)?,
    };
    if named.is_none() && !file.exists() {
        return Ok(Vec::new());
    }
    let unusable = |why: String| {
        let message = format!("the checkpoints `{}` cannot be used: {why}", file.display());
        Refusal::new(Code::InvalidInput, message)
    };
    let size =
        std::fs::metadata(&file).map_err(|error| unreadable("file of checkpoints", &file, &error))?.len();
    if size > CHECKPOINTS_BYTES_MAX {
        return Err(unusable(format!("larger than {CHECKPOINTS_BYTES_MAX} bytes")));
    }
    let text =
        std::fs::read_to_string(&file).map_err(|error| unreadable("file of checkpoints", &file, &error))?;
    let parse = |(at, line): (usize, &str)| {
        serde_json::from_str(line)
            .map_err(|error| unusable(format!("line {}: {error}", at.saturating_add(1))))
    };
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(parse).collect()
}

/// The file of that kind beside the ledger.
pub(super) fn beside(settings: &Settings, kind: &str) -> Result<PathBuf, Refusal> {
    let mut name = settings.beside_ledger()?.into_os_string();
    name.push(".");
    name.push(kind);
    Ok(PathBuf::from(name))
}

/// A ledger on a server has made no folder here; ours alone, as that of a file is.
fn make_folder(file: &Path) -> Result<(), Refusal> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| cannot_write(folder, &error)),
        _ => Ok(()),
    }
}

/// The checkpoints beside the ledger, which are of no use without it.
pub(super) fn checkpoints_beside(settings: &Settings) -> Result<PathBuf, Refusal> {
    beside(settings, CHECKPOINTS)
}

fn cannot_write(file: &Path, error: &std::io::Error) -> Refusal {
    Refusal::new(Code::InvalidInput, format!("cannot write `{}`: {}", file.display(), error.kind()))
}
