//! `doctor` where a worker is to run: what stands in its way is found by its code, and no table of the application's is touched.

use serde_json::{Value as Json, json};

use super::stand_in::{Answer, StandIn};
use super::{control_plane, free_port, token};
use crate::world::World;

on_every_engine!(a_worker_that_can_start_is_told_apart_from_one_that_cannot);

/// The codes of the worker's own section, and what was looked at.
fn looked_at(world: &World) -> (Vec<String>, String) {
    let told = world.ask(&["doctor"]);
    let sections = told["sections"].as_array().unwrap_or_else(|| panic!("{told}"));
    let Some(section) = sections.iter().find(|section| section["name"] == json!("worker")) else {
        return (Vec::new(), "nothing".to_owned());
    };
    let code = |finding: &Json| finding["code"].as_str().expect("a code").to_owned();
    let codes = section["findings"].as_array().expect("findings").iter().map(code).collect();
    (codes, section["looked_at"].as_str().expect("a text").to_owned())
}

fn codes(world: &World) -> Vec<String> {
    looked_at(world).0
}

async fn a_worker_that_can_start_is_told_apart_from_one_that_cannot(mut world: World) {
    assert_eq!(looked_at(&world), (Vec::new(), "nothing".to_owned()), "this machine is no worker's");
    let port = free_port();
    let plane = control_plane(&world, port);
    let (id, secret) = token(&world, "worker-1", "app");
    let (_, elsewhere) = token(&world, "worker-2", "books");
    world.set("SYNAPSOR_RUNNER_TOKEN", &secret);
    assert_eq!(codes(&world), ["DOCTOR_WORKER_VARIABLE_MISSING"; 5], "all but the token");

    world.set("SYNAPSOR_CONTROL_PLANE_URL", &format!("http://127.0.0.1:{port}"));
    world.set("SYNAPSOR_RUNNER_ID", "worker-1");
    world.set("SYNAPSOR_SOURCE_ID", "app");
    // What is not there cannot be touched.
    for (from, to) in [("invoices", "invoices_away"), ("customers", "customers_away")] {
        world.database.execute(&format!("ALTER TABLE {from} RENAME TO {to}")).await;
    }
    let (found, said) = looked_at(&world);
    assert_eq!(found, Vec::<String>::new(), "{said}");
    assert!(said.contains("rolled back") && said.contains("is made"), "{said}");
    assert!(looked_at(&world).1.ends_with("rolled back"), "once it is there it is not made again");
    assert_eq!(world.receipts().await, 0);

    world.set("SYNAPSOR_RUNNER_TOKEN", &elsewhere);
    assert_eq!(codes(&world), ["DOCTOR_RUNNER_TOKEN_REFUSED"; 2], "another worker's, for another source");
    world.set("SYNAPSOR_RUNNER_TOKEN", "syn_wbr_00");
    assert_eq!(codes(&world), ["DOCTOR_RUNNER_TOKEN_REFUSED"]);
    world.ask(&["control-plane", "token", "revoke", &id]);
    world.set("SYNAPSOR_RUNNER_TOKEN", &secret);
    assert_eq!(codes(&world), ["DOCTOR_RUNNER_TOKEN_REFUSED"]);
    drop(plane);
    assert_eq!(codes(&world), ["DOCTOR_CONTROL_PLANE_AWAY"]);
    let answered = world.run(&["doctor"]);
    assert!(answered.exit == 1 && !format!("{answered:?}").contains(&secret), "{answered:?}");

    let known = json!({ "ok": true, "runner_id": "worker-1", "sources": ["app"] });
    let believing = StandIn::new(None, move |_| Answer::Yes(known.clone()));
    world.set("SYNAPSOR_CONTROL_PLANE_URL", &format!("http://127.0.0.1:{}", believing.port));
    assert_eq!(codes(&world), Vec::<String>::new());
    // A receipts table that is none.
    world.database.execute("DROP TABLE synapsor_writeback_receipts").await;
    world.database.execute("CREATE TABLE synapsor_writeback_receipts (idempotency_key varchar(64))").await;
    assert_eq!(codes(&world), ["DOCTOR_RECEIPTS_NOT_WRITABLE"]);
}
