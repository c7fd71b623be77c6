//! What a worker gives up before it maps a byte of a guest's code: files, network, other programs, and the way back.
//!
//! A guest that broke out of wasm would find a process that can compute, talk through the pipes it has, and end. Three
//! layers say so, where the kernel has them; each holds without the others, and a worker reports which do.
//! Invariant: all of it is in force before the process has a second thread, so that every thread has it.

use std::fs::File;
use std::net::UdpSocket;

use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
mod calls;

/// What keeps a worker in, as it found by trying.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confinement {
    /// No program it starts could have more rights than it has.
    pub no_new_privileges: bool,
    /// The kernel's Landlock denies every file and every port.
    pub landlock: bool,
    /// The kernel answers only the system calls a running guest needs.
    pub seccomp: bool,
    /// A file that everybody may read could not be opened.
    pub files_refused: bool,
    /// A socket could not be made.
    pub network_refused: bool,
}

impl Confinement {
    /// Whether an escaped guest would reach neither files nor network.
    pub fn is_tight(&self) -> bool {
        self.files_refused && self.network_refused
    }
}

/// Shuts this process in, for good. A layer the kernel does not have is missing from the answer.
pub(crate) fn enter() -> Confinement {
    let (no_new_privileges, landlock, seccomp) = layers();
    Confinement {
        no_new_privileges,
        landlock,
        seccomp,
        files_refused: File::open("/proc/self/status").is_err(),
        network_refused: UdpSocket::bind(("127.0.0.1", 0)).is_err(),
    }
}

/// In this order: Landlock's own system calls are not among those that stay.
#[cfg(target_os = "linux")]
fn layers() -> (bool, bool, bool) {
    (rustix::thread::set_no_new_privs(true).is_ok(), deny_files(), calls::allow_only_a_guests().is_ok())
}

#[cfg(not(target_os = "linux"))]
fn layers() -> (bool, bool, bool) {
    (false, false, false)
}

/// Everything Landlock of this kernel can deny, with no exception.
#[cfg(target_os = "linux")]
fn deny_files() -> bool {
    use landlock::{ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetStatus, Scope};
    let all = ABI::V6;
    let denied = Ruleset::default()
        .handle_access(AccessFs::from_all(all))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(all)))
        .and_then(|rules| rules.scope(Scope::from_all(all)))
        .and_then(landlock::Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    denied.is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use landlock::{ABI, Access as _, AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _};

    use super::*;

    /// Asked in a way that fails where the kernel does not have it.
    fn kernel_has_landlock() -> bool {
        Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::from_all(ABI::V1))
            .and_then(Ruleset::create)
            .is_ok()
    }

    #[test]
    fn where_the_kernel_has_landlock_no_file_can_be_opened_and_the_layer_is_reported() {
        // Of one thread, which nobody else runs on.
        let thread = std::thread::spawn(|| {
            let has = kernel_has_landlock();
            let before = File::open("/proc/self/status").is_ok();
            rustix::thread::set_no_new_privs(true).expect("a process may always give up rights");
            (has, before, deny_files(), File::open("/proc/self/status").map_err(|error| error.kind()))
        });
        let (has, before, denied, after) = thread.join().expect("does not panic");
        assert!(before && denied == has, "landlock in the kernel: {has}, in force: {denied}");
        if has {
            assert_eq!(after.err(), Some(std::io::ErrorKind::PermissionDenied), "run with landlock");
        } else {
            assert!(after.is_ok(), "run without landlock");
        }
    }
}
