//! Why serving could not start or ended badly. A refused tool call is not an error here: it is an answer.

use synapsor_protocol::{Code, Refusal};

/// Why serving could not start or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Two capabilities would be one tool to a client.
    #[error("capabilities `{first}` and `{second}` would both be served as tool `{exposed}`")]
    ToolNameTaken {
        /// The name clients would see.
        exposed: String,
        /// The capability listed first.
        first: String,
        /// The one that would hide it.
        second: String,
    },
    /// A capability's input schema is not a JSON object.
    #[error("the input schema of capability `{capability}` is not a JSON object")]
    InputSchema {
        /// The capability.
        capability: String,
    },
    /// A tool cannot be printed.
    #[error("a tool cannot be printed as JSON")]
    Print(#[source] serde_json::Error),
    /// The client's opening messages could not be answered.
    #[error("the session could not be opened")]
    Opening(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The serving task ended abnormally.
    #[error("the serving task ended abnormally")]
    Task(#[source] tokio::task::JoinError),
}

impl Error {
    /// The refusal to report at the door.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::ToolNameTaken { .. } => Refusal::new(Code::ConfigInvalid, self.to_string())
                .hint("rename one of the capabilities, or serve canonical dotted names"),
            Self::Opening(_) => Refusal::new(Code::InvalidInput, self.to_string()),
            Self::InputSchema { .. } | Self::Print(_) | Self::Task(_) => Refusal::bug(self),
        }
    }
}
