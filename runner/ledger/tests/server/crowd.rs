//! Eight processes, as many machines would, append to one ledger and decide in it.

use std::collections::HashSet;
use std::io::Write as _;
use std::process::Stdio;

use synapsor_ledger::{Ledger, Server};
use synapsor_protocol::ProposalState;
use tokio::task::JoinSet;

use crate::ground::{Fixture, server};
use crate::story::{Call, approval, code, opening};

/// Tells this test's own child which ledger to work in, and as whom.
const WORK_HERE: &str = "LEDGER_TEST_WORK_HERE";

const PROCESSES: usize = 8;

/// Proposals that wait for a decision when the processes start.
const WAITING: i64 = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_processes_append_to_one_chain_and_every_proposal_is_decided_once() {
    const NAME: &str = "crowd::eight_processes_append_to_one_chain_and_every_proposal_is_decided_once";
    #[expect(clippy::disallowed_methods, reason = "how a test tells its own child what to do")]
    if let Ok(url) = std::env::var(WORK_HERE) {
        return work(&url).await;
    }
    let fixture = Fixture::new().await;
    let mut waiting = HashSet::new();
    for order in 0..WAITING {
        waiting.insert(fixture.propose(&Call::order(order)).await.proposal.proposal_id.to_string());
    }
    let mut children = JoinSet::new();
    for _ in 0..PROCESSES {
        let child = tokio::process::Command::new(std::env::current_exe().expect("a path"))
            .args(["--exact", NAME, "--nocapture"])
            .env(WORK_HERE, fixture.database.url())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("runs");
        children.spawn(child.wait_with_output());
    }
    let (mut decided, mut recorded) = (Vec::new(), 0);
    while let Some(output) = children.join_next().await {
        let output = output.expect("joined").expect("ended");
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success(), "{text}");
        decided.extend(text.split_whitespace().filter(|word| word.starts_with("wrp_")).map(str::to_owned));
        recorded += text.split_whitespace().filter(|word| word.starts_with("ev_")).count();
    }
    assert_eq!(decided.len(), waiting.len(), "{decided:?}");
    assert_eq!(decided.into_iter().collect::<HashSet<_>>(), waiting);
    let events = 1 + 2 * waiting.len() + recorded;
    assert_eq!(fixture.events().await, u64::try_from(events).expect("few"));
}

/// The child: decides whatever waits, as somebody else than the others, and records reads in between.
async fn work(url: &str) {
    let ledger = Ledger::open(Server::at(url).expect("a URL"), opening(false)).await.expect("opens");
    let actor = format!("person-{}", std::process::id());
    for stored in ledger.proposals(&Default::default()).await.expect("readable") {
        match ledger.decide(&approval(&stored, &actor)).await {
            Ok(decided) => {
                assert_eq!(decided.state, ProposalState::Approved);
                say(decided.proposal.proposal_id.as_str());
            }
            Err(error) => assert_eq!(code(&error), "PROPOSAL_NOT_PENDING_REVIEW"),
        }
        let call = Call::order(1);
        let evidence = call.evidence();
        let id = evidence.evidence_id.clone();
        ledger.notebook().record_read(evidence, call.audit(None)).await.expect("recorded");
        say(id.as_str());
    }
}

/// One word to the parent.
fn say(word: &str) {
    writeln!(std::io::stdout(), " {word} ").expect("said");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_openings_of_a_fresh_database_make_one_ledger() {
    let database = synapsor_test_servers::postgres().await;
    let mut openings = JoinSet::new();
    for _ in 0..8 {
        openings.spawn(Ledger::open(server(&database), opening(true)));
    }
    let mut ids = HashSet::new();
    while let Some(ledger) = openings.join_next().await {
        ids.insert(ledger.expect("joined").expect("opens").ledger_id().to_owned());
    }
    assert_eq!(ids.len(), 1);
}
