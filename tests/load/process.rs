//! A server as a process: started, looked at, ended.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::contenders::Contender;

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two attempts to reach a server that is starting.
const PAUSE: Duration = Duration::from_micros(500);

pub(crate) struct Server {
    pub(crate) child: Child,
    /// Over HTTP, where it listens.
    pub(crate) address: String,
}

impl Server {
    /// Over HTTP, and it accepts.
    pub(crate) fn over_http(contender: &Contender) -> Self {
        // Free a moment ago, which is as much as can be known for a server that takes a port by number.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let mut command = contender.command(true);
        command.arg(free.port().to_string()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("the server starts");
        let started = Instant::now();
        while TcpStream::connect(free).is_err() {
            assert!(started.elapsed() < PATIENCE, "the server does not listen");
            std::thread::sleep(PAUSE);
        }
        Self { child, address: free.to_string() }
    }

    /// Over its pipes.
    pub(crate) fn over_stdio(contender: &Contender) -> Self {
        let mut command = contender.command(false);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        Self { child: command.spawn().expect("the server starts"), address: String::new() }
    }

    pub(crate) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// What the process used of the processors, in ticks of 10 ms.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("a process");
        let after_name = stat.rsplit_once(") ").expect("a name").1;
        let fields: Vec<&str> = after_name.split(' ').collect();
        let ticks: u64 = [11, 12].iter().map(|at| fields[*at].parse::<u64>().expect("ticks")).sum();
        Duration::from_millis(ticks * 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
