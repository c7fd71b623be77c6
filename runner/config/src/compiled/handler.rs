//! What the config says of handlers: whose signature counts, where they run, and what each is granted.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use synapsor_protocol::{Digest, Value};

use super::DeclaredRead;

/// Whose signature on a handler counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct HandlerTrust {
    /// The keys.
    pub keys: Vec<TrustedKey>,
    /// A bundle that none of them has signed is not loaded.
    pub require_signature: bool,
}

/// Where handlers run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandlerIsolation {
    /// In a process of their own, which has no credential, file or network to reach.
    Process,
    /// On threads of the runner.
    #[default]
    InProcess,
}

/// A key whose signatures count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrustedKey {
    /// Whose it is.
    pub name: String,
    /// `ed25519:` and the public key in base64.
    pub public_key: String,
}

/// A handler and what it is granted.
#[derive(Debug, Clone, Serialize)]
pub struct HandlerGrant {
    /// Bundle folder, relative to the config file.
    pub bundle: PathBuf,
    /// Digest of the component file.
    pub digest: Digest,
    /// The candidate that is run beside it, and that decides nothing. Not in the digest of a capability, which is what is
    /// agreed to: trying another version leaves every approval as it is.
    #[serde(skip)]
    pub shadow: Option<ShadowGrant>,
    /// Non-secret settings handed to every call.
    pub settings: BTreeMap<String, Value>,
    /// Whether it may link WASI, and with what behind it. Not in the digest of a capability that does not grant it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wasi: Option<WasiGrant>,
    /// Limits the config sets; absent ones are the host's defaults.
    pub limits: HandlerLimits,
    /// Declared reads by name.
    pub reads: BTreeMap<String, DeclaredRead>,
}

/// Another version of a handler, run in shadow within what the capability grants the live one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowGrant {
    /// Bundle folder, relative to the config file.
    pub bundle: PathBuf,
    /// Digest of the component file.
    pub digest: Digest,
}

/// A WASI a handler may link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WasiGrant {
    /// WASI 0.2 that gives nothing: no folder, environment, argument, socket or input; the clock stands still at the
    /// call's `now`, and randomness is a function of the call.
    DenyAll,
}

/// Limits of one handler call. All optional: the host's defaults fill in and its maxima cap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct HandlerLimits {
    /// Fuel.
    pub fuel: Option<u64>,
    /// Linear memory in bytes, summed.
    pub memory_bytes: Option<u64>,
    /// Wall clock in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Declared reads per call.
    pub reads_max: Option<u32>,
    /// Bytes of the answer.
    pub output_bytes: Option<u64>,
}
