//! The provider of a trusted context, and what it is told by.

use serde::Serialize;

/// The name under which the top-level `trusted_context` is found in [`Config::contexts`](super::Config::contexts).
pub const DEFAULT_CONTEXT: &str = "trusted_context";

/// Where tenant and principal come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "provider")]
pub enum Context {
    /// Two environment variables.
    Environment {
        /// Holds the tenant.
        tenant_id_env: String,
        /// Holds the principal.
        principal_env: String,
    },
    /// Literals for development; the environment wins where it is named and set.
    StaticDev {
        /// The tenant.
        tenant_id: Option<String>,
        /// The principal.
        principal: Option<String>,
        /// Holds the tenant, when set.
        tenant_id_env: Option<String>,
        /// Holds the principal, when set.
        principal_env: Option<String>,
    },
    /// Verified claims of the request's token.
    HttpClaims {
        /// Claim that is the tenant.
        tenant_id_key: String,
        /// Claim that is the principal.
        principal_key: String,
    },
    /// A hosted session.
    CloudSession,
}
