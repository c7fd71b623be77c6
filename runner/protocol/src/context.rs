//! The trusted context: whose data, and who is asking, as the runner established them.

use serde::{Deserialize, Serialize};

/// Where tenant and principal came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// Environment variables of the runner.
    Environment,
    /// Literals in the config, for development.
    StaticDev,
    /// Verified claims of the request's token.
    HttpClaims,
    /// A hosted session.
    CloudSession,
}

/// Tenant and principal. Invariant: never built from a model's arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedContext {
    tenant: String,
    principal: String,
    provenance: Provenance,
}

impl TrustedContext {
    /// Only `invocation::context` may call this (`.clippy.toml` bans it elsewhere).
    pub fn establish(tenant: String, principal: String, provenance: Provenance) -> Self {
        Self { tenant, principal, provenance }
    }

    /// Whose data.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Who is asking.
    pub fn principal(&self) -> &str {
        &self.principal
    }

    /// Where both came from.
    pub fn provenance(&self) -> Provenance {
        self.provenance
    }
}
