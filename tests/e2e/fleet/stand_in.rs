//! A control plane that lies or fails, one way at a time: it answers from a script, alone or in front of a real one.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value as Json, json};

/// How a request is answered.
pub(super) enum Answer {
    /// 200, with a document.
    Yes(Json),
    /// A status, with what stands in the body.
    Status(u16, &'static str),
    /// These bytes, and the connection closed after them.
    Bytes(&'static str),
    /// More than anybody can keep.
    Endless,
    /// Closes the connection without a word.
    Close,
    /// Says nothing until whoever asked has hung up.
    Never,
    /// Asks the real one, and hands its answer on.
    Pass,
    /// Asks the real one, and keeps its answer.
    PassAndClose,
    /// Asks the real one something else instead, and hands its answer on.
    PassInstead(Json),
}

/// A request as it came.
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) body: Json,
    head: String,
    bytes: Vec<u8>,
}

impl Asked {
    /// Whether the last part of its path is this one.
    pub(super) fn is(&self, what: &str) -> bool {
        self.path.ends_with(&format!("/{what}"))
    }

    /// The same question with another body.
    fn saying(&self, body: &Json) -> Vec<u8> {
        let body = body.to_string();
        let mut lines: Vec<&str> =
            self.head.lines().filter(|line| !line.starts_with("content-length: ")).collect();
        let length = format!("content-length: {}", body.len());
        lines.insert(1, &length);
        format!("{}\r\n{body}", lines.join("\r\n")).into_bytes()
    }
}

/// Where it listens.
pub(super) struct StandIn {
    pub(super) port: u16,
}

impl StandIn {
    /// Answers by the script until the test is over. `real` is the port of the control plane behind it.
    pub(super) fn new(real: Option<u16>, script: impl FnMut(&Asked) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let script = Arc::new(Mutex::new(script));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), script) = (stream, Arc::clone(&script)) else { return };
                std::thread::spawn(move || {
                    if let Some(asked) = read(&stream) {
                        let answer = (*script.lock().expect("no script panics"))(&asked);
                        give(stream, &asked, &answer, real);
                    }
                });
            }
        });
        Self { port }
    }
}

/// Whoever asked may be gone, which is what some tests are about.
fn give(mut stream: TcpStream, asked: &Asked, answer: &Answer, real: Option<u16>) {
    let _ = match answer {
        Answer::Yes(document) => stream.write_all(&plain(200, &document.to_string())),
        Answer::Status(status, body) => stream.write_all(&plain(*status, body)),
        Answer::Bytes(bytes) => stream.write_all(bytes.as_bytes()),
        Answer::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n");
            let some = [b' '; 64 * 1024];
            (0..16 * 1024).try_for_each(|_| stream.write_all(&some))
        }
        Answer::Close => Ok(()),
        Answer::Never => stream.read(&mut [0]).map(drop),
        Answer::Pass => stream.write_all(&exchange(real.expect("a real one"), &asked.bytes)),
        Answer::PassInstead(body) => {
            stream.write_all(&exchange(real.expect("a real one"), &asked.saying(body)))
        }
        Answer::PassAndClose => {
            exchange(real.expect("a real one"), &asked.bytes);
            Ok(())
        }
    };
}

fn plain(status: u16, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} Whatever\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
        .into_bytes()
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head).ok()? > 2 {}
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(Ok(0), str::parse).ok()?];
    reader.read_exact(&mut body).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    let head = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    let bytes = [head.as_bytes(), &body].concat();
    Some(Asked { path, body: serde_json::from_slice(&body).unwrap_or_default(), head, bytes })
}

/// One request to a real control plane, and everything it answers.
fn exchange(port: u16, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the control plane is there");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
    let mut answer = Vec::new();
    // One that turns a body away before it has read it may hang up on the writer.
    let _ = stream.write_all(request);
    let _ = stream.read_to_end(&mut answer);
    answer
}

/// Asks a real control plane with any token and any body; the status and the document.
pub(super) fn ask(port: u16, token: Option<&str>, request: &str, body: &str) -> (u16, Json) {
    let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let length = body.len();
    let head = format!(
        "{request} HTTP/1.1\r\nhost: localhost\r\n{token}content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    let answer = exchange(port, [head.as_bytes(), body.as_bytes()].concat().as_slice());
    let answer = String::from_utf8(answer).expect("an answer is text");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{request}: `{answer}`"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, serde_json::from_str(body).unwrap_or_else(|_| json!({ "not": "a document" })))
}
