//! What a request says of itself, as far as the way to rmcp depends on it: its era, its session, its forms.

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use rmcp::model::{
    ClientJsonRpcMessage, ClientRequest, ErrorCode, ErrorData, GetMeta as _, JsonRpcError, JsonRpcMessage,
    ProtocolVersion, RequestId,
};
use serde_json::json;
use synapsor_protocol::{Code, Refusal};

use super::headers::{PROTOCOL_VERSION, SESSION_ID};

/// What a client of the protocol accepts; one that accepts anything accepts this.
const BOTH_FORMS: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");

/// The request every client of the era without sessions begins with.
const DISCOVER: &str = "server/discover";

/// What a body asks, as far as the way to rmcp depends on it.
pub(crate) struct Asked {
    /// The id of a request; a notification has none.
    pub(crate) id: Option<RequestId>,
    /// It carries its protocol version, so it stands alone, as every request does since 2026-07-28.
    pub(crate) stateless: bool,
    /// It opens a session.
    pub(crate) initialize: bool,
    /// It is answered for as long as the client listens.
    pub(crate) listen: bool,
}

impl Asked {
    pub(crate) fn of(message: &ClientJsonRpcMessage, headers: &HeaderMap) -> Self {
        let by_header = names_stateless_version(headers);
        let JsonRpcMessage::Request(request) = message else {
            return Self { id: None, stateless: by_header, initialize: false, listen: false };
        };
        let initialize = matches!(request.request, ClientRequest::InitializeRequest(_));
        // Without its parameters rmcp does not know it again, and it still belongs to the era that refuses it for that.
        let discover = match &request.request {
            ClientRequest::DiscoverRequest(_) => true,
            ClientRequest::CustomRequest(other) => other.method == DISCOVER,
            _ => false,
        };
        let by_body = request.request.get_meta().protocol_version().is_some();
        Self {
            id: Some(request.id.clone()),
            stateless: !initialize && (by_body || by_header || discover),
            initialize,
            listen: matches!(request.request, ClientRequest::SubscriptionsListenRequest(_)),
        }
    }
}

/// The tool a message calls.
pub(crate) fn called(message: &ClientJsonRpcMessage) -> Option<&str> {
    match message {
        JsonRpcMessage::Request(request) => match &request.request {
            ClientRequest::CallToolRequest(call) => Some(&call.params.name),
            _ => None,
        },
        _ => None,
    }
}

/// Whether the headers alone put a request into the era without sessions.
pub(crate) fn names_stateless_version(headers: &HeaderMap) -> bool {
    let named = headers.get(PROTOCOL_VERSION).and_then(|version| version.to_str().ok());
    // Versions are dates, so their texts compare as they do.
    named.is_some_and(|version| version >= ProtocolVersion::V_2026_07_28.as_str())
}

/// Checks what the body says it is, and that the client takes both forms of an answer.
pub(crate) fn media_types(headers: &mut HeaderMap) -> Result<(), Refusal> {
    let essence = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(essence);
    if sent.as_deref() != Some("application/json") {
        return Err(Refusal::new(Code::HttpMediaTypeUnsupported, "the body has to be `application/json`"));
    }
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accepted: Vec<String> = accepted.flat_map(|value| value.split(',')).map(essence).collect();
    let takes = |wanted: &str| accepted.iter().any(|one| one == wanted);
    if accepted.is_empty() || takes("*/*") {
        headers.insert(ACCEPT, BOTH_FORMS);
    } else if !(takes("application/json") && takes("text/event-stream")) {
        return Err(Refusal::new(Code::HttpNotAcceptable, "the client has to take answers of both forms")
            .hint("send `Accept: application/json, text/event-stream`"));
    }
    Ok(())
}

/// Refuses a revision that nobody here speaks, as the handshake era says it.
pub(crate) fn known_version(headers: &HeaderMap, id: Option<&RequestId>) -> Result<(), Box<JsonRpcError>> {
    let Some(named) = headers.get(PROTOCOL_VERSION) else {
        return Ok(());
    };
    let supported: Vec<&str> = ProtocolVersion::KNOWN_VERSIONS.iter().map(ProtocolVersion::as_str).collect();
    if named.to_str().is_ok_and(|named| supported.contains(&named)) {
        return Ok(());
    }
    let data = json!({ "code": Code::HttpRequestInvalid, "retryable": false, "supported": supported });
    let message = "the `MCP-Protocol-Version` header names no revision this server speaks";
    let error = ErrorData::new(ErrorCode::INVALID_REQUEST, message, Some(data));
    Err(Box::new(JsonRpcError::new(id.cloned(), error)))
}

/// The session a request names. An id that is no text names none there is, which is another thing than naming none.
pub(crate) fn session_id(headers: &HeaderMap) -> Option<&str> {
    headers.get(SESSION_ID).map(|value| value.to_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(http::HeaderName, &'static str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    fn asked(version: Option<&'static str>, body: &str) -> (bool, bool, bool) {
        let message = serde_json::from_str(body).expect("a message");
        let headers = version.map(|version| headers(&[(PROTOCOL_VERSION, version)])).unwrap_or_default();
        let asked = Asked::of(&message, &headers);
        (asked.stateless, asked.initialize, asked.listen)
    }

    #[test]
    fn a_request_is_of_the_era_that_its_body_or_its_header_says() {
        let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
        let alone = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
        let discover = r#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#;
        let opening = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2026-07-28","capabilities":{},"clientInfo":{"name":"a","version":"1"}}}"#;
        let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        assert_eq!(asked(None, list), (false, false, false));
        assert_eq!(asked(Some("2025-11-25"), list), (false, false, false));
        assert_eq!(asked(Some("2026-07-28"), list), (true, false, false));
        assert_eq!(asked(Some("2025-11-25"), alone), (true, false, false));
        assert_eq!(asked(None, discover), (true, false, false));
        assert_eq!(asked(Some("2026-07-28"), opening), (false, true, false));
        assert_eq!(asked(Some("2026-07-28"), note), (true, false, false));
        assert_eq!(asked(None, note), (false, false, false));
    }

    #[test]
    fn a_client_that_takes_anything_takes_both_forms() {
        let table = [
            (None, true),
            (Some("*/*"), true),
            (Some("application/json, text/event-stream"), true),
            (Some("TEXT/EVENT-STREAM;q=0.5,Application/JSON"), true),
            (Some("application/json"), false),
            (Some("text/event-stream"), false),
            (Some("text/html"), false),
        ];
        for (accept, taken) in table {
            let mut sent = headers(&[(CONTENT_TYPE, "application/json; charset=utf-8")]);
            accept.map(|accept| sent.insert(ACCEPT, HeaderValue::from_static(accept)));
            assert_eq!(media_types(&mut sent).is_ok(), taken, "{accept:?}");
        }
        for form in ["text/plain", "application/json-patch", "application/x-www-form-urlencoded", ""] {
            let refusal = media_types(&mut headers(&[(CONTENT_TYPE, form)])).expect_err("another form");
            assert_eq!(refusal.code, Code::HttpMediaTypeUnsupported);
        }
    }
}
