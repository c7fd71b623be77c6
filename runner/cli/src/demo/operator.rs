//! The operator's command line: this binary again, as a person would run it.

use std::ffi::OsString;

use std::path::Path;

use serde_json::Value as Json;
use synapsor_protocol::Refusal;
use tokio::process::Command;

use super::folder::Folder;

/// What a command answered.
pub(super) struct Answered {
    /// The command as a person would type it.
    pub(super) command: String,
    /// Its exit code.
    pub(super) exit: i32,
    /// Its `--json` document.
    pub(super) document: Json,
}

/// Runs `synapsor WORDS… --json --config …` and reads its document.
pub(super) async fn run(folder: &Folder, words: &[&str]) -> Result<Answered, Refusal> {
    let mut command = command(&folder.ledger(), words)?;
    answered(command.arg("--json").arg("--config").arg(folder.config()), words).await
}

/// Likewise, of a ledger without a config.
pub(super) async fn look(ledger: &Path, words: &[&str]) -> Result<Answered, Refusal> {
    answered(command(ledger, words)?.arg("--json"), words).await
}

/// What a person sees of that.
pub(super) async fn screen(ledger: &Path, words: &[&str]) -> Result<String, Refusal> {
    let output = command(ledger, words)?.output().await.map_err(Refusal::bug)?;
    String::from_utf8(output.stdout).map_err(Refusal::bug)
}

fn command(ledger: &Path, words: &[&str]) -> Result<Command, Refusal> {
    let mut command = Command::new(program()?);
    command.args(words).arg("--store").arg(ledger);
    Ok(command)
}

async fn answered(command: &mut Command, words: &[&str]) -> Result<Answered, Refusal> {
    let output = command.output().await.map_err(Refusal::bug)?;
    let document = serde_json::from_slice(&output.stdout)
        .map_err(|error| Refusal::bug(format!("`{}` printed no document: {error}", typed(words))))?;
    Ok(Answered { command: typed(words), exit: output.status.code().unwrap_or(-1), document })
}

/// This binary.
pub(super) fn program() -> Result<OsString, Refusal> {
    std::env::current_exe().map(Into::into).map_err(Refusal::bug)
}

/// The command as a person types it.
fn typed(words: &[&str]) -> String {
    // No word of the demo's holds a NUL, which alone cannot be said in a shell.
    shlex::try_join(["synapsor"].into_iter().chain(words.iter().copied())).unwrap_or_default()
}
