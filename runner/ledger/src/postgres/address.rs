//! Which server, which of its databases, as whom: what a URL says, with the password out of sight.
//!
//! Invariant: nothing that is printed of it holds the password.

use std::fmt;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use url::Url;

use crate::error::Error;

/// The parameters of a URL that the driver heeds. It passes over any other, and a misspelt `sslmode` would then be a
/// connection without TLS.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "statement-cache-capacity",
    "host",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// A database on a PostgreSQL server that holds a ledger, or may.
#[derive(Clone)]
pub struct Server {
    /// Boxed for the size of it.
    options: Box<PgConnectOptions>,
}

impl Server {
    /// What a URL says.
    ///
    /// # Errors
    /// When it is no URL of a PostgreSQL database, or has a parameter nobody would heed.
    pub fn at(url: &str) -> Result<Self, Error> {
        let refuse = |why| Error::Server { why };
        let parsed = Url::parse(url).map_err(|_| refuse("its URL is not one"))?;
        if !matches!(parsed.scheme(), "postgres" | "postgresql") {
            return Err(refuse("its URL begins with neither `postgres://` nor `postgresql://`"));
        }
        if parsed.query_pairs().any(|(name, _)| !PARAMETERS.contains(&name.as_ref())) {
            return Err(refuse("its URL has a parameter that nobody would heed"));
        }
        let options = PgConnectOptions::from_url(&parsed).map_err(|_| refuse("its URL is not one"))?;
        let options = options.application_name("synapsor-ledger").disable_statement_logging();
        Ok(Self { options: Box::new(options) })
    }

    /// The database's name.
    pub fn database(&self) -> &str {
        self.options.get_database().unwrap_or_else(|| self.options.get_username())
    }

    pub(super) fn options(&self) -> &PgConnectOptions {
        &self.options
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}:{}/{}", self.options.get_host(), self.options.get_port(), self.database())
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_shown_without_its_password() {
        let server =
            Server::at("postgres://ledger:hunter2@db.example:6432/books?sslmode=require").expect("a URL");
        assert_eq!(server.to_string(), "postgres://db.example:6432/books");
        assert_eq!(server.database(), "books");
        assert!(!format!("{server:?}").contains("hunter2"));
    }

    #[test]
    fn a_url_nobody_would_heed_as_it_stands_is_refused_without_repeating_it() {
        for url in [
            "",
            "local.db",
            "mysql://ledger:hunter2@db/books",
            "postgres://ledger:hunter2@db/books?ssl_mode=verify-full",
            "postgres://ledger:hunter2@db/books?pasword=hunter2",
        ] {
            let refusal = Server::at(url).expect_err(url).refusal();
            assert_eq!(refusal.code.as_str(), "LEDGER_UNAVAILABLE", "{url}");
            assert!(!refusal.message.contains("hunter2"), "{url}");
        }
    }
}
