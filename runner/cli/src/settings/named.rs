//! How a ledger is named: by its file, or by the variable that holds the URL of its server.
//!
//! Invariant: a URL holds a password, so it stands in an environment variable and nowhere else: neither in a config nor among
//! arguments, which everybody on the machine may read.

use std::fmt;
use std::path::{Path, PathBuf};

use synapsor_ledger::{Error, Place, Server};
use synapsor_protocol::{Code, Environment, Refusal};

/// Before the name of a variable. A file of such a name is written `./env:NAME`.
const VARIABLE: &str = "env:";

/// A ledger's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LedgerName {
    /// This file.
    File(PathBuf),
    /// The database whose URL this variable holds.
    Variable(String),
}

impl LedgerName {
    /// As `--store` takes it.
    pub(crate) fn typed(text: &Path) -> Result<Self, Refusal> {
        let Some(text) = text.to_str() else { return Ok(Self::File(text.to_owned())) };
        if text.contains("://") {
            let message =
                "a ledger is named by its file or by a variable, found a URL, which holds a password";
            return Err(Refusal::new(Code::InvalidInput, message)
                .hint("put the URL into an environment variable and name that: --store env:NAME"));
        }
        match text.strip_prefix(VARIABLE) {
            Some("") => Err(Refusal::new(Code::InvalidInput, "`env:` names no variable")
                .hint("name the variable that holds the URL of the ledger's server: --store env:NAME")),
            Some(variable) => Ok(Self::Variable(variable.to_owned())),
            None => Ok(Self::File(text.into())),
        }
    }

    /// Where that is.
    pub(crate) fn place(&self, environment: &Environment) -> Result<Place, Refusal> {
        let variable = match self {
            Self::File(path) => return Ok(Place::from(path)),
            Self::Variable(variable) => variable,
        };
        let Some(url) = environment.get(variable) else {
            let message =
                format!("the variable `{variable}`, which holds the URL of the ledger's server, is not set");
            return Err(Refusal::new(Code::LedgerUnavailable, message)
                .hint(format!("set `{variable}` to a URL as postgres://USER:PASSWORD@HOST/DATABASE")));
        };
        Server::at(url).map(Place::from).map_err(|error| error.refusal())
    }

    /// The file, for what only a file has; on a server `instead` does it.
    pub(crate) fn file(self, instead: &'static str) -> Result<PathBuf, Refusal> {
        match self {
            Self::File(path) => Ok(path),
            Self::Variable(_) => Err(Error::NoFile { instead }.refusal()),
        }
    }
}

/// As `--store` takes it.
impl fmt::Display for LedgerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "{VARIABLE}{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_is_a_file_or_a_variable_and_never_a_url() {
        let named = |text: &str| LedgerName::typed(Path::new(text)).map_err(|refusal| refusal.code);
        assert_eq!(named("a/b.db"), Ok(LedgerName::File("a/b.db".into())));
        assert_eq!(named("./env:x"), Ok(LedgerName::File("./env:x".into())));
        assert_eq!(named("env:LEDGER_URL"), Ok(LedgerName::Variable("LEDGER_URL".into())));
        for wrong in ["env:", "postgres://ledger:hunter2@db/books", "mysql://db/books"] {
            assert_eq!(named(wrong), Err(Code::InvalidInput), "{wrong}");
        }
        let refused =
            LedgerName::typed(Path::new("postgres://ledger:hunter2@db/books")).expect_err("refused");
        assert!(!format!("{refused:?}").contains("hunter2"), "{refused:?}");
    }

    #[test]
    fn a_variable_that_is_not_set_or_holds_no_url_is_said_without_its_value() {
        let environment = Environment::new([("WRONG".to_owned(), "hunter2".to_owned())]);
        for name in ["UNSET", "WRONG"] {
            let refused = LedgerName::Variable(name.into()).place(&environment).expect_err("refused");
            assert_eq!(refused.code, Code::LedgerUnavailable);
            assert!(!format!("{refused:?}").contains("hunter2"), "{refused:?}");
        }
    }
}
