//! `events webhook` against receivers that answer late, badly, elsewhere or not at all.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde_json::{Value as Json, json};
use synapsor_protocol::{Engine, WebhookSecret};

use crate::running::Running;
use crate::world::World;

const SECRET: &str = "a-secret-that-both-sides-know-0123456789";

/// How a receiver answers one request.
#[derive(Clone, Copy)]
enum Answer {
    Status(u16),
    Redirect,
    /// Closes the connection without a word.
    Close,
    /// These bytes, and the connection closed after them.
    Bytes(&'static str),
    /// Says nothing for longer than anybody waits.
    Hang,
    /// Takes it, a moment later.
    Slow,
}

/// One request as it came.
struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> &str {
        let found = self.head.lines().find_map(|line| line.split_once(": ").filter(|(key, _)| *key == name));
        found.map_or("", |(_, value)| value)
    }

    fn envelope(&self) -> Json {
        serde_json::from_slice(&self.body).expect("an envelope")
    }

    fn seq(&self) -> i64 {
        self.envelope()["event"]["seq"].as_i64().expect("a number")
    }
}

/// A receiver on a port of its own that answers from a list, and takes everything after its end.
struct StandIn {
    url: String,
    requests: Receiver<Request>,
}

impl StandIn {
    fn new(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/events?token=hunter2", listener.local_addr().expect("an address"));
        let (sender, requests) = channel();
        std::thread::spawn(move || serve(&listener, answers.into_iter(), &sender));
        Self { url, requests }
    }

    fn next(&self) -> Request {
        self.requests.recv_timeout(Duration::from_secs(60)).expect("a request")
    }
}

fn serve(listener: &TcpListener, mut answers: impl Iterator<Item = Answer>, seen: &Sender<Request>) {
    // Held open, so that the sender has to give them up.
    let mut hanging = Vec::new();
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { return };
        let Some(request) = read(&stream) else { continue };
        let answer = answers.next().unwrap_or(Answer::Status(200));
        if seen.send(request).is_err() {
            return;
        }
        let status = match answer {
            Answer::Close => continue,
            Answer::Hang => {
                hanging.push(stream);
                continue;
            }
            Answer::Bytes(bytes) => {
                let _ = stream.write_all(bytes.as_bytes());
                continue;
            }
            Answer::Slow => {
                std::thread::sleep(Duration::from_millis(700));
                "200 OK".to_owned()
            }
            Answer::Redirect => "302 Found\r\nlocation: http://127.0.0.1:9/".to_owned(),
            Answer::Status(status) => format!("{status} Whatever"),
        };
        let text = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        // A sender that was killed reads no answer.
        let _ = stream.write_all(text.as_bytes());
    }
}

fn read(stream: &std::net::TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head).ok()? > 2 {}
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.trim().parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { head, body })
}

/// A ledger with a few events, and the address of a receiver.
async fn world(receiver: &StandIn) -> World {
    let mut world = World::new(Engine::Sqlite).await;
    world.set("EVENTS_URL", &receiver.url);
    world.set("EVENTS_SECRET", SECRET);
    for _ in 0..3 {
        let read = ["propose", "billing.inspect_invoice", "--args", r#"{"invoice_id":"INV-3001"}"#];
        assert_eq!(world.run(&read).exit, 0);
    }
    world
}

const ONCE: &[&str] =
    &["events", "webhook", "--url-env", "EVENTS_URL", "--secret-env", "EVENTS_SECRET", "--once"];
const HERE: &[&str] = &["--allow-private", "--from-start"];

/// Sends until it is stopped.
fn started(world: &World) -> Running {
    let words: Vec<&str> = ONCE.iter().chain(HERE).copied().filter(|word| *word != "--once").collect();
    let mut command: Command = world.command(&words);
    Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_is_taken_once_in_order_and_signed_whatever_the_receiver_does() {
    use Answer::{Bytes, Close, Hang, Status};
    let receiver = StandIn::new(vec![
        Status(500),
        Close,
        Hang,
        Status(200),
        Status(429),
        Bytes("HTTP/1.1 200 OK\r\ncontent-le"),
        Status(204),
        Bytes("SSH-2.0-hunter2\r\n"),
        // It has it, whatever else it says.
        Bytes("HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\nhunter2"),
    ]);
    let world = world(&receiver).await;
    let sent = world.run(&[ONCE, HERE, &["--timeout-ms", "500"]].concat());
    assert_eq!(sent.exit, 0, "{}", sent.stderr);
    assert!(!sent.stderr.contains("hunter2") && !sent.stderr.contains(SECRET), "{}", sent.stderr);
    let requests: Vec<Request> = (0..10).map(|_| receiver.next()).collect();
    let seqs: Vec<i64> = requests.iter().map(Request::seq).collect();
    assert_eq!(seqs, [1, 1, 1, 1, 2, 2, 2, 3, 3, 4], "until it is taken, and then the next");
    let secret = WebhookSecret::new(SECRET).expect("a secret");
    for request in &requests {
        let signature = request.header("synapsor-signature");
        let at = signature.strip_prefix("t=").and_then(|rest| rest.split_once(',')).expect("a time").0;
        assert_eq!(signature, secret.sign("1", at.parse().expect("a number"), &request.body));
        let envelope = request.envelope();
        assert_eq!(request.header("idempotency-key"), envelope["id"].as_str().expect("an id"));
        assert_eq!(envelope["schema_version"], "synapsor.local-event-webhook.v1");
        assert!(!String::from_utf8_lossy(&request.body).contains("overdue"), "no value of a row");
    }
    let again = world.ask(&[ONCE, HERE].concat());
    assert_eq!((&again["taken"], &again["last_event"]), (&json!(0), &json!(4)), "{again}");
    assert!(receiver.requests.try_recv().is_err(), "what was taken is not sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_or_a_refusal_ends_it_and_nothing_is_skipped() {
    let receiver = StandIn::new(vec![Answer::Redirect, Answer::Status(403)]);
    let world = world(&receiver).await;
    for status in ["302", "403"] {
        let refused = world.run(&[ONCE, HERE, &["--json"]].concat());
        assert_eq!((refused.exit, refused.code().as_str()), (1, "WEBHOOK_REFUSED"), "{}", refused.stdout);
        assert!(refused.stdout.contains(status) && !refused.stdout.contains("hunter2"), "{}", refused.stdout);
        assert_eq!(receiver.next().seq(), 1);
    }
    assert_eq!(world.run(&[ONCE, HERE].concat()).exit, 0);
    assert_eq!(receiver.next().seq(), 1, "it goes on with the event that was refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_taking_was_noted_it_sends_that_event_again_and_misses_none() {
    let receiver = StandIn::new(vec![Answer::Status(200), Answer::Slow]);
    let world = world(&receiver).await;
    let mut child = started(&world);
    assert_eq!((receiver.next().seq(), receiver.next().seq()), (1, 2));
    // The receiver has the second event; the sender does not know yet.
    child.kill();
    assert_eq!(world.run(&[ONCE, HERE].concat()).exit, 0);
    let seqs: Vec<i64> = (0..3).map(|_| receiver.next().seq()).collect();
    assert_eq!(seqs, [2, 3, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_waits_for_the_answer_and_notes_it() {
    let receiver = StandIn::new(vec![Answer::Slow]);
    let world = world(&receiver).await;
    let child = started(&world);
    assert_eq!(receiver.next().seq(), 1);
    child.send("TERM");
    assert_eq!(child.ended().exit, 0);
    assert_eq!(world.run(&[ONCE, HERE].concat()).exit, 0);
    assert_eq!(receiver.next().seq(), 2, "the first was noted");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_nobody_allowed_and_a_secret_that_is_none_are_refused_before_anything_is_sent() {
    let receiver = StandIn::new(Vec::new());
    let mut world = world(&receiver).await;
    let port = receiver.url.rsplit_once(':').expect("a port").1.to_owned();
    for url in [
        receiver.url.clone(),
        format!("https://127.0.0.1:{port}"),
        format!("https://localhost:{port}"),
        format!("https://[::ffff:127.0.0.1]:{port}"),
        "https://169.254.169.254/latest".to_owned(),
        "http://example.com/".to_owned(),
        "https://me:hunter2@example.com/".to_owned(),
        "ftp://example.com/".to_owned(),
        "events".to_owned(),
    ] {
        world.set("EVENTS_URL", &url);
        let refused = world.run(&[ONCE, &["--from-start", "--json"]].concat());
        assert_eq!(
            (refused.exit, refused.code().as_str()),
            (1, "WEBHOOK_REFUSED"),
            "{url}: {}",
            refused.stdout
        );
        assert!(!refused.stdout.contains("hunter2"), "{}", refused.stdout);
    }
    for metadata in ["http://169.254.169.254/latest", "https://[fd00:ec2::254]/", "http://0.0.0.0/"] {
        world.set("EVENTS_URL", metadata);
        let refused = world.run(&[ONCE, HERE, &["--json"]].concat());
        assert_eq!((refused.exit, refused.code().as_str()), (1, "WEBHOOK_REFUSED"), "{}", refused.stdout);
    }
    world.set("EVENTS_URL", &receiver.url);
    for secret in ["", "hunter2"] {
        world.set("EVENTS_SECRET", secret);
        let refused = world.run(&[ONCE, HERE, &["--json"]].concat());
        assert_eq!((refused.exit, refused.code().as_str()), (1, "INVALID_INPUT"), "{}", refused.stdout);
    }
    assert!(receiver.requests.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_is_not_this_ledgers_or_not_ours_alone_is_refused() {
    let receiver = StandIn::new(Vec::new());
    let world = world(&receiver).await;
    let cursor = world.folder.path().join("cursor");
    let named = ["--cursor", cursor.to_str().expect("text")];
    let words = [ONCE, HERE, &named[..], &["--json"]].concat();
    assert_eq!(world.run(&words).json()["taken"], json!(4));
    let kept = std::fs::read_to_string(&cursor).expect("a cursor");
    let mut changed: Json = serde_json::from_str(&kept).expect("JSON");
    changed["seq"] = json!(5);
    let ahead = changed.to_string();
    changed["ledger_id"] = json!("ldg_other");
    for text in ["", "{}", &ahead, &changed.to_string()] {
        std::fs::write(&cursor, text).expect("another cursor");
        let refused = world.run(&words);
        assert_eq!(
            (refused.exit, refused.code().as_str()),
            (1, "INVALID_INPUT"),
            "{text}: {}",
            refused.stdout
        );
        assert_eq!(std::fs::read_to_string(&cursor).expect("it is there"), text, "and left as it was");
    }
    std::fs::write(&cursor, &kept).expect("the cursor");
    let lock = std::fs::File::create(world.folder.path().join("cursor.lock")).expect("a lock");
    lock.lock().expect("another process has it");
    let refused = world.run(&words);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "INVALID_INPUT"), "{}", refused.stdout);
}
