//! Who may come in: what a request's headers prove, before anything else of the request is looked at.
//!
//! [`Authentication::admit`] is the whole door. It answers with a [`Caller`], which later layers carry along, or with the
//! [`Challenge`] that is the answer to the request.
//!
//! Invariant: no token leaves this module: not to a log, a `Debug` text, an answer, the ledger or another server.
//! Invariant: only the `Authorization` header counts. A token in a query string or a body is not looked at.
//! Absent on purpose: getting tokens. This server trusts an issuer; it is none, and it asks none about a caller.

mod bearer;
mod opaque;
mod signed;
mod keys;
mod issuer;
mod claims;
mod metadata;
mod caller;
mod limits;
mod challenge;
#[cfg(test)]
mod standin;
#[cfg(test)]
mod table;

use http::HeaderMap;
use synapsor_invocation::Runtime;
use synapsor_protocol::{Code, Refusal};

pub use caller::Caller;
pub use challenge::Challenge;
pub use issuer::KeySource;
pub use keys::TokenAlgorithm;
pub use limits::{RateLimits, RateSettings};
pub use metadata::{METADATA_PATH, Metadata};
pub use opaque::{OpaqueTokens, TOKEN_CHARACTERS_MIN};
pub use signed::{IssuerSettings, SignedTokens};

/// How requests prove who sends them.
#[derive(Debug)]
pub enum Authentication {
    /// They do not. For development, and only on a loopback address; whoever binds the socket has to check that.
    None,
    /// One shared secret. Everybody who has it is the same caller.
    Opaque(OpaqueTokens),
    /// Tokens that an issuer signs, each for one principal.
    Signed(Box<SignedTokens>),
}

impl Authentication {
    /// The caller behind a request, from its headers alone.
    ///
    /// # Errors
    /// The answer to give instead; it says what is missing, and nothing of what was sent.
    pub async fn admit(&self, headers: &HeaderMap) -> Result<Caller, Challenge> {
        match self {
            Self::None => Ok(Caller::anonymous()),
            Self::Opaque(tokens) => tokens.admit(bearer::token(headers)?),
            Self::Signed(tokens) => {
                let admitted = match bearer::token(headers) {
                    Ok(token) => tokens.admit(token).await,
                    Err(challenge) => Err(challenge),
                };
                admitted.map_err(|challenge| tokens.guide(challenge))
            }
        }
    }

    /// What a client without a token has to know, where there is an issuer it can get one from.
    pub fn metadata(&self) -> Option<&Metadata> {
        match self {
            Self::Signed(tokens) => Some(tokens.metadata()),
            Self::None | Self::Opaque(_) => None,
        }
    }

    /// Refuses to serve capabilities of which no call could be carried out, because nothing here verifies claims.
    ///
    /// # Errors
    /// [`Code::TrustedContextUnsupported`], with the first such capability.
    pub fn suits(&self, runtime: &Runtime) -> Result<(), Refusal> {
        match (self, runtime.on_claims()) {
            (Self::Signed(_), _) | (_, None) => Ok(()),
            (Self::None | Self::Opaque(_), Some((capability, context))) => {
                let message = format!(
                    "context `{context}` of capability `{capability}` takes tenant and principal from a signed token, \
                     which nobody verifies here"
                );
                Err(Refusal::new(Code::TrustedContextUnsupported, message).hint(
                    "use an `environment` context, or serve over HTTP with `authentication` in the config",
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
    use synapsor_protocol::Environment;

    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    fn door() -> Authentication {
        let environment = Environment::new([("TOKEN".to_owned(), TOKEN.to_owned())]);
        let tokens = OpaqueTokens::from_environment(&environment, &["TOKEN".to_owned()]);
        Authentication::Opaque(tokens.expect("a token"))
    }

    fn bearing(token: &str) -> HeaderMap {
        let value = HeaderValue::from_str(&format!("Bearer {token}")).expect("a header value");
        HeaderMap::from_iter([(AUTHORIZATION, value)])
    }

    #[tokio::test]
    async fn without_authentication_everybody_is_the_same_caller() {
        let one = Authentication::None.admit(&HeaderMap::new()).await.expect("admitted");
        let two = Authentication::None.admit(&bearing(TOKEN)).await.expect("admitted");
        assert_eq!(one.key(), two.key());
    }

    #[tokio::test]
    async fn the_token_opens_the_door_and_nothing_of_it_stays() {
        let caller = door().admit(&bearing(TOKEN)).await.expect("admitted");
        assert!(!format!("{caller:?}").contains(TOKEN));
        assert_ne!(
            caller.key(),
            Authentication::None.admit(&HeaderMap::new()).await.expect("admitted").key()
        );
    }

    #[tokio::test]
    async fn another_token_is_answered_with_a_challenge_that_shows_nothing_of_it() {
        let sent = TOKEN.replace('0', "1");
        let challenge = door().admit(&bearing(&sent)).await.expect_err("refused");
        let response = challenge.response();
        assert_eq!(response.status(), 401);
        assert_eq!(
            response.headers()[WWW_AUTHENTICATE],
            "Bearer error=\"invalid_token\", error_description=\"the token is not this server's\""
        );
        assert!(response.body().contains("\"TOKEN_INVALID\""), "{}", response.body());
        assert!(!format!("{response:?}{challenge:?}").contains(&sent));
    }

    #[tokio::test]
    async fn no_token_at_all_is_asked_for_one_without_an_error() {
        let response = door().admit(&HeaderMap::new()).await.expect_err("refused").response();
        assert_eq!(
            (response.status().as_u16(), response.headers()[WWW_AUTHENTICATE].as_bytes()),
            (401, &b"Bearer"[..])
        );
        assert!(response.body().contains("\"AUTHENTICATION_REQUIRED\""), "{}", response.body());
    }
}
