//! Every view there is: shown, searched, paged, exported, and refused in words where the address makes no sense.

use crate::client::{Request, read};
use crate::world::{World, page};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LISTS: [&str; 5] = ["/", "/activity", "/evidence", "/audit", "/receipts"];

#[tokio::test]
async fn every_view_is_there_and_in_the_navigation() {
    let world = World::new().await;
    world.invoice("INV-1").await;
    let browser = world.enter().await;
    let home = browser.get("/").await.body;
    for view in LISTS.into_iter().chain(["/tools", "/setup"]) {
        let shown = browser.get(view).await;
        assert_eq!(shown.status, 200, "{view}: {}", shown.body);
        assert!(shown.body.contains("aria-current=\"page\""), "{view}");
        assert!(home.contains(&format!("<a href=\"{view}\"")), "{view}");
    }
    let setup = browser.get("/setup").await.body;
    assert!(setup.contains("<dd>main.invoices of app</dd>"), "{setup}");
    let tools = browser.get("/tools").await.body;
    assert!(tools.contains("billing.propose_late_fee_waiver") && tools.contains("billing_lead"), "{tools}");
}

#[tokio::test]
async fn lists_are_searched_and_what_makes_no_sense_is_said() {
    let world = World::new().await;
    world.invoice("INV-1").await;
    world.invoice("INV-2").await;
    let browser = world.enter().await;
    let found = browser.get("/?object=invoice%3AINV-2&tenant=acme").await.body;
    assert!(found.contains("INV-2") && found.matches("data-row").count() == 1, "{found}");
    for list in LISTS {
        assert!(
            browser.get(&format!("{list}?tenant=nobody")).await.body.contains("class=\"empty\""),
            "{list}"
        );
        for wrong in
            ["?state=x", "?after=yesterday", "?object=x", "?export=xml", "?sql=1", "?tenant=a&tenant=b"]
        {
            assert_eq!(browser.get(&format!("{list}{wrong}")).await.status, 400, "{list}{wrong}");
        }
    }
}

#[tokio::test]
async fn a_long_list_is_paged_and_every_page_can_be_exported() {
    let world = World::new().await;
    for at in 0..60 {
        world.invoice(&format!("INV-{at}")).await;
    }
    let browser = world.enter().await;
    let first = browser.get("/").await.body;
    assert_eq!(first.matches("data-row").count(), 50);
    let next = first.split("rel=\"next\"").next().unwrap().rsplit("href=\"").next().unwrap();
    let next = next.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    assert_eq!(browser.get(&next).await.body.matches("data-row").count(), 10);
    for list in LISTS {
        let json = browser.get(&format!("{list}?export=json")).await;
        let document: serde_json::Value = serde_json::from_str(&json.body).unwrap();
        assert_eq!(document["rows"].as_array().unwrap().is_empty(), list == "/receipts", "{list}");
        let csv = browser.get(&format!("{list}?export=csv")).await;
        assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"), "{list}");
        assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"list.csv\""));
    }
}

#[tokio::test]
async fn a_record_is_shown_in_full_and_a_wrong_id_is_not_found() {
    let world = World::new().await;
    let stored = world.invoice("INV-1").await;
    let browser = world.enter().await;
    let evidence = browser.get(&format!("/evidence/{}", stored.proposal.evidence_id)).await;
    assert!(evidence.status == 200 && evidence.body.contains("late_fee_cents"), "{}", evidence.body);
    for list in ["/evidence", "/audit", "/receipts"] {
        for id in ["nobody", "..%2f..%2fetc", "%00", "latest"] {
            assert_eq!(browser.get(&format!("{list}/{id}")).await.status, 404, "{list}/{id}");
        }
    }
}

#[tokio::test]
async fn the_rerun_badge_says_whether_the_record_gives_the_proposal_again() {
    let world = World::new().await;
    let stored = world.invoice("INV-1").await;
    let browser = world.enter().await;
    let badge = browser.get(&format!("{}/rerun", page(&stored))).await;
    assert!(badge.status == 200 && badge.body.contains("rerun: the same"), "{}", badge.body);
}

#[tokio::test]
async fn an_open_page_is_told_of_news_and_its_stream_ends_with_the_pages() {
    let world = World::new().await;
    let browser = world.enter().await;
    let request =
        Request::get("/live").with("cookie", &browser.cookie).with("host", &world.address.to_string());
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(&request.bytes()).await.unwrap();
    let mut heard = String::new();
    world.invoice("INV-1").await;
    while !heard.contains("data: ") {
        let mut bytes = [0; 1024];
        let count = stream.read(&mut bytes).await.unwrap();
        assert!(count > 0, "the stream ended: {heard}");
        heard.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    drop(browser);
    drop(world);
    read(&mut stream).await;
}
