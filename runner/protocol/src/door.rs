//! How time, randomness and the environment come in: as arguments, so that a replay is the same every time.

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
