//! The wire is cut at its first frame, its second, its third, until an apply passes untouched.

use synapsor_protocol::Engine;

use crate::bench::{Bench, finished};
use crate::proxy::{Action, At, Plan, Proxy, Traffic};
use crate::trial::{Blow, Case, run_all};
use crate::volume::volume;

const CUTS: [(&str, Action); 4] = [
    ("request dropped", Action::Drop),
    ("half a request", Action::Half),
    ("answer lost", Action::LoseAnswer),
    ("half an answer", Action::HalfAnswer),
];

/// A request is what is answered together; nightly, every single frame.
#[tokio::test(flavor = "multi_thread")]
async fn an_apply_cut_off_at_any_request_ends_in_exactly_one_change() {
    let mut cases = Vec::new();
    for engine in [Engine::Postgres, Engine::Mysql] {
        let traffic = traffic(engine).await;
        let case = |at, mode: &str, action| {
            let blow = Blow::Cut(Plan::new(at, action));
            Case { engine, point: None, mode: mode.into(), blow, may_say: &[] }
        };
        // One more than there are: that one passes untouched.
        let past_the_end = traffic.requests.len() + 1;
        for (mode, action) in CUTS {
            cases.extend((1..=past_the_end).map(|number| case(At::Request(number), mode, action)));
        }
        if volume() > 1 {
            let to_server = 1..=traffic.frames_to_server;
            cases.extend(to_server.map(|number| case(At::ToServer(number), "frame dropped", Action::Drop)));
            let to_client = 1..=traffic.frames_to_client;
            cases.extend(to_client.map(|number| case(At::ToClient(number), "answer dropped", Action::Drop)));
        }
    }
    let (expected, table) = (cases.len(), run_all(cases, 3).await);
    assert_eq!(table.trials(), expected as u64);
    let untouched = CUTS.len() * 2;
    assert_eq!(table.trials_at("untouched"), untouched as u64, "every sweep goes on until nothing is cut");
    table.finish("the wire is cut at every request");
}

/// What an apply sends and gets when nothing is cut.
pub(crate) async fn traffic(engine: Engine) -> Traffic {
    let bench = Bench::new(engine).await;
    let desk = bench.desk().await;
    let proxy = Proxy::start(engine, bench.database.url(), None).await;
    let answered = finished(&mut desk.apply(Some(proxy.url()))).await;
    assert_eq!(answered.word(), "applied", "{answered:?}");
    let traffic = proxy.traffic();
    for step in
        ["s.begin", "s.lock", "s.receipt", "s.update", "s.verify", "s.sentinel", "s.commit", "s.readback"]
    {
        assert!(traffic.requests.contains(&step), "{engine} {step}: {:?}", traffic.requests);
    }
    traffic
}
