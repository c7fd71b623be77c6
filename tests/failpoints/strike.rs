//! A command with a plan of what happens to it at which point, and what comes of it.

use std::process::Stdio;
use std::time::Duration;

use synapsor_protocol::Engine;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};

use crate::bench::{Answered, Bench, Desk, REASON, finished};
use crate::names::{MARK, VARIABLE};

/// Longer than any limit of the runner, of a server and of this test's own waiting together.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long a stopped runner stands still: longer than the 15 seconds after which a server ends an idle transaction, by
/// as much as another runner needs to take over on a busy machine.
const STALL_MS: u64 = 20_000;

/// What happens at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mode {
    Kill,
    Error,
    Stall,
}

impl Mode {
    pub(crate) const ALL: [Self; 3] = [Self::Kill, Self::Error, Self::Stall];

    /// As the table shows it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kill => "killed",
            Self::Error => "fails",
            Self::Stall => "stands still while another one comes",
        }
    }

    /// The entry of a plan; `place` is a point, or `point@pass`.
    pub(crate) fn at(self, place: &str) -> String {
        match self {
            Self::Kill => format!("{place}=kill"),
            Self::Error => format!("{place}=error"),
            Self::Stall => format!("{place}=stall:{STALL_MS}"),
        }
    }
}

/// Whether the process got to a point that its plan is about.
pub(crate) fn passed(answered: &Answered, point: &str) -> bool {
    answered.stderr.lines().any(|line| line.strip_prefix(MARK) == Some(point))
}

/// Runs a command under a plan to its end.
pub(crate) async fn struck(command: &mut Command, plan: &str) -> Answered {
    finished(command.env(VARIABLE, plan)).await
}

/// A bench with one approved proposal.
pub(crate) async fn approved(engine: Engine) -> Bench {
    let mut bench = Bench::bare(engine).await;
    bench.proposal = bench.propose("INV-1", REASON).await;
    bench.approve(&bench.proposal).await;
    bench
}

/// Settles whatever has no known end, trying once; not started.
pub(crate) fn recover(desk: &Desk<'_>) -> Command {
    let words = ["writeback", "reconcile", "resolve", "--all", "--retry-seconds", "0"];
    desk.bench.command(desk.folder(), &words, None)
}

/// The capabilities over standard input and output; not started.
pub(crate) fn serve(desk: &Desk<'_>) -> Command {
    let mut command = desk.bench.command(desk.folder(), &["mcp", "serve"], None);
    command.stdin(Stdio::piped());
    command
}

/// A command under a plan, while it runs.
pub(crate) struct Running {
    child: Child,
    errors: BufReader<ChildStderr>,
    seen: String,
}

impl Running {
    pub(crate) fn start(mut command: Command, plan: &str) -> Self {
        let mut child = command.env(VARIABLE, plan).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let errors = BufReader::new(child.stderr.take().expect("a pipe"));
        Self { child, errors, seen: String::new() }
    }

    /// Waits until it gets to a point; `false` where it ends without.
    pub(crate) async fn gets_to(&mut self, point: &str) -> bool {
        let there = async {
            let mut line = String::new();
            while self.errors.read_line(&mut line).await.expect("its errors are text") > 0 {
                self.seen.push_str(&line);
                if line.trim_end().strip_prefix(MARK) == Some(point) {
                    return true;
                }
                line.clear();
            }
            false
        };
        tokio::time::timeout(PATIENCE, there).await.unwrap_or_else(|_| panic!("it never got to `{point}`"))
    }

    /// Tells it to stop, as a supervisor would.
    pub(crate) fn terminate(&self) {
        let pid = self.child.id().expect("it runs").to_string();
        let sent = std::process::Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.expect("`kill` runs").success(), "SIGTERM to a process of ours");
    }

    /// What it answers in the end.
    pub(crate) async fn ends(mut self) -> Answered {
        let ending = async {
            let rest = async {
                let mut rest = String::new();
                self.errors.read_to_string(&mut rest).await.expect("its errors are text");
                rest
            };
            tokio::join!(self.child.wait_with_output(), rest)
        };
        let (output, rest) = tokio::time::timeout(PATIENCE, ending).await.expect("it ends");
        let answered = Answered::from(output.expect("it ran"));
        Answered { stderr: self.seen + &rest, ..answered }
    }

    /// Calls a tool, as a client would that opens a session for it; the answer's structured content. A server that dies
    /// answers nothing, and a protocol error is an answer of exit code 3.
    pub(crate) async fn call(mut self, tool: &str, arguments: &serde_json::Value) -> Answered {
        let client = serde_json::json!({ "name": "test", "version": "1" });
        let opening = serde_json::json!({
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
        let call = serde_json::json!({ "name": tool, "arguments": arguments });
        let requests = [
            serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": opening }),
            serde_json::json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
            serde_json::json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call }),
        ];
        let mut input = self.child.stdin.take().expect("a pipe");
        for request in requests {
            input.write_all(format!("{request}\n").as_bytes()).await.expect("the server reads");
        }
        let mut answers = BufReader::new(self.child.stdout.take().expect("a pipe")).lines();
        let mut answer = None;
        while let Some(line) = answers.next_line().await.expect("answers are text") {
            let document: serde_json::Value = serde_json::from_str(&line).expect("answers are JSON");
            if document["id"] == 2 {
                answer = Some(document);
                break;
            }
        }
        drop((input, answers));
        let ended = self.ends().await;
        match answer {
            None => Answered { exit: None, ..ended },
            Some(answer) if answer["error"].is_null() => {
                Answered { stdout: answer["result"]["structuredContent"].to_string(), ..ended }
            }
            Some(answer) => Answered { exit: Some(3), stdout: answer.to_string(), ..ended },
        }
    }
}
