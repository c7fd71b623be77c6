//! How long the server takes for the first page of every list and for a proposal's page, in a ledger of 10,000 proposals.
//!
//! `cargo bench --workspace --bench pages`. Each look is a request on a connection of its own, from the first byte sent to
//! the last byte read. Ends with an error where the middle look of a page takes as long as somebody would notice.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends loudly"
)]

#[path = "../tests/room/client.rs"]
mod client;
#[path = "../../ledger/tests/room/ground.rs"]
#[expect(dead_code, reason = "a benchmark needs a part of the ground")]
mod ground;
#[path = "../../ledger/benches/ledger/large.rs"]
mod large;
#[path = "../../ledger/tests/room/story.rs"]
#[expect(dead_code, reason = "a benchmark tells a part of the stories")]
mod story;
#[path = "../tests/room/world.rs"]
#[expect(dead_code, reason = "a benchmark needs the pages' parts and no more of their world")]
mod world;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use synapsor_protocol::ProposalId;
use synapsor_review::Server;
use tokio::task::JoinSet;

use client::{Request, send};
use ground::Fixture;
use story::{Call, Documents};

/// Proposals in the ledger, each with evidence, an audit and a receipt.
const PROPOSALS: u32 = 10_000;
/// Proposals that are recorded at once, and share a commit.
const AT_ONCE: usize = 200;
/// Looks at each page, of which the middle one counts; slow enough together that no limit of requests is met.
const LOOKS: usize = 21;
/// A person notices nothing below this.
const PAGE_WITHIN: Duration = Duration::from_millis(100);

fn main() {
    // `cargo test --benches` only asks whether it starts.
    if !std::env::args().any(|word| word == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let slowest = runtime.block_on(pages());
    assert!(slowest < PAGE_WITHIN, "a page takes {} ms", slowest.as_millis());
}

/// Looks at every page; the slowest middle look.
async fn pages() -> Duration {
    println!("{:<44} {:>10} {:>10} {:>10}", "page of 10,000 proposals", "middle ms", "worst ms", "bytes");
    let mut slowest = Duration::ZERO;
    let filled = large::ledger(PROPOSALS).await;
    let pages = Pages::of(&filled).await;
    for path in [
        "/",
        "/?state=pending_review",
        "/?tenant=tenant-7",
        "/activity",
        "/evidence",
        "/audit",
        "/receipts",
        "/tools",
        "/setup",
    ] {
        slowest = slowest.max(pages.look(path).await);
    }
    // The seals of that ledger do not hold, and a proposal's page proves them.
    let (sealed, proposal) = sealed().await;
    let pages = Pages::of(&sealed).await;
    for path in [format!("/proposals/{proposal}"), format!("/proposals/{proposal}/json")] {
        slowest = slowest.max(pages.look(&path).await);
    }
    slowest
}

/// As many proposals recorded one by one, and one of them.
async fn sealed() -> (Fixture, ProposalId) {
    let fixture = Fixture::new().await;
    let mut orders = 0..i64::from(PROPOSALS);
    while !orders.is_empty() {
        let mut recording = JoinSet::new();
        for order in orders.by_ref().take(AT_ONCE) {
            let notebook = fixture.ledger.notebook();
            let Documents { proposal, evidence, audit } = Call::order(order).documents();
            recording.spawn(async move { notebook.record_proposal(proposal, evidence, audit).await });
        }
        recording.join_all().await.into_iter().for_each(|recorded| drop(recorded.expect("recorded")));
    }
    let proposal = fixture.propose(&Call::order(i64::from(PROPOSALS))).await.proposal.proposal_id;
    (fixture, proposal)
}

/// Pages that are served, and a session.
struct Pages {
    address: SocketAddr,
    cookie: String,
}

impl Pages {
    async fn of(fixture: &Fixture) -> Self {
        let parts = world::parts(&fixture.ledger, false);
        let server = Server::bind(world::local(), parts).await.expect("listens");
        let link = server.link().expect("a link");
        let (address, path) = link.trim_start_matches("http://").split_once('/').expect("an address");
        let mut pages = Self { address: address.parse().expect("an address"), cookie: String::new() };
        tokio::spawn(server.serve(std::future::pending()));
        let entered = send(pages.address, &pages.request(&format!("/{path}"))).await;
        let cookie = entered.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        cookie.expect("a cookie").clone_into(&mut pages.cookie);
        pages
    }

    fn request(&self, path: &str) -> Vec<u8> {
        Request::get(path).with("host", &self.address.to_string()).with("cookie", &self.cookie).bytes()
    }

    /// Looks at a page, prints what it takes, and answers the middle look.
    async fn look(&self, path: &str) -> Duration {
        let request = self.request(path);
        let (mut times, mut bytes) = (Vec::new(), 0);
        for _ in 0..LOOKS {
            let start = Instant::now();
            let answer = send(self.address, &request).await;
            times.push(start.elapsed());
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            bytes = answer.body.len();
        }
        times.sort_unstable();
        let middle = times[LOOKS / 2];
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!("{path:<44} {:>10.1} {:>10.1} {bytes:>10}", ms(middle), ms(times[LOOKS - 1]));
        middle
    }
}
