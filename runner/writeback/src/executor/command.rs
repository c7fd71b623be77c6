//! A `command_handler`: the request as one line on standard input, the answer on standard output.
//!
//! Invariant: no shell, nothing in the environment but what the config names, and a group of its own, so that it is killed with
//! everything it has started.
//! Absent on purpose: its standard error. It may hold values, and is the application's to keep.

use std::process::Stdio;
use std::time::Duration;

use synapsor_protocol::executor::EXECUTOR_ANSWER_BYTES_MAX;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, Command};

use super::CommandReach;
use super::delivery::{Delivery, Manner, NotDone, Silence};
use super::request::Envelope;

/// Runs it once. When the time is over, it says more than it may, or nobody waits for it any more, it is killed.
pub(super) async fn deliver(reach: &CommandReach, timeout: Duration, envelope: &Envelope) -> Delivery {
    let mut group = match start(reach) {
        Ok(child) => Group(child),
        Err(not_done) => return Delivery::Undelivered(not_done),
    };
    let silence = match tokio::time::timeout(timeout, converse(&mut group.0, &envelope.body)).await {
        Ok(Ok((manner, body))) => return Delivery::Answered { manner, body },
        Ok(Err(silence)) => silence,
        Err(_) => Silence::TimedOut,
    };
    group.end().await;
    Delivery::Silent(silence)
}

fn start(reach: &CommandReach) -> Result<Child, NotDone> {
    let (program, arguments) = reach
        .words
        .split_first()
        .ok_or_else(|| NotDone::NotConfigured { why: "its command is empty".to_owned() })?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(reach.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(&reach.folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0);
    command.spawn().map_err(|error| NotDone::NotStarted { why: error.kind().to_string() })
}

/// Until its output ends and then it does. It is waited for last: until then its process id is its own.
async fn converse(child: &mut Child, request: &[u8]) -> Result<(Manner, Vec<u8>), Silence> {
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(Silence::Lost);
    };
    let (answer, ()) = tokio::join!(read(output), write(input, request));
    let answer = answer?;
    let status = child.wait().await.map_err(|_| Silence::Lost)?;
    Ok((if status.success() { Manner::Handled } else { Manner::Broke }, answer))
}

/// A command need not read what it was asked; its answer tells.
async fn write(mut input: ChildStdin, request: &[u8]) {
    let written = async {
        input.write_all(request).await?;
        input.write_all(b"\n").await?;
        input.shutdown().await
    };
    if let Err(error) = written.await {
        tracing::debug!(kind = %error.kind(), "an executor's command did not read its request");
    }
}

async fn read(output: impl AsyncRead + Unpin) -> Result<Vec<u8>, Silence> {
    let most = u64::try_from(EXECUTOR_ANSWER_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut answer = Vec::new();
    output.take(most).read_to_end(&mut answer).await.map_err(|_| Silence::Lost)?;
    if answer.len() > EXECUTOR_ANSWER_BYTES_MAX { Err(Silence::TooLong) } else { Ok(answer) }
}

/// A command and what it has started. Dropped before it was waited for, all of it is killed.
struct Group(Child);

impl Group {
    /// Kills it, and waits until the command is gone.
    async fn end(mut self) {
        self.kill();
        if let Err(error) = self.0.wait().await {
            tracing::debug!(kind = %error.kind(), "an executor's command cannot be waited for");
        }
    }

    /// A command that was not waited for still has its id, which is the group's; one that was has none.
    fn kill(&self) {
        let group = self.0.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(group) = group
            && let Err(error) = rustix::process::kill_process_group(group, rustix::process::Signal::KILL)
        {
            tracing::debug!(%error, "an executor's command was gone before it was killed");
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
