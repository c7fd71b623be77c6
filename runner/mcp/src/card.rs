//! The diff card: a proposal as a page that a client shows beside the conversation, by the MCP Apps extension.
//!
//! Invariant: it only shows. It has no button, makes no call of a tool and no request of any kind: its policy forbids every
//! connection, and it is offered to nobody who did not say that they show such pages.

use rmcp::RoleServer;
use rmcp::model::{JsonObject, MetaObject, ReadResourceResult, ResourceContents, Tool};
use rmcp::service::RequestContext;
use serde_json::{Value as Json, json};

use crate::tools::DELEGATED_KEY;

/// The extension by which a client says that it shows pages.
const EXTENSION: &str = "io.modelcontextprotocol/ui";

/// The kind of page it has to be able to show.
const MIME_TYPE: &str = "text/html;profile=mcp-app";

/// Where the card is.
pub(crate) const ADDRESS: &str = "ui://synapsor/proposal";

const PAGE: &str = include_str!("card/proposal.html");

/// Whether this request's client shows pages.
pub(crate) fn is_shown(context: &RequestContext<RoleServer>) -> bool {
    let Some(extensions) = context.client_capabilities().and_then(|able| able.extensions) else {
        return false;
    };
    let Some(settings) = extensions.get(EXTENSION) else { return false };
    // A client that names no types means the only one there is.
    let types = settings.get("mimeTypes").and_then(Json::as_array);
    types.is_none_or(|types| types.iter().any(|kind| kind == MIME_TYPE))
}

/// The tool with the card beside its results, if it is one that proposes.
pub(crate) fn beside(mut tool: Tool) -> Tool {
    let delegated = tool.meta.as_ref().is_some_and(|meta| meta.0.contains_key(DELEGATED_KEY));
    if !delegated && tool.annotations.as_ref().and_then(|hints| hints.read_only_hint) == Some(false) {
        let meta = tool.meta.get_or_insert_with(MetaObject::default);
        meta.0.insert("ui".to_owned(), json!({ "resourceUri": ADDRESS, "visibility": ["model"] }));
    }
    tool
}

/// The page, with what it may reach: nothing.
pub(crate) fn contents() -> ReadResourceResult {
    let policy = json!({
        "csp": { "connectDomains": [], "resourceDomains": [], "frameDomains": [], "baseUriDomains": [] },
        "permissions": {},
        "prefersBorder": true,
    });
    let meta = MetaObject(JsonObject::from_iter([("ui".to_owned(), policy)]));
    let page = ResourceContents::TextResourceContents {
        uri: ADDRESS.to_owned(),
        mime_type: Some(MIME_TYPE.to_owned()),
        text: PAGE.to_owned(),
        meta: Some(meta),
    };
    ReadResourceResult::new(vec![page])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_reaches_nothing_and_calls_no_tool() {
        for word in [
            "tools/call",
            "ui/message",
            "ui/open-link",
            "fetch(",
            "XMLHttpRequest",
            "http:",
            "https:",
            "innerHTML",
            "<form",
            "<button",
            "eval(",
        ] {
            assert!(!PAGE.contains(word), "{word}");
        }
        assert!(PAGE.contains("default-src 'none'"));
    }
}
