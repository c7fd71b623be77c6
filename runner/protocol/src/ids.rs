//! One type per kind of id, so that an evidence id cannot be passed where a proposal id is meant.
//!
//! Ids are names, not authority: tenant and principal are checked on each use.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::door::Ids;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind starts with.
            pub const PREFIX: &'static str = $prefix;

            /// A fresh random id.
            pub fn mint(ids: &dyn Ids) -> Self {
                Self(format!("{}{}", Self::PREFIX, ids.token()))
            }

            /// An id as it was stored or sent. Nothing is checked: an unknown id is simply not found.
            pub fn from_stored(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(/// A proposal.
    ProposalId, "wrp_");
id!(/// An evidence bundle.
    EvidenceId, "ev_");
id!(/// One query-audit entry.
    AuditId, "qa_");
id!(/// A writeback job.
    JobId, "wbj_");
id!(/// A receipt in the ledger.
    ReceiptId, "rcp_");
