//! The report of an object's whole story, word for word in each form, and what hostile values can do in it: nothing.

use expect_test::expect_file;
use serde_json::json;
use synapsor_protocol::Engine;

use crate::screens::settled;
use crate::world::{Answered, World};

/// An applied waiver, a waiting proposal whose reason is hostile, a read, and a refused call.
async fn told() -> World {
    let world = World::new(Engine::Sqlite).await;
    let call = |capability: &str, arguments: serde_json::Value| {
        world.run(&["propose", capability, "--args", &arguments.to_string()])
    };
    let done = |answered: Answered| assert_eq!(answered.exit, 0, "{answered:?}");
    done(call("billing.inspect_invoice", json!({ "invoice_id": "INV-3001" })));
    let waive = |reason: &str| json!({ "invoice_id": "INV-3001", "reason": reason });
    done(call("billing.propose_late_fee_waiver", waive("bank delay")));
    done(world.run(&["proposals", "approve", "latest", "--actor", "lead", "--reason", "checked", "--yes"]));
    done(world.run(&["apply", "latest"]));
    done(call(
        "billing.propose_late_fee_waiver",
        waive("<script>alert(1)</script> | [x](http://y.z) \u{202e}\n# no"),
    ));
    assert_eq!(call("billing.inspect_invoice", json!({ "invoice_id": "INV-9999" })).exit, 1);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_tells_who_asked_what_they_saw_who_allowed_it_and_what_happened() {
    let world = told().await;
    for (format, expected) in [
        ("markdown", expect_file!["screens/report.md"]),
        ("html", expect_file!["screens/report.html"]),
        ("json", expect_file!["screens/report.json"]),
    ] {
        let words = ["report", "--principal", "support.agent", "--tenant", "acme", "--format", format];
        let answered = world.run(&words);
        assert_eq!((answered.exit, answered.stderr.as_str()), (0, ""), "{answered:?}");
        let hostile: &[&str] = match format {
            "markdown" => &["<script", "[x](", "\u{202e}"],
            "html" => &["<script", "\u{202e}"],
            _ => &[],
        };
        for hostile in hostile {
            assert!(!answered.stdout.contains(hostile), "{format}: {hostile}");
        }
        expected.assert_eq(&settled(&answered.stdout));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_says_that_the_ledger_was_edited() {
    let world = told().await;
    let conn = rusqlite::Connection::open(world.ledger_path()).expect("opens");
    conn.execute_batch(
        "DROP TRIGGER evidence_stays; UPDATE evidence SET document = replace(document, '5500', '5501');",
    )
    .expect("edited");
    drop(conn);
    let answered = world.run(&["report", "--object", "invoice:INV-3001"]);
    assert_eq!(answered.exit, 0, "{answered:?}");
    assert!(answered.stdout.contains("- verified: no: event"), "{}", answered.stdout);
}
