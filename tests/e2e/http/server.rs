//! The binary as a server over HTTP, for one test.

use std::io::{BufRead as _, BufReader};
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::http::peer::{Answer, Request};
use crate::running::Running;
use crate::world::World;

/// The clients' token in these tests.
pub(crate) const TOKEN: &str = "test-token-0123456789-0123456789-0123456789";

/// The usual variable of the token.
pub(crate) const TOKEN_VARIABLE: &str = "SYNAPSOR_RUNNER_HTTP_TOKEN";

/// How long a test waits for something that is due.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running server.
pub(crate) struct Server {
    child: Running,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    log: Option<JoinHandle<()>>,
    logged: Arc<Mutex<String>>,
}

impl Server {
    /// Started with a free port and these words besides; clients need [`TOKEN`].
    pub(crate) fn start(world: &mut World, words: &[&str]) -> Self {
        Self::of("serve-streamable-http", world, words)
    }

    /// The JSON-RPC bridge, likewise.
    pub(crate) fn bridge(world: &mut World, words: &[&str]) -> Self {
        Self::of("serve-http", world, words)
    }

    fn of(command: &str, world: &mut World, words: &[&str]) -> Self {
        world.set(TOKEN_VARIABLE, TOKEN);
        let words = [&["mcp", command, "--port", "0"], words].concat();
        let mut command = world.command(&words);
        let mut child = Running::start(command.stderr(Stdio::piped()));
        let (told, listening) = channel();
        let mut lines = BufReader::new(child.stderr.take().expect("stderr"));
        let logged = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&logged);
        let log = std::thread::spawn(move || {
            let mut line = String::new();
            while lines.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
                if let Some((_, url)) = line.trim_end().split_once("listening on ") {
                    told.send(url.to_owned()).expect("the test waits");
                }
                written.lock().expect("the log").push_str(&line);
                line.clear();
            }
        });
        let url = Self::url(&listening);
        let address = url.split('/').nth(2).expect("an address").to_owned();
        Self { child, address, log: Some(log), logged }
    }

    fn url(listening: &Receiver<String>) -> String {
        listening.recv_timeout(PATIENCE).expect("the server says where it listens")
    }

    /// One request on a connection of its own.
    pub(crate) fn send(&self, request: &Request) -> Answer {
        Answer::of(&self.address, &request.bytes(&self.address))
    }

    /// Tells it to stop, waits for its end; how it ended and what it logged.
    pub(crate) fn stop(mut self) -> (ExitStatus, String) {
        self.tell_to_stop();
        self.ended()
    }

    pub(crate) fn tell_to_stop(&self) {
        self.child.send("TERM");
    }

    pub(crate) fn ended(&mut self) -> (ExitStatus, String) {
        let status = self.child.wait().expect("it ends");
        self.log.take().expect("asked once").join().expect("a log");
        (status, self.logged.lock().expect("the log").clone())
    }

    /// Waits until it has logged this.
    pub(crate) fn logs(&self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.logged.lock().expect("the log").contains(text) {
            assert!(
                Instant::now() < deadline,
                "`{text}` is not in\n{}",
                self.logged.lock().expect("the log")
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The memory it holds.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// The names of its threads.
    pub(crate) fn threads(&self) -> Vec<String> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("its threads");
        let name = |thread: std::io::Result<std::fs::DirEntry>| {
            std::fs::read_to_string(thread.ok()?.path().join("comm")).ok()
        };
        threads.filter_map(name).map(|name| name.trim_end().to_owned()).collect()
    }

    /// Whether it still runs.
    pub(crate) fn lives(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }
}
