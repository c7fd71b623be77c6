//! Who may come in, and who may look at the metrics, from the config and the command line to what the serving room takes.

use synapsor_config::{Authentication as Trusted, Config, IssuerKeys, TokenAlgorithm as Configured};
use synapsor_mcp::auth::{
    Authentication, IssuerSettings, KeySource, OpaqueTokens, SignedTokens, TokenAlgorithm,
};
use synapsor_protocol::{Code, Refusal};

use crate::args::Http;
use crate::settings::Settings;
use crate::{env, wiring};

/// Without a word about it the tokens of the config's issuer; where there is none, the token of the usual variable.
pub(crate) async fn authentication(
    http: &Http,
    settings: &Settings,
    config: &Config,
) -> Result<Authentication, Refusal> {
    let named = &http.auth_token_env;
    match &config.authentication {
        _ if http.dev_no_auth => Ok(Authentication::None),
        Some(_) if !named.is_empty() => {
            let message = "the config trusts an issuer's tokens, and --auth-token-env names another one";
            Err(Refusal::new(Code::InvalidInput, message)
                .hint("remove `authentication` from the config, or --auth-token-env"))
        }
        Some(trusted) => {
            let tokens = SignedTokens::open(issuer(trusted, settings), wiring::clock()).await?;
            Ok(Authentication::Signed(Box::new(tokens)))
        }
        None => OpaqueTokens::from_environment(&settings.environment, &variables(http))
            .map(Authentication::Opaque),
    }
}

/// Who may come in, in words, for whoever starts the server.
pub(crate) fn in_words(http: &Http, config: &Config) -> String {
    match &config.authentication {
        _ if http.dev_no_auth => "whoever comes from this machine, without a token".to_owned(),
        Some(trusted) => format!("tokens of {}", trusted.issuer),
        None => format!("the bearer token in {}", variables(http).join(" or ")),
    }
}

/// The variables that hold the server's own tokens.
fn variables(http: &Http) -> Vec<String> {
    match http.auth_token_env.as_slice() {
        [] => vec![env::HTTP_TOKEN.to_owned()],
        named => named.to_vec(),
    }
}

/// The token of the page of metrics; `None` where no variable is named and the usual one is not set.
pub(crate) fn metrics_tokens(http: &Http, settings: &Settings) -> Result<Option<OpaqueTokens>, Refusal> {
    let environment = &settings.environment;
    let variable = match &http.metrics_token_env {
        Some(named) => named.clone(),
        None if environment.get(env::METRICS_TOKEN).is_some() => env::METRICS_TOKEN.to_owned(),
        None => return Ok(None),
    };
    OpaqueTokens::from_environment(environment, &[variable]).map(Some)
}

fn issuer(trusted: &Trusted, settings: &Settings) -> IssuerSettings {
    let algorithm = |configured: &Configured| match configured {
        Configured::RS256 => TokenAlgorithm::Rs256,
        Configured::ES256 => TokenAlgorithm::Es256,
        Configured::EdDSA => TokenAlgorithm::EdDsa,
    };
    IssuerSettings {
        issuer: trusted.issuer.clone(),
        resource_url: trusted.resource_url.clone(),
        audience: trusted.audience.clone(),
        keys: match &trusted.keys {
            IssuerKeys::Url(url) => KeySource::Url(url.clone()),
            IssuerKeys::File(path) => KeySource::File(settings.config_folder().join(path)),
        },
        algorithms: trusted.algorithms.iter().map(algorithm).collect(),
        leeway_seconds: u32::try_from(trusted.leeway_seconds).unwrap_or(u32::MAX),
        read_scope: trusted.read_scope.clone(),
        propose_scope: trusted.propose_scope.clone(),
    }
}
