//! Hostile content in every field a page shows: inert, marked, and never longer than one can read.

use synapsor_protocol::{Logic, Value};

use crate::world::{World, page};

/// Things that would do something if they were taken for anything but text.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "</code></pre><img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "' autofocus onfocus='alert(1)",
    "javascript:alert(1)",
    "{{ csrf }}{% include \"base.html\" %}",
    "<!--",
    "]]><x>",
    "&lt;b&gt;",
    "\u{202e}evil\u{2066}",
    "zero\u{200b}width\u{feff}",
    "\u{1b}[2J\r\n\u{0007}",
    "=cmd|'/C calc'!A0",
];

/// What of the above must never be on a page as it is.
const NEVER: &[&str] =
    &["<script>alert", "<img", "<svg", "onfocus='", "<!--", "<x>", "\u{202e}", "\u{200b}", "\u{1b}", "\u{7}"];

#[tokio::test]
async fn stored_markup_is_inert_in_every_field_of_every_page() {
    let world = World::new().await;
    let browser = world.enter().await;
    for (at, hostile) in HOSTILE.iter().enumerate() {
        let text = || (*hostile).to_owned();
        let stored = world
            .propose(|change, evidence| {
                change.capability = text();
                (change.tenant, change.principal) = (text(), text());
                change.summary = Some(text());
                change.target.table = text();
                change.target.key = Value::Text(format!("{hostile}{at}"));
                change.before.insert(text(), Value::Text(text()));
                change.before.insert("doc".to_owned(), Value::Json(text()));
                change.patch.insert("waiver_reason".to_owned(), Value::Text(text()));
                change.patch.insert(text(), Value::Bytes(text().into_bytes()));
                change.logic = Logic::Declarative;
                (evidence.tenant, evidence.principal) = (text(), text());
                evidence.log = vec![text()];
                evidence.arguments.insert(text(), Value::Text(text()));
            })
            .await;
        for path in [page(&stored), "/".to_owned(), format!("{}/json", page(&stored))] {
            let shown = browser.get(&path).await;
            assert_eq!(shown.status, 200, "{path}: {}", shown.body);
            for never in NEVER {
                assert!(!shown.body.contains(never), "{hostile:?} at {path}: {never:?} is there as it is");
            }
        }
        let csrf = crate::client::input(&browser.get("/").await.body, "csrf");
        assert_eq!(csrf.len(), 64);
    }
}

#[tokio::test]
async fn what_hides_is_marked_where_it_stands() {
    let world = World::new().await;
    let browser = world.enter().await;
    let stored = world
        .propose(|change, _| {
            change
                .patch
                .insert("waiver_reason".to_owned(), Value::Text("pay\u{202e}no\u{200b}w ".to_owned()));
        })
        .await;
    let shown = browser.get(&page(&stored)).await.body;
    for mark in ["U+202E", "U+200B", "␣"] {
        assert!(shown.contains(&format!("<span class=\"mark\">{mark}</span>")), "{mark}");
    }
}

#[tokio::test]
async fn a_megabyte_is_cut_on_the_page_and_whole_in_its_file() {
    let world = World::new().await;
    let browser = world.enter().await;
    let long = "<b>".repeat(400_000);
    let stored = world
        .propose(|change, _| {
            change.patch = crate::world::text_column("waiver_reason", &long);
        })
        .await;
    let shown = browser.get(&page(&stored)).await;
    assert!(shown.body.len() < 60_000, "{}", shown.body.len());
    assert!(shown.body.contains("more bytes of 1200000"));
    let whole = browser.get(&format!("{}/value/after/0", page(&stored))).await;
    assert_eq!(whole.header("content-disposition"), Some("attachment; filename=\"value.txt\""));
    assert_eq!(
        (whole.header("content-type"), whole.body.len()),
        (Some("text/plain; charset=utf-8"), long.len())
    );
    for wrong in ["value/after/1", "value/sideways/0", "value/after/-1", "value/after/99999999999999999999"] {
        assert_eq!(browser.get(&format!("{}/{wrong}", page(&stored))).await.status, 404, "{wrong}");
    }
}

#[tokio::test]
async fn a_key_and_a_tenant_of_a_megabyte_are_cut_in_every_list_and_sentence() {
    let world = World::new().await;
    let browser = world.enter().await;
    let long = "k".repeat(1_000_000);
    let stored = world
        .propose(|change, evidence| {
            change.target.key = Value::Text(long.clone());
            (change.tenant, change.summary) = (long.clone(), Some(long.clone()));
            evidence.tenant.clone_from(&change.tenant);
        })
        .await;
    for path in [page(&stored), "/".to_owned(), "/activity".to_owned()] {
        let shown = browser.get(&path).await;
        assert_eq!(shown.status, 200, "{path}");
        assert!(shown.body.len() < 100_000, "{path}: {}", shown.body.len());
    }
}

#[tokio::test]
async fn what_was_looked_for_stands_in_its_field_as_it_was_typed() {
    let world = World::new().await;
    let browser = world.enter().await;
    let shown = browser.get("/?tenant=%22%3E%3Cb%3E%E2%80%AEx").await.body;
    let field = "name=\"tenant\" value=\"&#34;&#62;&#60;b&#62;\u{202e}x\"";
    assert!(shown.contains(field), "{shown}");
}

#[tokio::test]
async fn wrong_ids_are_not_found_on_every_page() {
    let world = World::new().await;
    world.invoice("INV-1").await;
    let browser = world.enter().await;
    for id in ["wrp_0", "wrp_", "latest", "*", "%27%20OR%201=1", "wrp_%00", "a".repeat(4000).as_str()] {
        for view in ["", "/json", "/record", "/rerun", "/value/after/0"] {
            let answer = browser.get(&format!("/proposals/{id}{view}")).await;
            assert_eq!(answer.status, 404, "{id}{view}: {}", answer.body);
        }
    }
}
