//! The other process: how this program starts itself again for work that is not to happen in the host.
//!
//! A helper gets the bytes on its standard streams and nothing else of the host's: no environment, no descriptors, no
//! working directory, no terminal. It ends with the host.
//! Invariant: the program that is started is the one that is running, also when an upgrade has replaced its file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::{compile_child, worker};

/// The first word that makes a program a helper which compiles one component.
pub(crate) const COMPILE: &str = "handler-compile";
/// The first word that makes a program the process guests run in.
pub(crate) const GUESTS: &str = "handler-worker";

/// The program that answers to a helper's words; see [`answer`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Helper {
    program: PathBuf,
}

impl Helper {
    /// Another program, whose `main` begins with [`answer`].
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }

    /// The running program itself.
    ///
    /// # Errors
    /// Where the system does not say which file that is.
    pub fn this_program() -> std::io::Result<Self> {
        let program = if cfg!(target_os = "linux") {
            PathBuf::from("/proc/self/exe")
        } else {
            std::env::current_exe()?
        };
        Ok(Self { program })
    }

    /// The command that starts a helper, its standard streams closed.
    ///
    /// Descriptors that the host itself was given by its parent do not pass through it either.
    pub(crate) fn command(&self, word: &str) -> Command {
        close_fds::set_fds_cloexec(3, &[]);
        let mut command = Command::new(&self.program);
        command
            .arg(word)
            .arg(std::process::id().to_string())
            .env_clear()
            .current_dir(Path::new("/"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

/// Does a helper's work where the program was started as one: the first thing a `main` calls, before it starts a thread or
/// reads its environment. `None` where it was started for anything else.
///
/// `words` are the program's arguments, its own name first.
pub fn answer(words: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let mut words = words.into_iter().skip(1).map_while(|word| word.into_string().ok());
    match words.next()?.as_str() {
        COMPILE => Some(compile_child::run(words)),
        GUESTS => Some(worker::run(words)),
        _ => None,
    }
}
