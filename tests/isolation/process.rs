//! The binary as a helper, and what the system says about a process.

use synapsor_handler_host::{Compile, CompileLimits, EngineSettings, HandlerEngine, Helper};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_synapsor");

pub(crate) fn helper() -> Helper {
    Helper::new(BINARY)
}

/// An engine small enough to start in every test, which compiles in a child.
pub(crate) fn settings(limits: CompileLimits) -> EngineSettings {
    EngineSettings {
        slots: 4,
        threads: 2,
        compile: Compile::InChild { helper: helper(), limits },
        ..EngineSettings::default()
    }
}

pub(crate) fn engine(settings: EngineSettings) -> HandlerEngine {
    HandlerEngine::new(settings).expect("wasm runs here")
}

/// A figure of `/proc/PID/status`, as it stands there.
pub(crate) fn status(pid: u32, name: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process is there");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no `{name}` in {text}")).trim().to_owned()
}

/// The most memory a process ever held.
pub(crate) fn resident_peak_kib(pid: u32) -> u64 {
    status(pid, "VmHWM").trim_end_matches(" kB").parse().expect("a number")
}

/// Waits for something another process does.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("{what} did not come about");
}
