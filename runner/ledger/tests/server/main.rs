//! The ledger on a real PostgreSQL server: the stories of the room's tests word for word, and what only a server can do.

#![expect(clippy::expect_used, clippy::panic, reason = "what the stories are told with may fail a test")]

mod ground;
#[path = "../room/story.rs"]
mod story;

#[path = "../room/catch_up.rs"]
mod catch_up;
#[path = "../room/claims.rs"]
mod claims;
#[path = "../room/decide.rs"]
mod decide;
#[path = "../room/handover.rs"]
mod handover;
#[path = "../room/proof.rs"]
mod proof;
#[path = "../room/record.rs"]
mod record;
#[path = "../room/reopen.rs"]
mod reopen;
#[path = "../room/search.rs"]
mod search;
#[path = "../room/shadow.rs"]
mod shadow;
#[path = "../room/sharing.rs"]
mod sharing;
#[path = "../room/tamper.rs"]
mod tamper;
#[path = "../room/writeback.rs"]
mod writeback;

mod crowd;
mod faults;
mod held;
mod lost;
mod migrate;
mod prune;
mod rights;
mod upgrade;
