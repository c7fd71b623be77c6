//! An executor of the application, as the config names it.

use serde::Serialize;

/// An app-owned executor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Executor {
    /// An HTTP endpoint of the application.
    HttpHandler {
        /// Holds the URL.
        url_env: String,
        /// POST, PUT or PATCH.
        method: String,
        /// Holds the bearer token.
        token_env: Option<String>,
        /// With what requests are signed: the present secret, and the one that will replace it.
        signing: Vec<SigningSecret>,
        /// Whether the URL may lead into a private network, and then be `http://`.
        private_addresses: bool,
        /// Time limit in milliseconds.
        timeout_ms: u64,
    },
    /// A command of the application.
    CommandHandler {
        /// Holds the command line.
        command_env: String,
        /// Variables the command is given, besides `PATH`.
        environment: Vec<String>,
        /// Time limit in milliseconds.
        timeout_ms: u64,
    },
}

/// A secret that requests to an executor are signed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SigningSecret {
    /// What the application knows it as.
    pub key_id: String,
    /// Holds it.
    pub secret_env: String,
}
