//! Who answers: the server as it names itself, in the handshake or beneath every result that has none.

use rmcp::model::{Implementation, MetaObject};
use serde_json::{Value as Json, json};

/// Where 2026-07-28 results name the server.
const SERVER_INFO_KEY: &str = "io.modelcontextprotocol/serverInfo";

/// The server's name for itself; the same for as long as it runs.
pub(crate) struct Signature {
    server: Implementation,
    written: Json,
}

impl Signature {
    pub(crate) fn new(version: &str) -> Self {
        let mut server = Implementation::new("synapsor-runner", version);
        server.title = Some("Synapsor Runner".to_owned());
        server.description = Some("scoped reads and reviewed proposals; never a direct write".to_owned());
        Self { written: json!(server), server }
    }

    pub(crate) fn server(&self) -> Implementation {
        self.server.clone()
    }

    /// What stands beneath a result, and the name.
    pub(crate) fn under(&self, meta: Option<MetaObject>) -> MetaObject {
        let mut meta = meta.unwrap_or_default();
        meta.0.insert(SERVER_INFO_KEY.to_owned(), self.written.clone());
        meta
    }
}
