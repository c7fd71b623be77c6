//! Executors of the application: who carries out an approved change in the runner's place, over HTTP or as a command.
//!
//! They are for what one guarded UPDATE cannot do: inserts, several rows, events, calls of other services. The application
//! answers for those; this room answers for what is said of them. A change counts as applied when an answer to exactly this
//! request says so; as failed or in conflict when one says that nothing changed; and as not carried out when the request
//! certainly never reached the application, or was turned away by it. Everything else is *unknown*, stays so on record, and is
//! settled by the same request under the same idempotency key.
//!
//! Invariant: a request goes out only after the intent is on record. Invariant: nothing is retried that may have arrived.
//! Absent on purpose: redirects, proxies, shells.

mod answer;
mod carry;
mod command;
mod delivery;
mod http;
mod request;
mod signature;

use std::path::PathBuf;

pub(crate) use delivery::NotDone;

/// How one executor is reached, with its secrets.
#[derive(Debug, Clone)]
pub struct ExecutorSettings {
    /// Its name in the config.
    pub name: String,
    /// Where it is.
    pub reach: Reach,
    /// How long it may take, in milliseconds.
    pub timeout_ms: u64,
}

/// Where an executor is.
#[derive(Debug, Clone)]
pub enum Reach {
    /// An endpoint of the application.
    Http(HttpReach),
    /// A command of the application.
    Command(CommandReach),
    /// Nowhere: something it needs is not set, or cannot be used.
    Missing {
        /// What, by the name of its variable.
        why: String,
    },
}

/// An endpoint of the application.
#[derive(Clone)]
pub struct HttpReach {
    /// Its URL.
    pub url: String,
    /// POST, PUT or PATCH.
    pub method: String,
    /// The bearer token, where one is sent.
    pub token: Option<String>,
    /// With what requests are signed: the present key, and the one that will replace it.
    pub keys: Vec<SigningKey>,
    /// Whether the URL may lead into a private network, and then be `http://`.
    pub private_addresses: bool,
}

/// A key that requests are signed with.
#[derive(Clone)]
pub struct SigningKey {
    /// What the application knows it as.
    pub id: String,
    /// The secret; at least [`SigningKey::BYTES_MIN`] long.
    pub secret: String,
}

impl SigningKey {
    /// Shorter ones could be guessed from one request and its signature.
    pub const BYTES_MIN: usize = 32;
}

/// A command of the application.
#[derive(Clone)]
pub struct CommandReach {
    /// The program and its arguments; no shell sees them.
    pub words: Vec<String>,
    /// Everything it finds in its environment.
    pub environment: Vec<(String, String)>,
    /// The folder it starts in.
    pub folder: PathBuf,
}

/// Without URL and token: they may hold secrets.
impl std::fmt::Debug for HttpReach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<&str> = self.keys.iter().map(|key| key.id.as_str()).collect();
        f.debug_struct("HttpReach").field("method", &self.method).field("keys", &ids).finish_non_exhaustive()
    }
}

/// Names of variables only: values are secrets until proven otherwise.
impl std::fmt::Debug for CommandReach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.environment.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("CommandReach").field("environment", &names).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}
