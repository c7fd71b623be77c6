//! What can go wrong in a read, in words that are safe for an outsider.
//!
//! Invariant: no driver's text, no SQL, no URL and no row's value gets in here; those go to the log.

use synapsor_protocol::{Code, Refusal};

/// Why a read gave no row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The config names no such source.
    #[error("no source is named `{source_name}`")]
    SourceNotFound {
        /// The name that was asked for.
        source_name: String,
    },
    /// The environment variable that holds the URL is not set.
    #[error("source `{source_name}` needs its URL in `{env}`, which is not set")]
    CredentialMissing {
        /// The source.
        source_name: String,
        /// The variable.
        env: String,
    },
    /// No connection could be made.
    #[error("source `{source_name}` cannot be reached: {cause}")]
    Unavailable {
        /// The source.
        source_name: String,
        /// Why not.
        cause: Unreachable,
    },
    /// Every connection was in use for the whole waiting time.
    #[error("every connection to source `{source_name}` is in use")]
    Busy {
        /// The source.
        source_name: String,
    },
    /// The source did not answer in time.
    #[error("source `{source_name}` did not answer within {timeout_ms} ms")]
    Timeout {
        /// The source.
        source_name: String,
        /// The limit, in milliseconds.
        timeout_ms: u64,
    },
    /// The table does not exist, or the credential cannot see it.
    #[error("source `{source_name}` shows no table `{table}` to this credential")]
    TableMissing {
        /// The source.
        source_name: String,
        /// The table, with its schema.
        table: String,
    },
    /// The table has no such column.
    #[error("table `{table}` has no column `{column}`")]
    ColumnMissing {
        /// The table, with its schema.
        table: String,
        /// The column.
        column: String,
    },
    /// The column's type, or one stored value in it, has no exact form here.
    #[error("column `{column}` of table `{table}` has type `{type_name}`, whose {what} cannot be kept exact")]
    TypeUnsupported {
        /// The table, with its schema.
        table: String,
        /// The column.
        column: String,
        /// The type, as the database says it.
        type_name: String,
        /// `values`, or `value in this row`.
        what: &'static str,
    },
    /// The column's type cannot identify a row.
    #[error("column `{column}` of table `{table}` has type `{type_name}`, by which no row is looked up")]
    LookupUnsupported {
        /// The table, with its schema.
        table: String,
        /// The column.
        column: String,
        /// The type, as the database says it.
        type_name: String,
    },
    /// The credential may not read the table.
    #[error("the read credential of source `{source_name}` may not read table `{table}`")]
    Denied {
        /// The source.
        source_name: String,
        /// The table, with its schema.
        table: String,
    },
    /// The source refused the read for another reason.
    #[error("source `{source_name}` refused to read table `{table}`")]
    ReadFailed {
        /// The source.
        source_name: String,
        /// The table, with its schema.
        table: String,
    },
    /// The source refused to show what it holds.
    #[error("source `{source_name}` refused to show its catalogs")]
    CatalogUnreadable {
        /// The source.
        source_name: String,
    },
    /// No row of this tenant has that key.
    #[error("no row of table `{table}` with that `{key_column}` belongs to this tenant")]
    RowNotFound {
        /// The table, with its schema.
        table: String,
        /// The key's column.
        key_column: String,
    },
    /// More than one row of this tenant has that key.
    #[error("more than one row of table `{table}` with that `{key_column}` belongs to this tenant")]
    RowNotUnique {
        /// The table, with its schema.
        table: String,
        /// The key's column.
        key_column: String,
    },
    /// What was read is larger than the limit.
    #[error("the row of table `{table}` is larger than {bytes_max} bytes")]
    RowTooLarge {
        /// The table, with its schema.
        table: String,
        /// The limit, in bytes.
        bytes_max: usize,
    },
    /// What was found is together larger than the limit.
    #[error("the rows found in table `{table}` are together larger than {bytes_max} bytes")]
    RowsTooLarge {
        /// The table, with its schema.
        table: String,
        /// The limit, in bytes.
        bytes_max: usize,
    },
}

impl Error {
    /// The code this is known by outside.
    pub fn code(&self) -> Code {
        match self {
            Self::SourceNotFound { .. } => Code::SourceNotFound,
            Self::CredentialMissing { .. } => Code::SourceCredentialMissing,
            Self::Unavailable { .. } => Code::SourceUnavailable,
            Self::Busy { .. } => Code::SourceBusy,
            Self::Timeout { .. } => Code::SourceTimeout,
            Self::TableMissing { .. } | Self::ColumnMissing { .. } => Code::SourceShapeMismatch,
            Self::TypeUnsupported { .. } | Self::LookupUnsupported { .. } => Code::ColumnTypeUnsupported,
            Self::Denied { .. } | Self::ReadFailed { .. } | Self::CatalogUnreadable { .. } => {
                Code::SourceReadFailed
            }
            Self::RowNotFound { .. } => Code::RowNotFound,
            Self::RowNotUnique { .. } => Code::RowNotUnique,
            Self::RowTooLarge { .. } | Self::RowsTooLarge { .. } => Code::RowTooLarge,
        }
    }

    /// What a caller outside is told.
    pub fn refusal(&self) -> Refusal {
        let refusal = Refusal::new(self.code(), self.to_string());
        match self.hint() {
            Some(hint) => refusal.hint(hint),
            None => refusal,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::CredentialMissing { env, .. } => format!("set `{env}` to the source's URL and start again"),
            Self::Unavailable { cause, .. } => cause.hint()?.to_owned(),
            Self::TableMissing { table, .. } => {
                format!("check the config, and that the credential may SELECT from `{table}`")
            }
            Self::ColumnMissing { .. } => "column names are compared by byte; check the config".to_owned(),
            Self::Denied { table, .. } => format!("grant SELECT on `{table}` to the read credential"),
            _ => return None,
        })
    }
}

/// Why a database cannot be reached, as far as an outsider may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// Nobody listens there.
    #[error("the connection was refused")]
    Refused,
    /// Nobody answered in time.
    #[error("no answer in time")]
    NoAnswer,
    /// User or password was not accepted.
    #[error("the credential was rejected")]
    Credential,
    /// The server has no database of that name.
    #[error("the server has no such database")]
    NoSuchDatabase,
    /// TLS could not be agreed on.
    #[error("TLS could not be agreed on")]
    Tls,
    /// The server takes no more connections.
    #[error("the server takes no more connections")]
    TooManyConnections,
    /// The server is starting or stopping.
    #[error("the server is starting or stopping")]
    Starting,
    /// The URL cannot be used for this engine.
    #[error("its URL is not one of this engine")]
    UrlInvalid,
    /// The URL has a parameter that nobody would heed. The log names it.
    #[error("its URL has a parameter that is not known")]
    UrlParameter,
    /// The SQLite file is not there.
    #[error("its file does not exist")]
    FileMissing,
    /// The file is not a SQLite database.
    #[error("its file is not a SQLite database")]
    NotADatabase,
    /// The log knows more.
    #[error("the connection failed")]
    Other,
}

impl Unreachable {
    /// From an error in which no server said anything.
    pub(crate) fn from_driver(error: &sqlx::Error) -> Self {
        use std::io::ErrorKind;
        match error {
            sqlx::Error::Io(io) => match io.kind() {
                // A missing unix socket is a server that does not listen.
                ErrorKind::ConnectionRefused | ErrorKind::NotFound => Self::Refused,
                ErrorKind::TimedOut => Self::NoAnswer,
                _ => Self::Other,
            },
            sqlx::Error::PoolTimedOut => Self::NoAnswer,
            // After the URL was understood, all that can be misconfigured is TLS: its certificates, or its absence where
            // MySQL's `caching_sha2_password` asks for it.
            sqlx::Error::Tls(_) | sqlx::Error::Configuration(_) => Self::Tls,
            _ => Self::Other,
        }
    }

    fn hint(self) -> Option<&'static str> {
        match self {
            Self::Tls => Some(
                "check `sslmode` (Postgres) or `ssl-mode` (MySQL) in the source's URL, and the server's certificate; \
                 MySQL 8 takes passwords over TLS only",
            ),
            Self::UrlInvalid => {
                Some("Postgres URLs start with `postgres://`, MySQL and MariaDB URLs with `mysql://`")
            }
            Self::UrlParameter => Some(
                "the runner's log names it; spell it as sqlx does (`sslmode`, `sslrootcert`; `ssl-mode`, `ssl-ca`) or leave it out",
            ),
            Self::FileMissing => Some("a SQLite source is never created; check `path` in the config"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn every_error_is_told_by_code_and_in_words_for_outsiders() {
        let (source_name, table, column) =
            ("shop".to_owned(), "public.orders".to_owned(), "total".to_owned());
        let (key_column, type_name, env) = ("id".to_owned(), "real".to_owned(), "SHOP_URL".to_owned());
        let shop = || source_name.clone();
        let orders = || table.clone();
        let errors = [
            Error::SourceNotFound { source_name: shop() },
            Error::CredentialMissing { source_name: shop(), env },
            Error::Unavailable { source_name: shop(), cause: Unreachable::Tls },
            Error::Busy { source_name: shop() },
            Error::Timeout { source_name: shop(), timeout_ms: 5000 },
            Error::TableMissing { source_name: shop(), table: orders() },
            Error::ColumnMissing { table: orders(), column: column.clone() },
            Error::TypeUnsupported {
                table: orders(),
                column: column.clone(),
                type_name: type_name.clone(),
                what: "values",
            },
            Error::LookupUnsupported { table: orders(), column, type_name },
            Error::Denied { source_name: shop(), table: orders() },
            Error::ReadFailed { source_name: shop(), table: orders() },
            Error::CatalogUnreadable { source_name: shop() },
            Error::RowNotFound { table: orders(), key_column: key_column.clone() },
            Error::RowNotUnique { table: orders(), key_column },
            Error::RowTooLarge { table: orders(), bytes_max: 262_144 },
            Error::RowsTooLarge { table: orders(), bytes_max: 1_048_576 },
        ];
        let mut told = String::new();
        for refusal in errors.iter().map(Error::refusal) {
            told.push_str(&format!("{}: {}\n", refusal.code, refusal.message));
            if let Some(hint) = refusal.hint {
                told.push_str(&format!("  hint: {hint}\n"));
            }
        }
        expect![[r#"
            SOURCE_NOT_FOUND: no source is named `shop`
            SOURCE_CREDENTIAL_MISSING: source `shop` needs its URL in `SHOP_URL`, which is not set
              hint: set `SHOP_URL` to the source's URL and start again
            SOURCE_UNAVAILABLE: source `shop` cannot be reached: TLS could not be agreed on
              hint: check `sslmode` (Postgres) or `ssl-mode` (MySQL) in the source's URL, and the server's certificate; MySQL 8 takes passwords over TLS only
            SOURCE_BUSY: every connection to source `shop` is in use
            SOURCE_TIMEOUT: source `shop` did not answer within 5000 ms
            SOURCE_SHAPE_MISMATCH: source `shop` shows no table `public.orders` to this credential
              hint: check the config, and that the credential may SELECT from `public.orders`
            SOURCE_SHAPE_MISMATCH: table `public.orders` has no column `total`
              hint: column names are compared by byte; check the config
            COLUMN_TYPE_UNSUPPORTED: column `total` of table `public.orders` has type `real`, whose values cannot be kept exact
            COLUMN_TYPE_UNSUPPORTED: column `total` of table `public.orders` has type `real`, by which no row is looked up
            SOURCE_READ_FAILED: the read credential of source `shop` may not read table `public.orders`
              hint: grant SELECT on `public.orders` to the read credential
            SOURCE_READ_FAILED: source `shop` refused to read table `public.orders`
            SOURCE_READ_FAILED: source `shop` refused to show its catalogs
            ROW_NOT_FOUND: no row of table `public.orders` with that `id` belongs to this tenant
            ROW_NOT_UNIQUE: more than one row of table `public.orders` with that `id` belongs to this tenant
            ROW_TOO_LARGE: the row of table `public.orders` is larger than 262144 bytes
            ROW_TOO_LARGE: the rows found in table `public.orders` are together larger than 1048576 bytes
        "#]].assert_eq(&told);
    }
}
