//! The trusted context: established from the runner's settings, never from a call.

use synapsor_config::{Capability, Context};
use synapsor_protocol::{Code, Environment, Provenance, Refusal, TrustedContext};

/// Whose data, and who is asking, for a call of this capability.
pub(crate) fn resolve(capability: &Capability, environment: &Environment) -> Result<TrustedContext, Refusal> {
    match capability.context.as_ref() {
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
        Context::HttpClaims { .. } | Context::CloudSession => Err(Refusal::new(
            Code::TrustedContextUnsupported,
            format!(
                "context `{}` needs a verified session, which this transport has not",
                capability.context_name
            ),
        )
        .hint("use an `environment` context for stdio")),
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where a trusted context is established")]
fn establish(tenant: String, principal: String, provenance: Provenance) -> Result<TrustedContext, Refusal> {
    Ok(TrustedContext::establish(tenant, principal, provenance))
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
