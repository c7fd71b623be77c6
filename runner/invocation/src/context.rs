//! The trusted context: established from the runner's settings or a caller's verified claims, never from a call.

use synapsor_config::{Capability, Context};
use synapsor_protocol::{Code, Environment, Provenance, Refusal, TrustedContext};

use crate::claims::VerifiedClaims;

/// What a context may be established from.
pub(crate) struct Grounds<'a> {
    /// The variables the runner started with.
    pub(crate) environment: &'a Environment,
    /// What was verified about whoever asks; nothing on a transport that verifies nothing.
    pub(crate) claims: Option<&'a VerifiedClaims>,
}

/// Whose data, and who is asking, for a call of this capability.
pub(crate) fn resolve(capability: &Capability, grounds: &Grounds<'_>) -> Result<TrustedContext, Refusal> {
    of_provider(&capability.context_name, &capability.context, grounds)
}

/// The same for the context of this name.
pub(crate) fn of_provider(
    name: &str,
    context: &Context,
    grounds: &Grounds<'_>,
) -> Result<TrustedContext, Refusal> {
    let environment = grounds.environment;
    match context {
        Context::Environment { tenant_id_env, principal_env } => establish(
            required(environment, tenant_id_env, "tenant")?,
            required(environment, principal_env, "principal")?,
            Provenance::Environment,
        ),
        Context::StaticDev { tenant_id, principal, tenant_id_env, principal_env } => establish(
            literal(environment, tenant_id_env.as_deref(), tenant_id.as_deref(), "tenant")?,
            literal(environment, principal_env.as_deref(), principal.as_deref(), "principal")?,
            Provenance::StaticDev,
        ),
        Context::HttpClaims { tenant_id_key, principal_key } => {
            let claims = grounds.claims.ok_or_else(|| unsupported(name, context))?;
            establish(
                claimed(claims, tenant_id_key, "tenant")?,
                claimed(claims, principal_key, "principal")?,
                Provenance::HttpClaims,
            )
        }
        Context::CloudSession => Err(unsupported(name, context)),
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where a trusted context is established")]
fn establish(tenant: String, principal: String, provenance: Provenance) -> Result<TrustedContext, Refusal> {
    Ok(TrustedContext::establish(tenant, principal, provenance))
}

fn unsupported(name: &str, context: &Context) -> Refusal {
    let message = format!("context `{name}` needs a verified session, which this transport has not");
    Refusal::new(Code::TrustedContextUnsupported, message).hint(match context {
        Context::HttpClaims { .. } => {
            "use an `environment` context here, or serve over HTTP with `authentication` in the config"
        }
        _ => "use an `environment` context",
    })
}

fn claimed(claims: &VerifiedClaims, key: &str, what: &str) -> Result<String, Refusal> {
    claims.text(key).map(str::to_owned).map_err(|unusable| {
        Refusal::new(
            Code::TrustedBindingMissing,
            format!("the {what} is not known: claim `{key}` {unusable}"),
        )
        .hint("ask whoever issues the tokens to put it in")
    })
}

fn required(environment: &Environment, variable: &str, what: &str) -> Result<String, Refusal> {
    environment.get(variable).map(str::to_owned).ok_or_else(|| {
        Refusal::new(Code::TrustedBindingMissing, format!("the {what} is not set: `{variable}` is empty"))
            .hint(format!("set `{variable}` where the runner starts"))
    })
}

fn literal(
    environment: &Environment,
    variable: Option<&str>,
    literal: Option<&str>,
    what: &str,
) -> Result<String, Refusal> {
    let named = variable.and_then(|variable| environment.get(variable));
    named.or(literal).map(str::to_owned).ok_or_else(|| {
        Refusal::new(
            Code::TrustedBindingMissing,
            format!("the {what} is set neither by value nor by environment"),
        )
    })
}
