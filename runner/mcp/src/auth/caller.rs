//! Who a request comes from, as the layers behind the door know it.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

/// Who a request comes from. Cheap to clone. Invariant: holds no token, and its `Debug` shows nothing secret.
#[derive(Clone)]
pub struct Caller {
    key: Arc<str>,
}

impl Caller {
    /// Nobody in particular: a server without authentication.
    pub(super) fn anonymous() -> Self {
        Self::keyed(&["anonymous"])
    }

    /// Whoever has the server's token.
    pub(super) fn holder_of_the_token() -> Self {
        Self::keyed(&["token"])
    }

    /// A caller whose key is a digest over `parts`.
    fn keyed(parts: &[&str]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        Self { key: hex::encode(digest.finalize()).into() }
    }

    /// The same for every request of one caller and different for two; a digest, so it may be logged and kept.
    ///
    /// Rate limits count by it, and a session belongs to the key that opened it.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("key", &self.key).finish()
    }
}
