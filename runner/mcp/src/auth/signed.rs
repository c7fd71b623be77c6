//! Signed tokens: the signature, then what the claims say, then the scope.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};
use synapsor_invocation::{VerifiedClaims, read_json};
use synapsor_protocol::{Clock, Code, Refusal};

use super::caller::{Caller, Granted};
use super::challenge::Challenge;
use super::claims::{self, Expected};
use super::issuer::{Issuer, KeySource, Missing};
use super::keys::TokenAlgorithm;
use super::metadata::Metadata;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// Whose signed tokens count, and what they must say.
#[derive(Debug, Clone)]
pub struct IssuerSettings {
    /// Who issues the tokens: their `iss`, to the letter.
    pub issuer: String,
    /// This server's address as clients see it.
    pub resource_url: String,
    /// Whom the tokens are for: one of their `aud`, to the letter.
    pub audience: String,
    /// Where the issuer's public keys are.
    pub keys: KeySource,
    /// Which signatures count.
    pub algorithms: Vec<TokenAlgorithm>,
    /// How far the issuer's clock may be off, in seconds.
    pub leeway_seconds: u32,
    /// The scope that opens the door.
    pub read_scope: String,
    /// The scope that proposals need; it opens the door too.
    pub propose_scope: String,
}

/// Tokens that one issuer signs.
pub struct SignedTokens {
    settings: IssuerSettings,
    metadata: Metadata,
    issuer: Issuer,
    clock: Arc<dyn Clock>,
}

impl SignedTokens {
    /// Reads the issuer's keys. An issuer that does not answer is asked again when the first token comes; a file that
    /// cannot be read is a mistake of the operator.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] for a key file without usable keys or a metadata address that cannot be built.
    pub async fn open(settings: IssuerSettings, clock: Arc<dyn Clock>) -> Result<Self, Refusal> {
        let metadata = Metadata::of(&settings)?;
        let issuer = Issuer::new(settings.keys.clone(), Arc::clone(&clock)).map_err(Refusal::bug)?;
        if let Err(error) = issuer.load().await {
            let cause: &dyn std::error::Error = &error;
            match &settings.keys {
                KeySource::File(path) => {
                    let message = format!("the issuer's keys in `{}`: {error}", path.display());
                    return Err(Refusal::new(Code::ConfigInvalid, message)
                        .hint("`jwks_path` names a JSON Web Key Set with the issuer's public keys"));
                }
                KeySource::Url(_) => {
                    tracing::warn!(
                        error = cause,
                        "the issuer's keys cannot be had yet; asked for again with the first token"
                    );
                }
            }
        }
        Ok(Self { settings, metadata, issuer, clock })
    }

    /// What a client without a token has to know.
    pub(super) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Where a client finds out how to get a token, added to the answer it gets.
    pub(super) fn guide(&self, challenge: Challenge) -> Challenge {
        challenge.guided(self.metadata.address(), &self.settings.read_scope)
    }

    pub(super) async fn admit(&self, token: &str) -> Result<Caller, Challenge> {
        let claims = self.verified(token).await?;
        let IssuerSettings { read_scope, propose_scope, .. } = &self.settings;
        let scopes = claims::scopes(&claims);
        if !scopes.contains(read_scope) && !scopes.contains(propose_scope) {
            return Err(Challenge::insufficient(read_scope));
        }
        let metadata = self.metadata.address().to_owned();
        Ok(caller(claims, Granted { scopes, propose_scope: propose_scope.clone(), metadata }))
    }

    /// The claims of a token that is good here.
    async fn verified(&self, token: &str) -> Result<Map<String, Json>, Challenge> {
        let malformed = || Challenge::invalid("the token is not a signed JSON Web Token");
        let (message, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, payload) = message.split_once('.').ok_or_else(malformed)?;
        let header = object(header).ok_or_else(malformed)?;
        let algorithm = self.algorithm(&header)?;
        let id = match header.get("kid") {
            None => None,
            Some(id) => Some(id.as_str().ok_or_else(malformed)?),
        };
        let key = self.issuer.key(id, algorithm).await.map_err(|missing| match missing {
            Missing::Unknown => Challenge::invalid("the token is signed with a key the issuer does not have"),
            Missing::Unavailable => Challenge::unavailable(),
        })?;
        if !key.signed(message, signature) {
            return Err(Challenge::invalid("the token's signature is wrong"));
        }
        let claims = object(payload).ok_or_else(malformed)?;
        let expected = Expected {
            issuer: &self.settings.issuer,
            audience: &self.settings.audience,
            leeway_seconds: self.settings.leeway_seconds.into(),
            now_seconds: self.clock.now().micros().div_euclid(MICROS_PER_SECOND),
        };
        claims::check(&claims, &expected).map_err(Challenge::invalid)?;
        Ok(claims)
    }

    /// The algorithm a header names, when it is one that counts, and the header asks for nothing we would ignore.
    fn algorithm(&self, header: &Map<String, Json>) -> Result<TokenAlgorithm, Challenge> {
        if header.contains_key("crit") {
            return Err(Challenge::invalid("the token's header has critical extensions"));
        }
        if header.get("typ").is_some_and(|kind| !is_access_token(kind)) {
            return Err(Challenge::invalid("the token's `typ` is not that of an access token"));
        }
        let named = header.get("alg").and_then(Json::as_str).and_then(TokenAlgorithm::named);
        named
            .filter(|algorithm| self.settings.algorithms.contains(algorithm))
            .ok_or_else(|| Challenge::invalid("the token's `alg` is not one this server accepts"))
    }
}

impl fmt::Debug for SignedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedTokens").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where claims were just verified")]
fn caller(claims: Map<String, Json>, granted: Granted) -> Caller {
    let text = |name: &str| claims.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let (issuer, subject) = (text("iss"), text("sub"));
    Caller::verified(&issuer, &subject, VerifiedClaims::vouched_for(claims), granted)
}

/// `JWT` or `at+jwt` (RFC 9068): an issuer signs other things too, such as notices of a logout.
fn is_access_token(kind: &Json) -> bool {
    let kind = kind.as_str().unwrap_or_default().to_ascii_lowercase();
    matches!(kind.strip_prefix("application/").unwrap_or(&kind), "jwt" | "at+jwt")
}

/// The object in a part of a token; a key that stands twice in it is no object, since two readers would see two.
fn object(part: &str) -> Option<Map<String, Json>> {
    let text = URL_SAFE_NO_PAD.decode(part).ok()?;
    match read_json(&text).ok()? {
        Json::Object(object) => Some(object),
        _ => None,
    }
}
