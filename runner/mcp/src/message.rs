//! From text to one message of the protocol, or to the error it is answered with; the same on every transport.

use rmcp::model::{ClientJsonRpcMessage, ErrorCode, ErrorData, JsonRpcError, RequestId};
use serde::Deserialize;
use synapsor_invocation::{Unfaithful, read_json};

use crate::frame::nesting;

/// Deepest nesting of arrays and objects in one message.
const NESTING_MAX: usize = 64;

/// The message a text holds.
///
/// # Errors
/// The answer to a text that holds none, with the request's id where one can be read.
pub(crate) fn parse(line: &[u8]) -> Result<ClientJsonRpcMessage, JsonRpcError> {
    // A byte order mark is not JSON, but some shells put one in front of the first line.
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
    if nesting(line) > NESTING_MAX {
        let text = format!("a message may be nested `{NESTING_MAX}` levels deep at most");
        return Err(refused(ErrorCode::INVALID_REQUEST, text, id_of(line)));
    }
    let tree = read_json(line).map_err(|unfaithful| {
        let code = match unfaithful {
            Unfaithful::Malformed => ErrorCode::PARSE_ERROR,
            Unfaithful::TooDeep | Unfaithful::KeyTwice | Unfaithful::NumberRounded => {
                ErrorCode::INVALID_REQUEST
            }
        };
        refused(code, unfaithful.to_string(), id_of(line))
    })?;
    if tree.is_array() {
        return Err(refused(ErrorCode::INVALID_REQUEST, "batches are not supported", None));
    }
    serde_json::from_value(tree).map_err(|error| {
        tracing::debug!(%error, "a frame is not a JSON-RPC message");
        refused(ErrorCode::INVALID_REQUEST, "the message is not a JSON-RPC 2.0 message", id_of(line))
    })
}

/// The id of something that is not a message. Skips over everything else, however deep.
fn id_of(line: &[u8]) -> Option<RequestId> {
    #[derive(Deserialize)]
    struct IdOnly {
        id: Option<RequestId>,
    }
    serde_json::from_slice::<IdOnly>(line).ok()?.id
}

/// An error of the protocol.
pub(crate) fn refused(code: ErrorCode, text: impl Into<String>, id: Option<RequestId>) -> JsonRpcError {
    JsonRpcError::new(id, ErrorData::new(code, text.into(), None))
}
