//! What comes back: a JSON-RPC 2.0 response, and the HTTP status beside it.

use http::StatusCode;
use serde_json::{Value as Json, json};
use synapsor_protocol::{Code, Refusal};

/// The body is not JSON.
pub(super) const PARSE_ERROR: i64 = -32700;
/// The JSON is not a request.
pub(super) const INVALID_REQUEST: i64 = -32600;
/// No such method is served.
pub(super) const METHOD_NOT_FOUND: i64 = -32601;
/// The parameters do not have the method's shape.
pub(super) const INVALID_PARAMS: i64 = -32602;
/// Something here broke.
const INTERNAL: i64 = -32603;
/// No such record exists for this tenant.
const RESOURCE_NOT_FOUND: i64 = -32002;
/// The runner answered no; `data.code` says why.
const REFUSED: i64 = -32000;

/// An error of the protocol.
#[derive(Debug, PartialEq)]
pub(super) struct RpcError {
    pub(super) code: i64,
    message: String,
    data: Option<Json>,
}

impl RpcError {
    pub(super) fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// A refusal outside a tool's result.
    pub(super) fn refused(refusal: &Refusal) -> Self {
        let code = match refusal.code {
            Code::McpToolNotFound | Code::ResourceIdMissing | Code::InvalidInput => INVALID_PARAMS,
            Code::ResourceNotFound => RESOURCE_NOT_FOUND,
            Code::Internal => INTERNAL,
            _ => REFUSED,
        };
        let data =
            json!({ "code": refusal.code, "retryable": refusal.code.retryable(), "hint": refusal.hint });
        Self { code, message: refusal.message.clone(), data: Some(data) }
    }

    /// The status that says the same. What is a request has been answered, whatever the answer.
    pub(super) fn status(&self) -> StatusCode {
        match self.code {
            PARSE_ERROR | INVALID_REQUEST => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        }
    }
}

/// The response under an id.
pub(super) fn response(id: &Json, outcome: &Result<Json, RpcError>) -> Json {
    match outcome {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(error) => {
            let mut told = json!({ "code": error.code, "message": error.message });
            if let (Some(data), Some(fields)) = (&error.data, told.as_object_mut()) {
                fields.insert("data".to_owned(), data.clone());
            }
            json!({ "jsonrpc": "2.0", "id": id, "error": told })
        }
    }
}
