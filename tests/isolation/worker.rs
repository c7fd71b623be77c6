//! The guests' process: what it holds, what keeps it in, and what its end costs.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use synapsor_handler_host::{EngineSettings, HandlerEngine, Isolation, Limits};
use synapsor_protocol::{Code, Digest, Value};

use crate::process::{BINARY, status, until};
use crate::support::{Table, call, columns, component, engine, fixtures, load_with, no_reads};

fn worker(engine: &HandlerEngine) -> u32 {
    engine.worker_process_id().expect("guests have a process")
}

fn kill(pid: u32) {
    let killed = Command::new("kill").args(["-9", &pid.to_string()]).status().expect("`kill` is there");
    assert!(killed.success(), "{pid}");
}

fn is_gone(pid: u32) -> bool {
    // A killed child that nobody waited for is still listed.
    !Path::new(&format!("/proc/{pid}")).exists() || status(pid, "State").starts_with('Z')
}

/// The host's credential while these tests run; the host's process has it in its environment and in its memory.
const CANARY: &str = "canary-5f1c9a-of-the-hosts-credential";

#[tokio::test]
async fn nothing_of_the_hosts_environment_memory_or_descriptors_is_in_the_worker() {
    // A host with the canary in its environment and its memory, and a file and a connection open that it lets children have.
    let script = "exec 7</etc/passwd; exec \"$0\" --exact worker::the_host_that_holds_the_canary --nocapture";
    let host = std::env::current_exe().expect("this test");
    let mut host = Command::new("sh")
        .args(["-c", script])
        .arg(host)
        .env("CANARY_HOST", CANARY)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(host.stdout.take().expect("piped")));
    let worker: u32 = lines
        .find_map(|line| line.expect("text").split_once("worker=")?.1.trim().parse().ok())
        .expect("the host says which process its worker is");
    let read = |name: &str| std::fs::read(format!("/proc/{worker}/{name}")).expect("may look");
    assert_eq!(read("environ"), b"", "the environment");
    let holds = |bytes: &[u8]| bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
    assert!(!holds(&read("cmdline")) && !holds(&read("maps")), "the command line and the maps");
    let (bytes, found) = memory(worker, holds);
    assert!(bytes > 1_000_000 && !found, "{bytes} bytes of memory looked at");
    let (_, found) = memory(host.id(), holds);
    assert!(found, "the host holds it, and the look finds it there");
    let mut open: Vec<_> = std::fs::read_dir(format!("/proc/{worker}/fd"))
        .expect("may look")
        .map(|entry| {
            std::fs::read_link(entry.expect("is listed").path()).expect("a link").display().to_string()
        })
        .map(|name| name.split(':').next().unwrap_or_default().to_owned())
        .collect();
    open.sort();
    open.dedup();
    // Its two pipes are the host's; the socket is one of a pair that its own runtime has for signals.
    let expected = ["/dev/null", "/proc/PID/pagemap", "anon_inode", "pipe", "socket"];
    assert!(
        open.iter().all(|name| expected.contains(&name.replace(&worker.to_string(), "PID").as_str())),
        "{open:?}"
    );
    // The host ends with its input; the worker ends with the host.
    kill(host.id());
    host.wait().expect("is a child");
    until("the worker's end", || is_gone(worker));
}

/// Started by the test above as the host; on its own it has nothing to hold.
#[tokio::test]
async fn the_host_that_holds_the_canary() {
    #[expect(clippy::disallowed_methods, reason = "this process is the host that has it in its environment")]
    let Some(canary) = std::env::var_os("CANARY_HOST") else { return };
    let engine = engine();
    let handler = load_with(&engine, "gets", Limits::default());
    let held = canary.into_string().expect("text");
    handler.propose(call(), Arc::new(Table::default())).await.expect("answers");
    println!("worker={}", worker(&engine));
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("the test's end");
    assert!(!held.is_empty());
}

/// Bytes of a process's memory that can be read, and whether one of its regions `holds`.
fn memory(pid: u32, holds: impl Fn(&[u8]) -> bool) -> (u64, bool) {
    use std::os::unix::fs::FileExt as _;
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).expect("may look");
    let memory = std::fs::File::open(format!("/proc/{pid}/mem")).expect("may look");
    let mut looked_at = 0;
    let mut found = false;
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').expect("a range");
        let (from, to) = range.split_once('-').expect("a range");
        let [from, to] = [from, to].map(|at| u64::from_str_radix(at, 16).expect("an address"));
        // What is only set aside cannot be read; the program's own file is not the host's memory.
        if !rest.starts_with("rw") || to - from > 1 << 32 {
            continue;
        }
        let mut block = vec![0; 1 << 20];
        let mut at = from;
        while at < to {
            let length = usize::try_from((to - at).min(1 << 20)).expect("small");
            let Ok(read) = memory.read_at(&mut block[..length], at) else { break };
            looked_at += read as u64;
            found |= holds(&block[..read]);
            at += (read as u64).max(1);
        }
    }
    (looked_at, found)
}

#[test]
fn the_worker_can_open_no_file_make_no_socket_and_gain_no_right() {
    let engine = engine();
    let pid = worker(&engine);
    assert_eq!(status(pid, "Seccomp"), "2", "a filter is in force");
    assert_eq!(status(pid, "NoNewPrivs"), "1");
    assert_eq!(status(pid, "Threads").parse::<u32>().map(|threads| threads > 2), Ok(true));
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).expect("may look") {
        let thread = thread.expect("is listed").file_name().into_string().expect("a number");
        assert_eq!(status(thread.parse().expect("a number"), "Seccomp"), "2", "thread {thread}");
    }
    let confinement = engine.confinement().expect("guests have a process");
    assert!(
        confinement.is_tight() && confinement.seccomp && confinement.no_new_privileges,
        "{confinement:?}"
    );
}

#[tokio::test]
async fn a_worker_killed_in_a_call_ends_that_call_and_the_next_one_works() {
    let engine = engine();
    let limits = Limits { timeout_ms: 60_000, ..Limits::default() };
    let slow = load_with(&engine, "gets", limits);
    let pid = worker(&engine);
    let table = Table { delay: Duration::from_secs(30), ..Table::default() };
    let table = Arc::new(table);
    let asked = Arc::clone(&table);
    let in_flight = tokio::spawn(async move { slow.propose(call(), table).await });
    while asked.asked.load(Ordering::Relaxed) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    kill(pid);
    let error = in_flight.await.expect("does not panic").expect_err("its worker is gone");
    assert_eq!(error.code, Code::HandlerWorkerLost, "{error}");
    assert!(error.code.retryable());
    let ordinary = load_with(&engine, "refuses", Limits::default());
    ordinary.propose(call(), no_reads()).await.expect("a new worker answers");
    assert_ne!(worker(&engine), pid);
}

#[tokio::test]
async fn a_handler_loaded_before_its_worker_died_runs_in_the_next_one_with_the_same_fuel() {
    let engine = engine();
    let handler = load_with(&engine, "waives_fee", Limits::default());
    let first = handler.propose(call(), no_reads()).await.expect("answers");
    for _ in 0..3 {
        let pid = worker(&engine);
        kill(pid);
        until("the worker's end", || engine.worker_process_id() != Some(pid));
        let next = handler.propose(call(), no_reads()).await.expect("answers");
        assert_eq!((&next.answer, next.usage.fuel), (&first.answer, first.usage.fuel));
    }
}

#[tokio::test]
async fn both_levels_give_the_same_answer_log_reads_and_fuel() {
    let here = HandlerEngine::new(EngineSettings { slots: 4, threads: 2, ..EngineSettings::default() });
    let (here, there) = (here.expect("wasm runs here"), engine());
    for name in ["waives_fee", "refuses", "gets", "finds", "echoes_row", "gets_once_too_often"] {
        let table = || Arc::new(Table::of([("C-1", columns([("id", Value::Text("C-1".into()))]))]));
        let mut runs = Vec::new();
        for engine in [&here, &there] {
            let handler = load_with(engine, name, Limits::default());
            let run = handler.propose(call(), table()).await;
            let run = run.map(|run| (run.answer, run.usage.fuel, run.usage.memory_bytes, run.log, run.reads));
            runs.push(
                run.map_err(|error| (error.code, error.message, error.usage.fuel, error.log, error.reads)),
            );
        }
        assert_eq!(runs[0], runs[1], "{name}");
    }
}

#[tokio::test]
async fn a_call_that_is_given_up_gives_its_slot_back_and_many_share_the_pipes() {
    let settings =
        EngineSettings { slots: 4, threads: 2, queue_wait_ms: 60_000, ..EngineSettings::default() };
    let engine = crate::support::engine_with(settings);
    let endless = component(&fixtures().join("hostile/endless_loop.wat"));
    let limits = Limits { fuel: u64::MAX, timeout_ms: 60_000, ..Limits::default() };
    let endless = engine.load(&endless, &Digest::of_bytes(&endless), limits).expect("loads");
    for _ in 0..4 {
        let given_up = tokio::time::timeout(Duration::from_millis(20), endless.propose(call(), no_reads()));
        assert!(given_up.await.is_err(), "it would run for a minute");
    }
    let ordinary = load_with(&engine, "refuses", Limits::default());
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let handler = ordinary.clone();
            tokio::spawn(async move { handler.propose(call(), no_reads()).await.map(drop) })
        })
        .collect();
    for ended in calls {
        assert_eq!(ended.await.expect("does not panic"), Ok(()));
    }
}

#[tokio::test]
async fn a_guest_that_loops_on_one_thread_does_not_keep_the_worker_from_hearing_other_calls() {
    let engine = engine();
    let endless = component(&fixtures().join("hostile/endless_loop.wat"));
    let limits = Limits { fuel: u64::MAX, timeout_ms: u64::MAX, ..Limits::default() };
    let endless = engine.load(&endless, &Digest::of_bytes(&endless), limits).expect("loads");
    let ordinary = load_with(&engine, "gets", Limits { timeout_ms: u64::MAX, ..Limits::default() });
    let ended = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&ended);
    let looping = tokio::spawn(async move {
        loop {
            endless.propose(call(), no_reads()).await.expect_err("has no end");
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    for _ in 0..20 {
        tokio::task::yield_now().await;
        ordinary.propose(call(), no_reads()).await.expect("answers beside it");
    }
    // Heard only after a loop has met its limit, each of these calls would see at least one end.
    assert!(ended.load(Ordering::Relaxed) < 20, "{ended:?} loops ended before 20 calls were answered");
    looping.abort();
}

#[test]
fn runtimes_come_and_go_and_the_worker_is_heard_in_whichever_is_left() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("starts");
    let settings =
        EngineSettings { slots: 2, threads: 2, queue_wait_ms: 60_000, ..EngineSettings::default() };
    let engine = crate::support::engine_with(settings);
    let ordinary = load_with(&engine, "gets", Limits::default());
    let endless = component(&fixtures().join("hostile/endless_loop.wat"));
    let limits = Limits { fuel: u64::MAX, timeout_ms: 60_000, ..Limits::default() };
    let endless = engine.load(&endless, &Digest::of_bytes(&endless), limits).expect("loads");
    for _ in 0..2 {
        let gone = runtime();
        gone.block_on(async {
            ordinary.propose(call(), no_reads()).await.expect("answers");
            // Given up, and this runtime ends before it could hear that their slots are free.
            for _ in 0..2 {
                let wait = Duration::from_millis(20);
                assert!(tokio::time::timeout(wait, endless.propose(call(), no_reads())).await.is_err());
            }
        });
        drop(gone);
        let alive = runtime();
        alive.block_on(async {
            ordinary.propose(call(), no_reads()).await.expect("answers");
            // Blocks the one thread of the runtime that hears the worker.
            load_with(&engine, "refuses", Limits::default());
            ordinary.propose(call(), no_reads()).await.expect("answers after it");
        });
    }
}

#[test]
fn the_worker_ends_with_its_engine() {
    let engine = engine();
    let pid = worker(&engine);
    let handler = load_with(&engine, "refuses", Limits::default());
    drop(engine);
    assert!(!is_gone(pid), "a handler keeps its engine");
    drop(handler);
    until("the worker's end", || is_gone(pid));
}

#[test]
fn a_program_that_is_no_helper_is_no_worker_and_the_engine_says_so() {
    for program in ["/nowhere/synapsor", "/bin/true", "/bin/cat"] {
        let isolation = Isolation::Process(synapsor_handler_host::Helper::new(program));
        let error = HandlerEngine::new(EngineSettings { isolation, ..EngineSettings::default() }).err();
        assert_eq!(error.expect("no worker").refusal().code, Code::HandlerNotLoaded, "{program}");
    }
}

#[test]
fn a_worker_that_no_host_started_does_nothing() {
    for words in [vec![], vec!["x"], vec!["1"]] {
        let output = Command::new(BINARY).arg("handler-worker").args(&words).output().expect("runs");
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), b"".as_slice()), "{words:?}");
    }
}

#[test]
fn a_component_of_another_world_is_refused_by_the_worker_in_the_same_words() {
    let component = wat::parse_str("(component)").expect("parses");
    let here =
        HandlerEngine::new(EngineSettings { slots: 4, ..EngineSettings::default() }).expect("wasm runs here");
    let refusals = [&here, &engine()].map(|engine| {
        engine
            .load(&component, &Digest::of_bytes(&component), Limits::default())
            .expect_err("no `propose`")
            .refusal()
    });
    assert_eq!(refusals[0], refusals[1]);
}
