//! A process that a test has started: it ends with its test, also with one that fails.
//!
//! Invariant: whoever starts a process here keeps it in a [`Running`], so that none is left behind. One that only has to
//! come to its end is run by `World::run`.

use std::ops::{Deref, DerefMut};
use std::process::{Child, Command};

use crate::world::Answered;

/// Killed and reaped when nobody holds it any more.
pub(crate) struct Running {
    /// There until somebody waits for its end.
    child: Option<Child>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self { child: Some(command.spawn().expect("the program starts")) }
    }

    /// Sends it a signal, named without `SIG`.
    pub(crate) fn send(&self, signal: &str) {
        let sent = Command::new("kill").args(["-s", signal, &self.id().to_string()]).status();
        assert!(sent.expect("`kill` runs").success(), "{signal} to a process of ours");
    }

    /// Waits for its end: how it ended, and what it wrote to pipes that nobody took.
    pub(crate) fn ended(mut self) -> Answered {
        let child = self.child.take().expect("nobody waited before");
        child.wait_with_output().expect("it ends").into()
    }

    /// Kills it, unless it ended by itself.
    pub(crate) fn kill(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        self.child.as_ref().expect("nobody waited before")
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        self.child.as_mut().expect("nobody waited before")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

#[test]
fn a_process_does_not_outlive_whoever_held_it() {
    let held = Running::start(Command::new("sleep").arg("3600"));
    let place = std::path::PathBuf::from(format!("/proc/{}", held.id()));
    assert!(place.exists());
    let failed = std::thread::spawn(move || {
        let _held = held;
        panic!("a test that fails");
    });
    assert!(failed.join().is_err());
    assert!(!place.exists(), "killed, and reaped");
}
