//! Ledgers with a history: many proposals, each made by a call like any other.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::contenders::{Contender, Folder};
use crate::process::Server;

/// Makes that many proposals of a contender that is ours, as fast as they are taken.
pub(crate) fn fill(contender: &Contender, from: usize, count: usize) {
    let mut server = Server::over_stdio(contender);
    let mut input = server.child.stdin.take().expect("stdin");
    let output = BufReader::new(server.child.stdout.take().expect("stdout"));
    let call = |number: usize| {
        let arguments =
            json!({ "invoice_id": "INV-3001", "reason": format!("the bank was late, no. {number}") });
        let mut call = contender.call_of("billing__propose_late_fee_waiver", arguments);
        call["id"] = json!(number);
        call
    };
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for number in from..from + count {
                writeln!(input, "{}", call(number)).expect("is sent");
            }
            // Dropped here, but the answers on their way are waited for below.
            input
        });
        let made = output.lines().take(count).map(|line| line.expect("an answer"));
        for answer in made {
            // On a busy machine one of very many may be told to come back later, and the history is one shorter.
            assert!(answer.contains("wrp_") || answer.contains("\"retryable\":true"), "{answer}");
        }
    });
}

/// The same for very many: made once, kept in `target`, and copied from there.
pub(crate) fn fill_or_copy(folder: &Folder, proposals: usize) {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ledger-of-{proposals}"));
    if !kept.join("whole").exists() {
        println!("filling a ledger with {proposals} proposals, once");
        let making = Folder::in_memory();
        fill(&Contender::synapsor(&making), 0, proposals);
        std::fs::create_dir_all(&kept).expect("a folder");
        copy(&making.ledger(), &kept.join("local.db"));
        std::fs::write(kept.join("whole"), "").expect("a note");
    }
    copy(&kept.join("local.db"), &folder.ledger());
}

/// A ledger that nobody has open, with what is not in its file yet.
fn copy(from: &Path, to: &Path) {
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent).expect("a folder");
    }
    for suffix in ["", "-wal", "-shm"] {
        let (from, to) = (with_suffix(from, suffix), with_suffix(to, suffix));
        if from.exists() {
            std::fs::copy(from, to).expect("is copied");
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}
