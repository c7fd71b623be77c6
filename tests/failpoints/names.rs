//! The points, by name. What each means: `docs/decisions/0007-crash-points.md`.

use std::collections::BTreeSet;
use std::process::Command;

/// What a binary with points holds before the name of each.
pub(crate) const MARK: &str = "failpoint ";

/// The variable that says what happens at which point.
pub(crate) const VARIABLE: &str = "FAILPOINTS";

pub(crate) const POINTS: [&str; 26] = [
    "l.proposal.pre",
    "l.proposal.post",
    "l.approve.pre",
    "l.approve.post",
    "l.claim.pre",
    "l.claim.post",
    "s.connect",
    "s.begin",
    "s.prelude",
    "s.lock",
    "s.receipt",
    "s.update",
    "s.verify",
    "s.sentinel",
    "s.commit.pre",
    "s.commit.post",
    "s.readback",
    "l.receipt.pre",
    "l.receipt.post",
    "l.anchor.pre",
    "l.anchor.post",
    "job.ack",
    "drain.begin",
    "recover.scan",
    "recover.resolve",
    "worker.reply",
];

/// Those of the texts that a binary holds. `grep` reads hundreds of megabytes sooner than an unoptimised test.
pub(crate) fn held(binary: &str, texts: &[&str]) -> BTreeSet<String> {
    let mut grep = Command::new("grep");
    grep.args(["--text", "--only-matching", "--fixed-strings"]);
    for text in texts {
        grep.args(["-e", text]);
    }
    let found = grep.arg(binary).output().expect("`grep` runs");
    String::from_utf8_lossy(&found.stdout).lines().map(str::to_owned).collect()
}
