//! Why a handler could not be loaded, and why a call ended without an answer.

use synapsor_protocol::{Code, Digest, RecordedRead, Refusal, Usage};

/// An error of the wasm engine, with its type left behind. For the log and for a bundle's author; never for an outsider.
pub(crate) type EngineError = Box<dyn std::error::Error + Send + Sync>;

/// Why an engine could not start or a handler could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The host cannot run wasm.
    #[error("the wasm engine cannot start")]
    Engine(#[source] EngineError),
    /// The threads for guests cannot be started.
    #[error("the threads that run handlers cannot be started")]
    Threads(#[source] std::io::Error),
    /// The file is not the one that was pinned.
    #[error("expected component `{expected}`, found `{found}`")]
    DigestMismatch {
        /// What the config pins.
        expected: Digest,
        /// What the file is.
        found: Digest,
    },
    /// The file is too large to look at.
    #[error("expected a component of at most {max} bytes, found {found}")]
    TooLarge {
        /// The limit.
        max: u64,
        /// The file's size.
        found: u64,
    },
    /// Imports the world does not grant.
    #[error("the component imports {}, which the world `synapsor:handler/proposer@0.1.0` does not grant", named(.imports))]
    ImportNotGranted {
        /// Each import by its name, in the component's order.
        imports: Vec<String>,
    },
    /// The component asks for more than its limits, or is built in a way the host does not take.
    #[error("{reason}")]
    NotAccepted {
        /// What it asks for, expected and found.
        reason: String,
    },
    /// The bytes are no component, or not one of the world `proposer`.
    #[error("{what}")]
    Malformed {
        /// Which step found it.
        what: &'static str,
        /// What the engine said; it may quote the component.
        #[source]
        source: EngineError,
    },
    /// The compiler broke on it.
    #[error("the compiler did not survive the component")]
    CompilerPanicked,
    /// The compiler's process was ended by its own limits, or by a crash.
    #[error("compiling the component takes more time or memory than a handler's compile may")]
    CompilerStopped,
    /// The compiler's process could not be started or talked to.
    #[error("the process that compiles handlers cannot be started")]
    Helper(#[source] std::io::Error),
    /// The guests' process did not start, or ended while a handler was given to it.
    #[error("the process that runs handlers cannot be started")]
    Worker(#[source] std::io::Error),
}

impl Error {
    /// The component is one, but of another world.
    pub(crate) fn world(source: EngineError) -> Self {
        Self::Malformed {
            what: "the component does not fit the world `synapsor:handler/proposer@0.1.0`",
            source,
        }
    }

    /// The answer for outsiders.
    pub fn refusal(&self) -> Refusal {
        let code = match self {
            Self::Engine(_) | Self::Threads(_) | Self::Helper(_) | Self::Worker(_) => Code::HandlerNotLoaded,
            Self::DigestMismatch { .. } => Code::HandlerDigestMismatch,
            Self::ImportNotGranted { .. } => Code::HandlerImportNotGranted,
            Self::TooLarge { .. }
            | Self::NotAccepted { .. }
            | Self::Malformed { .. }
            | Self::CompilerPanicked => Code::HandlerInvalid,
            Self::CompilerStopped => Code::HandlerCompileLimit,
        };
        let refusal = Refusal::new(code, self.to_string());
        match self {
            Self::DigestMismatch { .. } => {
                refusal.hint("review the component, then pin it with `synapsor validate --write-digest`")
            }
            Self::ImportNotGranted { .. } => refusal.hint(
                "build the handler without WASI, or with its toolchain's stubs for it; where its language cannot do \
                 without, let the manifest and the config say `\"wasi\": \"deny_all\"`",
            ),
            Self::CompilerStopped => {
                refusal.hint("a body with thousands of locals or branches is the usual cause; split it, or optimise the build")
            }
            _ => refusal,
        }
    }
}

fn named(imports: &[String]) -> String {
    let quoted: Vec<_> = imports.iter().map(|import| format!("`{import}`")).collect();
    quoted.join(", ")
}

/// A call that ended without an answer. The host lives, and the next call gets a fresh guest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GuestError {
    /// Which limit or rule.
    pub code: Code,
    /// What happened, expected and found; safe for outsiders.
    pub message: String,
    /// What the call had used by then.
    pub usage: Usage,
    /// What the handler had logged by then.
    pub log: Vec<String>,
    /// The reads it had asked for by then, with their answers.
    pub reads: Vec<RecordedRead>,
}

impl GuestError {
    /// The answer for outsiders.
    pub fn refusal(&self) -> Refusal {
        Refusal::new(self.code, self.message.clone())
    }
}
