//! The attack table: what somebody without a right to decide may try, the status each gets, and that nothing was decided.

use expect_test::expect_file;
use synapsor_protocol::ProposalState;

use crate::client::Request;
use crate::tries::{Honest, Try};
use crate::world::World;

/// The page of what is tried at all doors; its last part is this table.
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/hostile-requests.md");

/// Where that part begins.
const HEADING: &str = "\n## The person's door\n";

const BEGINNING: &str = "
`synapsor ui`, from `runner/review/tests/room/tries.rs`. Each is a good decision, or a look at the list, spoiled in one way; nothing is
decided, and nothing is left behind. Where somebody has tried too many keys within a minute, 429 stands for 401.
";

/// The part of the page that is written here.
fn persons_door(tries: &[(&str, Vec<Try>)]) -> String {
    let mut part = format!("{HEADING}{BEGINNING}");
    for (group, rows) in tries {
        part.push_str(&format!("\n### {group}\n\n| Request | Status |\n| --- | --- |\n"));
        part.extend(rows.iter().map(|(about, _, status)| format!("| {about} | {status} |\n")));
    }
    let count: usize = tries.iter().map(|(_, rows)| rows.len()).sum();
    assert!(count >= 60, "{count}");
    part + &format!("\n{count} requests.\n")
}

#[tokio::test]
async fn every_attack_is_answered_with_its_status_and_decides_nothing() {
    let world = World::new().await;
    let stored = world.invoice("INV-1").await;
    let honest = Honest::of(&world, &stored).await;
    let tries = honest.tries();
    let part = persons_door(&tries);
    // Wrong keys lock the door after a while, which is a test of its own.
    let (keys, rest): (Vec<Try>, Vec<Try>) =
        tries.into_iter().flat_map(|(_, rows)| rows).partition(|(_, _, status)| *status == 401);
    let before = world.events().await;
    for (name, request, status) in keys.into_iter().chain(rest) {
        let answer = world.ask(request).await;
        let locked = status == 401 && answer.status == 429;
        assert!(
            answer.status == status || locked,
            "{name}: {} in place of {status}\n{}",
            answer.status,
            answer.body
        );
        assert_eq!(world.events().await, before, "{name} left something in the ledger");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{name}");
    }
    let now = world.ledger.proposal(&stored.proposal.proposal_id).await.unwrap();
    assert_eq!(now.state, ProposalState::PendingReview);
    // And the decision they all were bent from is a good one.
    assert_eq!(world.ask(honest.good).await.status, 303);
    // What stands before is written by the tests of the other doors.
    let written = std::fs::read_to_string(DOCUMENT).expect("the page is there");
    let others = written.split_once(HEADING).map_or(written.as_str(), |(others, _)| others);
    expect_file![DOCUMENT].assert_eq(&format!("{others}{part}"));
}

#[tokio::test]
async fn a_link_is_good_once_and_its_token_does_not_stay_in_the_address() {
    let world = World::new().await;
    let link = world.links.next().unwrap();
    let path = link.split_once(&world.address.to_string()).unwrap().1.to_owned();
    let entered = world.ask(Request::get(&path)).await;
    assert_eq!((entered.status, entered.header("location")), (303, Some("/")));
    let cookie = entered.header("set-cookie").unwrap();
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{cookie}");
    assert!(!cookie.contains(path.split('=').nth(1).unwrap()), "the cookie is another secret than the token");
    assert_eq!(world.ask(Request::get(&path)).await.status, 401);
    // In the browser that has a session, the old link leads to the pages.
    let again = Request::get(&path).with("cookie", cookie.split(';').next().unwrap());
    let again = world.ask(again).await;
    assert_eq!((again.status, again.header("location"), again.header("set-cookie")), (303, Some("/"), None));
}

#[tokio::test]
async fn too_many_wrong_keys_lock_the_door_and_sessions_stay_open() {
    let world = World::new().await;
    let browser = world.enter().await;
    let mut statuses = Vec::new();
    for guess in 0..20 {
        statuses.push(world.ask(Request::get(&format!("/?token={guess:064x}"))).await.status);
    }
    assert_eq!(
        statuses.iter().filter(|status| **status == 401).count()
            + statuses.iter().filter(|status| **status == 429).count(),
        20
    );
    assert_eq!(statuses.last(), Some(&429));
    // Not even a right link opens it now.
    let link = world.links.next().unwrap();
    let path = link.split_once(&world.address.to_string()).unwrap().1;
    let locked = world.ask(Request::get(path)).await;
    assert_eq!((locked.status, locked.header("retry-after")), (429, Some("60")));
    assert_eq!(browser.get("/").await.status, 200);
}

#[tokio::test]
async fn leaving_ends_the_session_on_the_server_too() {
    let world = World::new().await;
    let browser = world.enter().await;
    let list = browser.get("/").await;
    let csrf = crate::client::input(&list.body, "csrf");
    let left = world.ask(browser.post("/leave", &format!("csrf={csrf}"))).await;
    assert_eq!(left.status, 303);
    assert!(left.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(browser.get("/").await.status, 401);
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_a_browser_safe() {
    let world = World::new().await;
    let browser = world.enter().await;
    for path in ["/", "/nowhere", "/assets/review.css", "/assets/review.js", "/?state=x"] {
        let answer = browser.get(path).await;
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
        assert_eq!(answer.header("server"), None, "{path}");
    }
}
