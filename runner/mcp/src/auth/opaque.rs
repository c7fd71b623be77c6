//! The server's own token, from one or two environment variables: two while it is being changed.

use std::fmt;

use http::HeaderMap;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};
use synapsor_protocol::{Code, Environment, Refusal};

use super::bearer::{self, is_token};
use super::caller::Caller;
use super::challenge::Challenge;

/// Fewest characters of a token: as many as 128 random bits take in hex.
pub const TOKEN_CHARACTERS_MIN: usize = 32;

/// Tokens that open the door. Only their digests are kept.
pub struct OpaqueTokens {
    digests: Vec<[u8; 32]>,
}

impl OpaqueTokens {
    /// The tokens in the environment variables of these names. Each must be set, so that a misspelt name is found at the
    /// start.
    ///
    /// # Errors
    /// [`Code::HttpAuthTokenMissing`] or [`Code::HttpAuthTokenWeak`]; the variable is named, its value is not shown.
    pub fn from_environment(environment: &Environment, variables: &[String]) -> Result<Self, Refusal> {
        let mut digests = Vec::new();
        for variable in variables {
            let token = environment.get(variable).ok_or_else(|| missing(variable))?;
            digests.push(digest(strong(variable, token)?));
        }
        match digests.is_empty() {
            true => {
                Err(Refusal::new(Code::HttpAuthTokenMissing, "no environment variable with a token is named"))
            }
            false => Ok(Self { digests }),
        }
    }

    /// Opens the door to whoever sends one of the tokens, where no more is asked.
    pub(crate) fn open(&self, headers: &HeaderMap) -> Result<(), Challenge> {
        self.admit(bearer::token(headers)?).map(drop)
    }

    /// Whether one token is good for both.
    pub(crate) fn share_one_with(&self, other: &Self) -> bool {
        self.digests.iter().any(|digest| other.digests.contains(digest))
    }

    /// Whoever sends one of the tokens. Digests are compared, and all of them, so that the time taken says nothing of
    /// how near a guess was.
    pub(super) fn admit(&self, token: &str) -> Result<Caller, Challenge> {
        let sent = digest(token);
        let known = self.digests.iter().fold(Choice::from(0), |known, digest| known | digest.ct_eq(&sent));
        match bool::from(known) {
            true => Ok(Caller::holder_of_the_token()),
            false => Err(Challenge::invalid("the token is not this server's")),
        }
    }
}

impl fmt::Debug for OpaqueTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpaqueTokens").field("count", &self.digests.len()).finish()
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn missing(variable: &str) -> Refusal {
    Refusal::new(Code::HttpAuthTokenMissing, format!("`{variable}` is not set")).hint(format!(
        "put a random token into it, for example: export {variable}=\"$(openssl rand -hex 32)\""
    ))
}

fn strong<'a>(variable: &str, token: &'a str) -> Result<&'a str, Refusal> {
    let weak = |what: String| {
        Refusal::new(Code::HttpAuthTokenWeak, format!("the token in `{variable}` {what}"))
            .hint("make one with `openssl rand -hex 32`")
    };
    let length = token.chars().count();
    match token {
        _ if length < TOKEN_CHARACTERS_MIN => {
            Err(weak(format!("has `{length}` characters, expected at least `{TOKEN_CHARACTERS_MIN}`")))
        }
        _ if !is_token(token) => Err(weak(
            "has characters a bearer token cannot have, expected letters, digits and `-._~+/=`".into(),
        )),
        _ => Ok(token),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "0123456789abcdef0123456789abcdef";
    const NEW: &str = "fedcba9876543210fedcba9876543210";

    fn tokens(values: &[(&str, &str)]) -> Result<OpaqueTokens, Refusal> {
        let environment = Environment::new(values.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        OpaqueTokens::from_environment(&environment, &["OLD".to_owned(), "NEW".to_owned()])
    }

    #[test]
    fn while_a_token_is_changed_both_open_the_door_to_the_same_caller() {
        let tokens = tokens(&[("OLD", OLD), ("NEW", NEW)]).expect("tokens");
        let old = tokens.admit(OLD).expect("admitted");
        let new = tokens.admit(NEW).expect("admitted");
        assert_eq!(old.key(), new.key());
    }

    #[test]
    fn any_other_token_is_invalid() {
        let tokens = tokens(&[("OLD", OLD), ("NEW", NEW)]).expect("tokens");
        for wrong in ["", "0", "123456789abcdef0123456789abcdef", &format!("{OLD}0"), &OLD.to_uppercase()] {
            let challenge = tokens.admit(wrong).expect_err("refused");
            assert_eq!(challenge.status(), 401);
            assert_eq!(challenge.refusal().code, Code::TokenInvalid);
        }
    }

    #[test]
    fn a_token_that_is_missing_or_weak_stops_the_start_and_is_not_shown() {
        let table = [
            (vec![("OLD", OLD)], "`NEW` is not set"),
            (vec![("OLD", OLD), ("NEW", "")], "`NEW` is not set"),
            (
                vec![("OLD", "short"), ("NEW", NEW)],
                "the token in `OLD` has `5` characters, expected at least `32`",
            ),
            (
                vec![("OLD", "0123456789abcdef0123456789abcde\n")],
                "the token in `OLD` has characters a bearer token cannot have, expected letters, digits and `-._~+/=`",
            ),
        ];
        for (values, expected) in table {
            let refusal = tokens(&values).expect_err("refused");
            assert_eq!(refusal.message, expected);
            assert!(refusal.hint.is_some());
        }
        let none = OpaqueTokens::from_environment(&Environment::default(), &[]);
        assert_eq!(none.expect_err("refused").code, Code::HttpAuthTokenMissing);
    }

    #[test]
    fn nothing_of_a_token_is_in_a_debug_text() {
        let shown = format!("{:?}", tokens(&[("OLD", OLD), ("NEW", NEW)]).expect("tokens"));
        assert_eq!(shown, "OpaqueTokens { count: 2 }");
    }
}
