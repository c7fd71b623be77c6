//! Every answer as an outsider reads it.

use expect_test::expect;
use synapsor_protocol::ProposalState;

use super::*;
use crate::search::RecordKind;

fn storage(fault: Fault) -> Error {
    let cause = Arc::new(std::io::Error::other("what SQLite said about `SELECT 'hunter2'`"));
    Error::Storage { doing: "write to the ledger", fault, cause }
}

/// One of each, as an outsider reads it.
fn every_answer() -> Vec<Error> {
    let proposal = || "wrp_1".to_owned();
    let path = || PathBuf::from("/data/ledger.db");
    let state = ProposalState::Applied;
    let faults = [
        Fault::Full,
        Fault::ReadOnly,
        Fault::Busy,
        Fault::Corrupt,
        Fault::Constraint,
        Fault::Lost,
        Fault::Contended,
        Fault::Unavailable,
    ];
    let rules = [
        Rule::RecordNotFound { kind: RecordKind::Proposal, reference: "1".into() },
        Rule::Ambiguous {
            kind: RecordKind::Proposal,
            reference: "1".into(),
            candidates: vec!["wrp_1a".into(), "wrp_1b".into()],
        },
        Rule::HashMismatch { proposal: proposal(), was: "shown" },
        Rule::HashMismatch { proposal: proposal(), was: "approved" },
        Rule::NotPendingReview { proposal: proposal(), state },
        Rule::NotRejectable { proposal: proposal(), state },
        Rule::ApplyUnsettled { proposal: proposal() },
        Rule::HandedOver {
            proposal: proposal(),
            until: synapsor_protocol::Moment::from_micros(0).expect("in range"),
        },
        Rule::NotApproved { proposal: proposal(), state },
        Rule::ApprovalMissing { proposal: proposal() },
        Rule::ReasonRequired { proposal: proposal() },
        Rule::Shadow { proposal: proposal() },
        Rule::NotShadow { proposal: proposal() },
        Rule::Secret { place: "api_key".into() },
    ];
    let mut answers = vec![
        Error::Missing { path: path() },
        Error::Unsafe { path: path(), why: "it is a symbolic link" },
        Error::Absent { database: "books".into() },
        Error::Server { why: "its database has another encoding than UTF8" },
        Error::Unsettled,
        Error::TooNew { found: 9, supported: 1 },
        Error::Unreadable { record: "proposal `wrp_1`".into() },
        Error::InUse,
        Error::Exists { path: path() },
        Error::NotIntact {
            what: "copy",
            misfit: Misfit { kind: crate::MisfitKind::EventMissing, seq: Some(4), record: None },
        },
        Error::Unfinished,
        Error::Occupied { why: "another ledger" },
        Error::NoFile { instead: "`pg_dump` copies it" },
        Error::NotAnExport { why: "it is not JSON" },
        Error::Invariant { what: "the ledger's writer has stopped" },
    ];
    answers.extend(faults.map(storage));
    answers.extend(rules.map(Error::from));
    answers
}

#[test]
fn every_answer_has_a_code_a_plain_sentence_and_where_it_helps_a_hint() {
    let mut text = String::new();
    for error in every_answer() {
        let refusal = error.refusal();
        text += &format!("{}: {}\n", refusal.code, refusal.message);
        text += &refusal.hint.map(|hint| format!("    hint: {hint}\n")).unwrap_or_default();
    }
    expect![[r#"
        LEDGER_UNAVAILABLE: there is no ledger at `/data/ledger.db`
            hint: `synapsor mcp serve` and `synapsor propose` make one; name another with --store
        LEDGER_UNAVAILABLE: the ledger `/data/ledger.db` cannot be used: it is a symbolic link
            hint: move the file away, or name another path
        LEDGER_UNAVAILABLE: there is no ledger in the database `books`
            hint: `synapsor mcp serve` and `synapsor propose` make one; name another with --store
        LEDGER_UNAVAILABLE: the ledger's server cannot be used: its database has another encoding than UTF8
            hint: see the part "Sharing" of docs/guides/ledger.md
        LEDGER_UNAVAILABLE: the ledger's server was lost while it recorded, and cannot be asked whether it did
            hint: repeat when the server is back: what was recorded is not recorded twice
        LEDGER_TOO_NEW: the ledger has schema version `9`, this release knows up to `1`
            hint: use the release that wrote this ledger, or a later one; nothing was changed
        LEDGER_CORRUPT: proposal `wrp_1` in the ledger cannot be read back
            hint: the ledger file was edited or damaged; verify it before trusting anything in it
        LEDGER_BUSY: the ledger is open in another process
            hint: stop the servers and commands that use it, and repeat; nothing was changed
        INVALID_INPUT: `/data/ledger.db` exists already
            hint: name another file, or replace this one with --force
        LEDGER_CORRUPT: the copy does not verify: event `4`: the event is missing
            hint: `synapsor store verify` says what is wrong with which; nothing was changed
        LEDGER_UNAVAILABLE: the ledger is a copy of another one that is not finished
            hint: repeat the `synapsor store migrate` that makes it; it goes on where it ended
        INVALID_INPUT: the place to migrate to holds another ledger
            hint: name another file or database; nothing was changed
        LEDGER_NOT_A_FILE: the ledger is on a server, not in a file
            hint: `pg_dump` copies it
        INVALID_INPUT: the document cannot be verified: it is not JSON
            hint: `synapsor replay show --json` prints one that can be
        INTERNAL: internal error: the ledger's writer has stopped
        LEDGER_FULL: failed to write to the ledger: no space is left for the ledger
            hint: make room and repeat; nothing was recorded
        LEDGER_READ_ONLY: failed to write to the ledger: the ledger is read-only
            hint: make the file and its folder writable for this user, or grant this role the rights of docs/guides/ledger.md
        LEDGER_BUSY: failed to write to the ledger: another process holds the ledger's write lock
            hint: repeat; nothing was recorded
        LEDGER_CORRUPT: failed to write to the ledger: the ledger file is damaged or is not a database
        INTERNAL: failed to write to the ledger: the record breaks a rule of the ledger's tables
        LEDGER_UNAVAILABLE: failed to write to the ledger: the ledger's server does not answer
            hint: repeat; nothing was recorded
        LEDGER_BUSY: failed to write to the ledger: other writers of the ledger kept coming first
            hint: repeat; nothing was recorded
        LEDGER_UNAVAILABLE: failed to write to the ledger: the ledger cannot be read or written
        PROPOSAL_NOT_FOUND: no proposal matches `1`
            hint: `synapsor proposals list` shows which there are
        PROPOSAL_ID_AMBIGUOUS: more than one proposal starts with `1`
            hint: one of: wrp_1a, wrp_1b
        PROPOSAL_HASH_MISMATCH: the stored content of proposal `wrp_1` is not the one that was shown
            hint: look at the proposal as it is now, then decide
        PROPOSAL_HASH_MISMATCH: the stored content of proposal `wrp_1` is not the one that was approved
            hint: the ledger file was edited or damaged; verify it before trusting anything in it
        PROPOSAL_NOT_PENDING_REVIEW: proposal `wrp_1` is `applied`, expected `pending_review`
            hint: `synapsor replay show` tells what became of it
        PROPOSAL_NOT_REJECTABLE: proposal `wrp_1` is `applied` and can no longer be rejected
            hint: `synapsor replay show` tells what became of it
        PROPOSAL_NOT_REJECTABLE: an apply of proposal `wrp_1` is not settled, so it cannot be rejected
            hint: apply the proposal again: that settles whether the earlier try changed the source
        PROPOSAL_NOT_REJECTABLE: the job of proposal `wrp_1` is handed over until 1970-01-01T00:00:00.000000Z, so it cannot be rejected before
            hint: repeat once the lease is over; what its runner does until then is recorded
        PROPOSAL_NOT_APPROVED: proposal `wrp_1` is `applied`, expected `approved`
            hint: `synapsor replay show` tells what became of it
        PROPOSAL_NOT_APPROVED: proposal `wrp_1` has no approval in the ledger's chain
            hint: the ledger file was edited or damaged; verify it before trusting anything in it
        REASON_REQUIRED: this decision about proposal `wrp_1` needs a reason
            hint: say why; the reason is kept with the decision
        SHADOW_WRITEBACK_DISABLED: proposal `wrp_1` is a shadow proposal and is never applied
            hint: it is kept for comparison only; propose again with `mode` set to `review`
        NOT_SHADOW_PROPOSAL: proposal `wrp_1` is not a shadow proposal
            hint: `synapsor shadow list` shows which there are
        SECRET_MATERIAL_REJECTED: `api_key` holds what looks like a secret and is not recorded
            hint: take the column or argument out of the capability
    "#]]
    .assert_eq(&text);
    assert!(!text.contains("hunter2"));
}
