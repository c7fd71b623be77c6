//! Clients that ask the same thing again and again and say how long it took.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{ChildStdin, ChildStdout};
use std::time::{Duration, Instant};

use crate::contenders::Contender;
use crate::process::Server;

pub(crate) trait Caller {
    /// How long one call takes.
    fn call(&mut self) -> Duration;
}

/// A connection that stays.
pub(crate) struct Http {
    stream: BufReader<TcpStream>,
    request: Vec<u8>,
    expected: &'static str,
    line: String,
    body: Vec<u8>,
}

impl Http {
    pub(crate) fn new(address: &str, contender: &Contender) -> Self {
        let stream = TcpStream::connect(address).expect("a server");
        stream.set_nodelay(true).expect("an option");
        Self {
            stream: BufReader::new(stream),
            request: contender.read_over_http(),
            expected: contender.expected(),
            line: String::new(),
            body: Vec::new(),
        }
    }

    /// To a server that says what it hears.
    pub(crate) fn echoed(mut self) -> Self {
        self.expected = "tools/call";
        self
    }
}

impl Caller for Http {
    fn call(&mut self) -> Duration {
        let sent = Instant::now();
        self.stream.get_mut().write_all(&self.request).expect("is sent");
        let mut length = 0;
        loop {
            self.line.clear();
            if self.stream.read_line(&mut self.line).expect("an answer") <= 2 {
                break;
            }
            assert!(!self.line.starts_with("HTTP/") || self.line.contains(" 200 "), "{}", self.line);
            if let Some(value) = self.line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).expect("a body");
        let taken = sent.elapsed();
        assert_found(&self.body, self.expected);
        taken
    }
}

/// The pipes of a server.
pub(crate) struct Pipe {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    request: String,
    expected: &'static str,
    line: String,
}

impl Pipe {
    pub(crate) fn new(server: &mut Server, contender: &Contender) -> Self {
        Self {
            input: server.child.stdin.take().expect("stdin"),
            output: BufReader::new(server.child.stdout.take().expect("stdout")),
            request: format!("{}\n", contender.read()),
            expected: contender.expected(),
            line: String::new(),
        }
    }
}

impl Caller for Pipe {
    fn call(&mut self) -> Duration {
        let sent = Instant::now();
        self.input.write_all(self.request.as_bytes()).expect("is sent");
        self.line.clear();
        self.output.read_line(&mut self.line).expect("an answer");
        let taken = sent.elapsed();
        assert_found(self.line.as_bytes(), self.expected);
        taken
    }
}

fn assert_found(answer: &[u8], expected: &str) {
    let text = String::from_utf8_lossy(answer);
    assert!(text.contains(expected) && !text.contains("\"isError\":true"), "{text}");
}
