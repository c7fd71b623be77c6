//! How a source is reached: handed in ready, since this room reads no environment.

use std::fmt;
use std::path::PathBuf;

use synapsor_protocol::Engine;

/// One source.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// Its name in the config.
    pub name: String,
    /// Its engine.
    pub engine: Engine,
    /// Where it is.
    pub connect: Connect,
    /// Time limit of one statement, in milliseconds.
    pub statement_timeout_ms: u64,
    /// Most connections held open.
    pub connections_max: u32,
    /// Longest wait for a connection, in milliseconds: for a free one, and again for a new one to be made.
    pub acquire_timeout_ms: u64,
}

/// Where a source is.
#[derive(Clone, PartialEq, Eq)]
pub enum Connect {
    /// A server's URL, which holds a secret.
    Url(String),
    /// A SQLite file.
    File(PathBuf),
    /// A server whose URL should be in this environment variable and is not.
    Missing {
        /// The variable.
        env: String,
    },
}

/// A URL is never printed.
impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(_) => f.write_str("Url(..)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Missing { env } => f.debug_struct("Missing").field("env", env).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_never_printed() {
        let settings = SourceSettings {
            name: "shop".into(),
            engine: Engine::Postgres,
            connect: Connect::Url("postgres://reader:hunter2@db.internal/shop".into()),
            statement_timeout_ms: 1,
            connections_max: 1,
            acquire_timeout_ms: 1,
        };
        let printed = format!("{settings:?}");
        assert!(!printed.contains("hunter2") && !printed.contains("db.internal"), "{printed}");
    }
}
