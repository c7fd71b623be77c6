//! What a helper takes from itself before it looks at a byte of a guest.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Ties this process to the one that started it: it ends with the thread that started it.
///
/// # Errors
/// Where the system refuses, or the parent is gone already.
pub(crate) fn end_with_parent(parent: u32) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{
            DumpableBehavior, Signal, set_dumpable_behavior, set_parent_process_death_signal,
        };
        set_parent_process_death_signal(Some(Signal::KILL))?;
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    // It may have died before the signal was asked for; then somebody else is the parent by now.
    let found = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
    if found.and_then(|pid| u32::try_from(pid).ok()) == Some(parent) {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::NotFound, "the process that started this helper is gone"))
    }
}

/// No core file, and no other process of this user may look into its memory.
pub(crate) fn leave_no_image() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    limit(Resource::Core, 0)
}

/// Lowers a limit for good.
pub(crate) fn limit(resource: Resource, max: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(max), maximum: Some(max) })?)
}
