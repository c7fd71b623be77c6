//! What a handler is loaded with: its limits, and whether it may link WASI.

use serde::{Deserialize, Serialize};

use crate::limits::Limits;

/// What a handler is given besides its inputs. `Limits` alone are an allowance without WASI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// What one call may use.
    pub limits: Limits,
    /// Whether the component may import WASI.
    pub wasi: Wasi,
}

impl From<Limits> for Allowance {
    fn from(limits: Limits) -> Self {
        Self { limits, wasi: Wasi::None }
    }
}

/// What a component finds where it imports WASI.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wasi {
    /// A refusal to load it, with every such import named.
    #[default]
    None,
    /// WASI 0.2 with nothing behind it.
    DenyAll,
}
