//! `synapsor ui` from outside: how it starts, who gets in, what it answers, and how it ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{ChildStdout, ExitStatus, Stdio};

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::http::peer::{Answer, Request, connect};
use crate::running::Running;
use crate::world::World;

const WAIVE: &str = "billing.propose_late_fee_waiver";
const REASON: &str = r#"{"invoice_id":"INV-3001","reason":"The bank's fault."}"#;

/// Pages that are served, for one test.
pub(crate) struct Pages {
    child: Running,
    stdout: BufReader<ChildStdout>,
    /// The first line it printed.
    line: String,
    /// `127.0.0.1:PORT`.
    address: String,
    token: String,
}

impl Pages {
    pub(crate) fn start(world: &World, words: &[&str]) -> Self {
        let mut command = world.command(&[&["ui"], words].concat());
        let mut child = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        let url = line
            .trim_end()
            .trim_end_matches("\"}")
            .split_once("http://")
            .unwrap_or_else(|| panic!("no link in `{line}`"))
            .1;
        let (address, token) = url.split_once("/?token=").expect("a token");
        Self { address: address.to_owned(), token: token.to_owned(), child, stdout, line }
    }

    fn ask(&self, request: &Request) -> Answer {
        Answer::of(&self.address.replace("0.0.0.0", "127.0.0.1"), &request.bytes(&self.address))
    }

    /// What a session sees there.
    pub(crate) fn look(&self, cookie: &str, target: &str) -> Answer {
        self.ask(&Request::bare("GET", target).with("Cookie", cookie))
    }

    fn get(&self, target: &str) -> u16 {
        self.ask(&Request::bare("GET", target)).status
    }

    /// The link, opened: the cookie that keeps the session.
    pub(crate) fn enter(&self) -> String {
        let answer = self.ask(&Request::bare("GET", &format!("/?token={}", self.token)));
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some("/")),
            "the token leaves the address"
        );
        let cookie = answer.header("set-cookie").expect("a cookie");
        assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
        cookie.split(';').next().expect("a pair").to_owned()
    }

    /// Ends it as a service manager would; how it ended, and all it printed after its first line.
    fn stop(mut self) -> (ExitStatus, String, String) {
        self.child.send("TERM");
        let status = self.child.wait().expect("it ends");
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).expect("text");
        self.child.stderr.take().expect("stderr").read_to_string(&mut stderr).expect("text");
        (status, stdout, stderr)
    }
}

/// Starts pages that must not start; exit code and the refusal's code.
fn refused(world: &World, words: &[&str]) -> (i32, String) {
    let answered = world.run(&[&["ui", "--json"], words].concat());
    (answered.exit, answered.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_link_is_printed_once_opens_one_session_and_sigterm_ends_it() {
    let world = World::new(Engine::Sqlite).await;
    let pages = Pages::start(&world, &[]);
    assert!(pages.line.starts_with("Synapsor review: http://127.0.0.1:"), "{}", pages.line);
    assert_eq!(pages.get("/"), 401, "nobody gets in without the link");
    let cookie = pages.enter();
    assert_eq!(pages.get(&format!("/?token={}", pages.token)), 401, "the link is used up");
    let list = Request::bare("GET", "/").with("Cookie", &cookie);
    assert_eq!(pages.ask(&list).status, 200, "the cookie is the key now");
    assert_eq!(pages.get("/"), 401, "and nothing else is");
    let token = pages.token.clone();
    let (status, stdout, stderr) = pages.stop();
    assert!(status.success(), "{status}");
    assert_eq!(stdout, "", "the link is printed once");
    assert!(!stderr.contains(&token), "a link is no line of a log: {stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_json_the_link_is_a_document() {
    let world = World::new(Engine::Sqlite).await;
    let pages = Pages::start(&world, &["--json"]);
    let document: Json = serde_json::from_str(&pages.line).expect("JSON");
    assert_eq!(document, json!({ "url": format!("http://{}/?token={}", pages.address, pages.token) }));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_would_stand_open_or_show_nothing_do_not_start() {
    let world = World::new(Engine::Sqlite).await;
    let taken = Pages::start(&world, &[]);
    let port = taken.address.rsplit_once(':').expect("a port").1;
    let table: &[(&[&str], i32, &str)] = &[
        (&["--host", "0.0.0.0"], 1, "BIND_NOT_LOCAL"),
        (&["--host", "::"], 1, "BIND_NOT_LOCAL"),
        (&["--host", "192.0.2.1"], 1, "BIND_NOT_LOCAL"),
        (&["--host", "192.0.2.1", "--allow-remote-bind"], 3, "ADDRESS_UNAVAILABLE"),
        (&["--port", port], 3, "ADDRESS_UNAVAILABLE"),
        (&["--store", "nowhere.db"], 3, "LEDGER_UNAVAILABLE"),
    ];
    for (words, exit, code) in table {
        assert_eq!(refused(&world, words), (*exit, (*code).to_owned()), "{words:?}");
    }
    assert!(!world.folder.path().join("nowhere.db").exists(), "a ledger that was named is not made");
    for usage in [
        &["--host", "review.example"][..],
        &["--port", "65536"],
        &["--link-for", "16m"],
        &["--idle-for", "0s"],
        &["--idle-for", "1"],
    ] {
        assert_eq!(world.run(&[&["ui"], usage].concat()).exit, 2, "{usage:?}");
    }
    std::fs::remove_file(world.config_path()).expect("removed");
    assert_eq!(refused(&world, &[]).0, 2, "without a config there is nothing to show");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_other_machines_reach_say_so() {
    let world = World::new(Engine::Sqlite).await;
    let pages = Pages::start(&world, &["--host", "0.0.0.0", "--allow-remote-bind"]);
    assert_eq!(pages.get("/"), 401, "they stand open to no one");
    let (status, _, stderr) = pages.stop();
    assert!(status.success());
    assert!(stderr.contains("WARNING: every machine that can reach 0.0.0.0"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_ids_are_not_found_bad_requests_are_bad_and_none_is_the_servers_error() {
    let world = World::new(Engine::Sqlite).await;
    let made = world.ask(&["propose", WAIVE, "--args", REASON]);
    let id = made["proposal"]["proposal_id"].as_str().expect("an id").to_owned();
    let pages = Pages::start(&world, &[]);
    let cookie = pages.enter();
    let look = |target: &str| Request::bare("GET", target).with("Cookie", &cookie);
    let page = pages.ask(&look(&format!("/proposals/{id}")));
    assert_eq!(page.status, 200);
    let csrf = page.body.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let csrf = format!("csrf={}", csrf.expect("a CSRF token"));
    let own = |method: &str, target: &str| {
        look(target).by(method).with("Origin", &format!("http://{}", pages.address))
    };
    let post = |target: &str, body: &str| {
        own("POST", target).with("Content-Type", "application/x-www-form-urlencoded").saying(body)
    };
    let approve = format!("/proposals/{id}/approve");
    let table = [
        (look("/proposals/wrp_nobody"), 404),
        (look("/proposals/wrp_nobody/json"), 404),
        (look("/proposals/wrp_nobody/rerun"), 404),
        (look(&format!("/proposals/{id}/value/before/99")), 404),
        (look(&format!("/proposals/{id}/value/before/x")), 404),
        (look(&format!("/proposals/{id}/value/sideways/0")), 404),
        (look("/evidence/ev_nobody"), 404),
        (look("/audit/qa_nobody"), 404),
        (look("/receipts/%00"), 404),
        (look("/proposals/%ff"), 400),
        (look("/?state=nothing"), 400),
        (look("/?after=nowhere"), 400),
        (look("/evidence?object=x"), 400),
        (look("/activity?export=exe"), 400),
        (look(&format!("/receipts?tenant={}", "x".repeat(301))), 400),
        (post("/proposals/wrp_nobody/approve", &csrf), 400),
        (post(&approve, &format!("{csrf}&digest=md5%3A1&actor=ada")), 400),
        (post(&approve, &format!("{csrf}&{csrf}")), 400),
        (post(&approve, "%%%"), 403),
        (own("POST", &approve).saying("{}"), 415),
        (post(&format!("/proposals/{id}/apply"), &csrf), 404),
        (own("DELETE", &format!("/proposals/{id}")), 405),
    ];
    for (request, status) in table {
        assert_eq!(pages.ask(&request).status, status, "{request:?}");
    }
    let state = world.ask(&["proposals", "show", &id]);
    assert_eq!(state["state"], json!("pending_review"), "{state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_live_stream_does_not_keep_the_process() {
    let world = World::new(Engine::Sqlite).await;
    let pages = Pages::start(&world, &[]);
    let cookie = pages.enter();
    let mut stream = connect(&pages.address);
    let watch = Request::bare("GET", "/live").with("Cookie", &cookie);
    stream.write_all(&watch.bytes(&pages.address)).expect("is sent");
    let mut first = [0; 12];
    stream.read_exact(&mut first).expect("it streams");
    assert_eq!(&first, b"HTTP/1.1 200");
    assert!(pages.stop().0.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_nobody_uses_is_over_and_its_stream_ends_with_it() {
    let world = World::new(Engine::Sqlite).await;
    let pages = Pages::start(&world, &["--idle-for", "1s"]);
    let cookie = pages.enter();
    // The stream is no use of the session: it ends by itself, and what comes after finds the door shut.
    assert_eq!(pages.ask(&Request::bare("GET", "/live").with("Cookie", &cookie)).status, 200);
    assert_eq!(pages.ask(&Request::bare("GET", "/").with("Cookie", &cookie)).status, 401);
}
