//! How time, randomness, keys and the environment come in: as arguments, so that a replay is the same every time.

use std::collections::BTreeMap;

use crate::moment::Moment;

/// The wall clock. Only the binary's wiring implements it on the real one.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Moment;
}

/// Where random ids come from. Only the binary's wiring implements it on the real source.
pub trait Ids: Send + Sync {
    /// 128 random bits as 32 lower-case hex digits.
    fn token(&self) -> String;
}

/// A private key. Only the wiring reads one from its file.
pub trait Signer: Send + Sync {
    /// The public half, as text.
    fn public_key(&self) -> String;

    /// The signature over a message, as text.
    fn sign(&self, message: &[u8]) -> String;
}

/// Judges signatures. Whose key it was, and whether that one counts, is not its question.
pub trait Verifier: Send + Sync {
    /// Whether the signature was made over the message with the private half of that key.
    fn verifies(&self, public_key: &str, message: &[u8], signature: &str) -> bool;
}

/// The environment variables the process started with. Only `cli::env` fills it.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// An environment of exactly these variables.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().collect())
    }

    /// The variable's value; an empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// Names only: values are secrets until proven otherwise.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
