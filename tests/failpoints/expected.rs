//! What each cell must come to: what was said, and what repeating the apply says in the end. Why: the table of points in
//! `docs/decisions/0007-crash-points.md`.
//!
//! *Then* is `applied` where the blow left nothing in the source, and `already_applied` where it left the row and its
//! receipt. Where a runner stands still, the one that comes meanwhile is named first.

use synapsor_protocol::Engine;

use crate::strike::Mode;

/// Killed before COMMIT, and after it.
const NOTHING_LEFT: &[&str] = &["killed, then applied"];
const ALL_LEFT: &[&str] = &["killed, then already_applied"];
/// The recovery of an apply that was killed after its COMMIT is killed too.
const KILLED_TWICE: &[&str] = &["killed and killed, then already_applied"];

/// Nothing was carried out, or nothing but what is found again.
const LEDGER_FAILS: &[&str] = &["LEDGER_UNAVAILABLE (3), then applied"];
/// The source is changed, and the ledger could not say so.
const RECORD_FAILS: &[&str] = &["LEDGER_UNAVAILABLE (3), then already_applied"];
/// Rolled back.
const STEP_FAILS: &[&str] = &["TRANSACTION_FAILED (3), then applied"];
/// Whatever is unclear at COMMIT is settled in the same process.
const SETTLED: &[&str] = &["applied, then already_applied"];

/// The other one applied it; who stood still finds its receipt.
const OVERTAKEN: &[&str] = &["applied and already_applied, then already_applied"];
/// The other one applied it when the server had ended the transaction of who stood still.
const ENDED_BY_SERVER: &[&str] = &[
    "applied and TRANSACTION_FAILED (3), then already_applied",
    "applied and DATABASE_UNAVAILABLE (3), then already_applied",
];
/// Who stood still applied it; the other one found the receipt, or waited for the file.
const FIRST: &[&str] = &["already_applied and applied, then already_applied"];
/// Both were told of the same proposal, or of the same approval.
const BOTH: &[&str] = &["done and done, then applied"];

/// The outcomes a cell may have: one, but for what a server's own end of a connection looks like from here.
pub(crate) fn expected(engine: Engine, point: &str, mode: Mode) -> &'static [&'static str] {
    // A file has no limit for idle transactions: who comes meanwhile waits.
    let stalled = |on_servers| if engine == Engine::Sqlite { FIRST } else { on_servers };
    let [killed, fails, stalls] = match point {
        "l.proposal.pre" | "l.proposal.post" | "l.approve.pre" | "l.approve.post" => {
            [NOTHING_LEFT, LEDGER_FAILS, BOTH]
        }
        "worker.reply" => [NOTHING_LEFT, &["internal error (MCP), then applied"], &["done, then applied"]],
        "l.claim.pre" | "l.claim.post" => [NOTHING_LEFT, LEDGER_FAILS, OVERTAKEN],
        "s.connect" | "s.prelude" => [NOTHING_LEFT, STEP_FAILS, OVERTAKEN],
        "s.begin" | "s.lock" | "s.receipt" | "s.update" | "s.verify" => {
            [NOTHING_LEFT, STEP_FAILS, stalled(ENDED_BY_SERVER)]
        }
        // The step after it is COMMIT, whose errors are settled and not believed.
        "s.sentinel" => [NOTHING_LEFT, STEP_FAILS, stalled(OVERTAKEN)],
        "s.commit.pre" => [NOTHING_LEFT, SETTLED, stalled(OVERTAKEN)],
        "s.commit.post" | "s.readback" => [ALL_LEFT, SETTLED, FIRST],
        "l.receipt.pre" | "l.receipt.post" | "l.anchor.pre" | "l.anchor.post" => {
            [ALL_LEFT, RECORD_FAILS, FIRST]
        }
        "job.ack" => [ALL_LEFT, &["INTERRUPTED (3), then already_applied"], FIRST],
        "drain.begin" => [
            NOTHING_LEFT,
            &["OUTCOME_UNKNOWN (4), then applied"],
            &["applied and INTERRUPTED (3), then already_applied"],
        ],
        "recover.scan" | "recover.resolve" => [
            KILLED_TWICE,
            match point {
                "recover.scan" => &["killed and LEDGER_UNAVAILABLE (3), then already_applied"],
                _ => &["killed and TRANSACTION_FAILED (3), then already_applied"],
            },
            &["2 already_applied, 1 killed, then already_applied"],
        ],
        unknown => panic!("`{unknown}` has no expected outcome"),
    };
    match mode {
        Mode::Kill => killed,
        Mode::Error => fails,
        Mode::Stall => stalls,
    }
}
