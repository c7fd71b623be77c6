//! What a client without a token has to know: the metadata of RFC 9728, and where it is.

use http::Uri;
use serde_json::{Value as Json, json};
use synapsor_protocol::{Code, Refusal};

use super::signed::IssuerSettings;

/// Where the document is, before the path of the resource itself.
pub const METADATA_PATH: &str = "/.well-known/oauth-protected-resource";

/// The document, and where clients find it.
#[derive(Debug, Clone)]
pub struct Metadata {
    address: String,
    /// The path of `address`.
    path: String,
    document: Json,
}

impl Metadata {
    /// # Errors
    /// [`Code::ConfigInvalid`] where the resource's address has no host.
    pub(super) fn of(settings: &IssuerSettings) -> Result<Self, Refusal> {
        let (origin, path) = address(&settings.resource_url).ok_or_else(|| {
            let message = format!("`{}` is not an address clients can use", settings.resource_url);
            Refusal::new(Code::ConfigInvalid, message).hint("correct `authentication.resource_url`")
        })?;
        Ok(Self {
            address: format!("{origin}{path}"),
            path,
            document: json!({
                "resource": settings.resource_url,
                "authorization_servers": [settings.issuer],
                "scopes_supported": [settings.read_scope, settings.propose_scope],
                "bearer_methods_supported": ["header"],
                "resource_name": "Synapsor Runner",
            }),
        })
    }

    /// The URL in every challenge.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The path of that URL.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The document itself. It holds nothing secret.
    pub fn document(&self) -> &Json {
        &self.document
    }
}

/// `https://host` and `/.well-known/oauth-protected-resource/mcp` for `https://host/mcp`.
fn address(resource_url: &str) -> Option<(String, String)> {
    let resource: Uri = resource_url.parse().ok()?;
    let (scheme, authority) = (resource.scheme_str()?, resource.authority()?);
    let path = resource.path().trim_end_matches('/');
    Some((format!("{scheme}://{authority}"), format!("{METADATA_PATH}{path}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_beside_the_resource() {
        let under = |origin: &str, rest: &str| Some((origin.to_owned(), format!("{METADATA_PATH}{rest}")));
        assert_eq!(address("https://runner.example/mcp"), under("https://runner.example", "/mcp"));
        assert_eq!(address("https://runner.example/a/mcp/"), under("https://runner.example", "/a/mcp"));
        assert_eq!(address("https://runner.example"), under("https://runner.example", ""));
        assert_eq!(address("http://127.0.0.1:8766/mcp"), under("http://127.0.0.1:8766", "/mcp"));
        assert_eq!(address("not an address"), None);
        assert_eq!(address("/mcp"), None);
    }
}
