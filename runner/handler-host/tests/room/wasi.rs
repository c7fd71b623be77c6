//! WASI where it is granted: a guest sees nothing but its call, twice the same; where it is not, it is not loaded.

use synapsor_handler_host::{Allowance, Handler, HandlerAnswer, HandlerCall, HandlerRun, Limits, Wasi};
use synapsor_protocol::{Code, Digest, Value};

use crate::support::{call, columns, engine, guest, load, no_reads};

fn granted(name: &str) -> Handler {
    let component = guest(name);
    let allowance = Allowance { limits: Limits::default(), wasi: Wasi::DenyAll };
    engine().load(&component, &Digest::of_bytes(&component), allowance).expect("loads")
}

async fn looked(call: HandlerCall) -> (Vec<u8>, HandlerRun) {
    let run = granted("looks_at_wasi").propose(call, no_reads()).await.expect("answers");
    let HandlerAnswer::Change { columns, .. } = &run.answer else { panic!("found {:?}", run.answer) };
    let Some(Value::Bytes(seen)) = columns.get("seen") else { panic!("found {columns:?}") };
    (seen.clone(), run)
}

fn number(seen: &[u8], at: usize) -> u64 {
    let bytes = seen.get(at..).and_then(|rest| rest.first_chunk()).expect("is long enough");
    u64::from_le_bytes(*bytes)
}

#[tokio::test]
async fn there_is_no_variable_argument_folder_or_socket_and_the_clocks_stand_still() {
    let (seen, run) = looked(call()).await;
    assert_eq!(seen[..12], [0; 12], "variables, arguments, folders");
    assert_eq!(seen[12..14], [1, 1], "a socket is refused: access denied");
    assert_eq!((number(&seen, 16), number(&seen, 24)), (1_750_000_000, 0), "the call's `now`");
    assert_eq!(number(&seen, 32), 1_750_000_000_000_000_000, "after an hour's sleep");
    assert_ne!(number(&seen, 40), number(&seen, 48), "randomness moves on");
    assert_eq!(run.log, ["stdout: first", "stdout: second"]);
}

#[tokio::test]
async fn a_call_of_wasi_costs_fuel_like_any_host_call_and_with_too_little_there_is_no_answer() {
    let (_, run) = looked(call()).await;
    let calls = 12;
    assert!(run.usage.fuel > calls * 1_000, "{:?}", run.usage);
    let component = guest("looks_at_wasi");
    let limits = Limits { fuel: run.usage.fuel, ..Limits::default() };
    let allowance = Allowance { limits, wasi: Wasi::DenyAll };
    let handler = engine().load(&component, &Digest::of_bytes(&component), allowance).expect("loads");
    let error = handler.propose(call(), no_reads()).await.expect_err("nothing is left");
    assert_eq!((error.code, error.usage.fuel), (Code::GuestFuel, run.usage.fuel));
}

#[tokio::test]
async fn two_runs_of_a_call_see_the_same_and_another_call_sees_other_randomness() {
    let (seen, run) = looked(call()).await;
    let (again, rerun) = looked(call()).await;
    assert_eq!((&seen, run.usage.fuel, &run.log), (&again, rerun.usage.fuel, &rerun.log));
    let other = HandlerCall { row: columns([("id", Value::Text("INV-2".into()))]), ..call() };
    let (other, _) = looked(other).await;
    assert_eq!(seen[..40], other[..40]);
    assert_ne!(number(&seen, 40), number(&other, 40));
}

/// What this call draws must stay the same in every later version, or a rerun would find differences nobody made.
#[tokio::test]
async fn the_randomness_of_a_call_is_the_same_for_ever() {
    let (seen, _) = looked(call()).await;
    assert_eq!([number(&seen, 40), number(&seen, 48)], [291_507_741_692_761_807, 14_670_204_775_873_450_797]);
}

#[test]
fn without_the_grant_every_wasi_import_is_refused_by_name() {
    let component = guest("looks_at_wasi");
    let error =
        engine().load(&component, &Digest::of_bytes(&component), Limits::default()).expect_err("no grant");
    let refusal = error.refusal();
    assert_eq!(refusal.code, Code::HandlerImportNotGranted);
    for name in
        ["wasi:cli/environment@0.2.0", "wasi:sockets/tcp-create-socket@0.2.0", "wasi:random/random@0.2.0"]
    {
        assert!(refusal.message.contains(name), "{}", refusal.message);
    }
    assert!(refusal.hint.is_some_and(|hint| hint.contains("deny_all")));
}

#[test]
fn the_grant_opens_nothing_but_the_known_interfaces_in_known_versions() {
    let allowance = Allowance { limits: Limits::default(), wasi: Wasi::DenyAll };
    for name in [
        "wasi:http/outgoing-handler@0.2.0",
        "wasi:cli/environment@0.2.13",
        "wasi:cli/environment@0.3.0",
        "wasi:keyvalue/store@0.2.0",
        "env",
    ] {
        let component =
            wat::parse_str(format!("(component (import \"{name}\" (instance)))")).expect("parses");
        let error = engine().load(&component, &Digest::of_bytes(&component), allowance).expect_err(name);
        assert_eq!(error.refusal().code, Code::HandlerImportNotGranted, "{name}");
    }
}

#[tokio::test]
async fn a_handler_that_imports_no_wasi_runs_the_same_with_and_without_the_grant() {
    let without = load("waives_fee").propose(call(), no_reads()).await.expect("answers");
    let with = granted("waives_fee").propose(call(), no_reads()).await.expect("answers");
    assert_eq!((without.answer, without.usage.fuel), (with.answer, with.usage.fuel));
}
