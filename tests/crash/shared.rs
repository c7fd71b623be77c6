//! The COMMIT of a ledger on a server, exactly: lost before it arrives, torn, answered into nowhere, and the runner killed
//! there. What was asked for is on record once, and who is told anything is told the truth.

use std::time::Duration;

use synapsor_protocol::Engine;
use synapsor_test_servers::TestDatabase;
use tokio::process::Command;

use crate::bench::{Answered, Bench, finished};
use crate::invariants::Source;
use crate::proxy::{Action, At, Plan, Proxy};
use crate::table::{Ended, Table};
use crate::trial::killed;
use crate::volume::volume;

/// How a cut goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// The server is there again, and is asked.
    Comes,
    /// Nobody can connect any more.
    StaysAway,
    /// The runner is killed.
    Killed,
}

const MODES: [(&str, Action, Then); 11] = [
    ("dropped before it arrives", Action::Drop, Then::Comes),
    ("half of it arrives", Action::Half, Then::Comes),
    ("arrives, both ends reset", Action::ForwardReset, Then::Comes),
    ("arrives, both ends closed", Action::ForwardClose, Then::Comes),
    ("its answer is lost", Action::LoseAnswer, Then::Comes),
    ("half of its answer arrives", Action::HalfAnswer, Then::Comes),
    ("arrives late", Action::Delay(Duration::from_millis(300)), Then::Comes),
    ("dropped, server stays away", Action::Drop, Then::StaysAway),
    ("answer lost, server stays away", Action::LoseAnswer, Then::StaysAway),
    ("killed as it asks", Action::Hold, Then::Killed),
    ("killed before it hears the answer", Action::HoldAnswer, Then::Killed),
];

/// What is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Proposing,
    Approving,
    /// That an apply begins; the source is not touched before.
    Applying,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_a_shared_ledger_lost_in_any_way_is_looked_for_and_never_guessed() {
    let shared = Shared::new().await;
    let first = shared.requests_of_a_list().await;
    let mut table = Table::default();
    for number in 0..volume() {
        for (mode, action, then) in MODES {
            for what in [What::Proposing, What::Approving, What::Applying] {
                // A server that stays away is waited for; in CI once is enough.
                if then == Then::StaysAway && what != What::Approving && volume() == 1 {
                    continue;
                }
                let reason = format!("{what:?} {mode} {number}");
                table.add(shared.trial(what, &reason, mode, action, then).await);
            }
        }
    }
    let verified = finished(
        &mut shared.at(shared.bench.command(shared.bench.folder(), &["store", "verify"], None), None),
    )
    .await;
    assert_eq!(verified.exit, Some(0), "{verified:?}");
    assert_eq!(shared.requests_of_a_list().await, first, "a longer ledger is opened with as many requests");
    table.finish("COMMIT of a ledger on a server is cut");
}

/// A source in a file, and a ledger on a server.
struct Shared {
    bench: Bench,
    books: TestDatabase,
}

impl Shared {
    async fn new() -> Self {
        let shared =
            Self { bench: Bench::bare(Engine::Sqlite).await, books: synapsor_test_servers::postgres().await };
        shared.propose("makes the tables").await;
        shared
    }

    /// A command that works in the ledger, through a proxy or directly.
    fn at(&self, mut command: Command, proxy: Option<&Proxy>) -> Command {
        let url = proxy.map_or(self.books.url(), Proxy::url);
        command.env("SYNAPSOR_LOCAL_STORE", "env:LEDGER_URL").env("LEDGER_URL", url);
        command
    }

    async fn propose(&self, reason: &str) -> String {
        let command = self.bench.propose_command(self.bench.folder(), "INV-1", reason);
        let answered = finished(&mut self.at(command, None)).await;
        let id = answered.json()["proposal"]["proposal_id"].as_str().map(str::to_owned);
        id.unwrap_or_else(|| panic!("no proposal: {answered:?}"))
    }

    /// How often the first connection of a list asks, when there is nothing that cannot be found yet.
    async fn requests_of_a_list(&self) -> usize {
        let listed = finished(&mut self.at(self.bench.list_command(self.bench.folder()), None)).await;
        assert_eq!(listed.exit, Some(0), "{listed:?}");
        let proxy = Proxy::start(Engine::Postgres, self.books.url(), None).await;
        let list = self.bench.list_command(self.bench.folder());
        let listed = finished(&mut self.at(list, Some(&proxy))).await;
        assert_eq!(listed.exit, Some(0), "{listed:?}");
        proxy.traffic().requests.len()
    }

    /// How many there are of what is recorded.
    async fn recorded(&self, what: What) -> u64 {
        let sql = match what {
            What::Proposing => "SELECT count(*)::text FROM synapsor_ledger.proposals",
            What::Approving => "SELECT count(*)::text FROM synapsor_ledger.approvals",
            What::Applying => "SELECT count(*)::text FROM synapsor_ledger.writeback_jobs",
        };
        let count = self.books.scalar(sql).await;
        count.and_then(|count| count.parse().ok()).expect("a number")
    }

    async fn trial(&self, what: What, reason: &str, mode: &str, action: Action, then: Then) -> Ended {
        let proposal = match what {
            What::Proposing => String::new(),
            What::Approving => self.propose(reason).await,
            What::Applying => {
                let proposal = self.propose(reason).await;
                let approve = self.bench.approve_command(self.bench.folder(), &proposal);
                let approved = finished(&mut self.at(approve, None)).await;
                assert_eq!(approved.exit, Some(0), "{approved:?}");
                proposal
            }
        };
        let command = || match what {
            What::Proposing => self.bench.propose_command(self.bench.folder(), "INV-1", reason),
            What::Approving => self.bench.approve_command(self.bench.folder(), &proposal),
            What::Applying => self.bench.apply(self.bench.folder(), &proposal, None),
        };
        let before = self.recorded(what).await;
        let rows = Source::of(&self.bench.database).await;
        let plan = Plan::new(At::Commit, action);
        let plan = if then == Then::StaysAway { plan.for_good() } else { plan };
        let proxy = Proxy::start(Engine::Postgres, self.books.url(), Some(plan)).await;
        let mut broken = self.at(command(), Some(&proxy));
        let first = match then {
            Then::Killed => killed(broken, proxy.strike()).await,
            _ => finished(&mut broken).await,
        };
        proxy.release();
        let told = self.recorded(what).await - before;
        let again = finished(&mut self.at(command(), None)).await;
        let in_the_end = self.recorded(what).await - before;

        let mut wrong = Vec::new();
        if proxy.struck() != Some("s.commit") {
            wrong.push(format!("no COMMIT was cut: {:?}", proxy.struck()));
        }
        wrong.extend(is_true(&first, then, told).err());
        if again.exit != Some(0) || in_the_end != 1 {
            wrong.push(format!("repeated, it is there {in_the_end} times: {again:?}"));
        }
        let changed = Source::of(&self.bench.database).await.changes_since(&rows);
        if changed != u64::from(what == What::Applying) {
            wrong.push(format!("the row changed {changed} times"));
        }
        let outcome = format!("{}, then {}", said(&first), said(&again));
        let (point, mode) = (format!("{what:?}").to_lowercase(), mode.to_owned());
        Ended { engine: Engine::Postgres, point, mode, outcome, changed, wrong }
    }
}

/// Who can ask says what is there; who cannot says so.
fn is_true(answered: &Answered, then: Then, recorded: u64) -> Result<(), String> {
    let fits = match then {
        Then::Comes => answered.exit == Some(0) && recorded == 1,
        Then::StaysAway => {
            answered.word() == "LEDGER_UNAVAILABLE (3)"
                && answered.stdout.contains("cannot be asked whether it did")
        }
        Then::Killed => answered.exit.is_none(),
    };
    if fits { Ok(()) } else { Err(format!("it is there {recorded} times, and it says {answered:?}")) }
}

fn said(answered: &Answered) -> String {
    if answered.exit == Some(0) { "done".into() } else { answered.word() }
}
