//! What was sent: one JSON-RPC 2.0 request, or the error that says why it is none.

use serde_json::{Map, Value as Json};
use synapsor_invocation::{Unfaithful, read_json};

use super::answer::{INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR, RpcError};

/// One message.
#[derive(Debug, PartialEq)]
pub(super) struct RpcRequest {
    /// As it was sent: text, a number or null. `None` where there is none, which makes it a notification.
    pub(super) id: Option<Json>,
    pub(super) method: String,
    pub(super) params: Map<String, Json>,
}

/// Reads one message. The error comes with the id it is answered under.
pub(super) fn read(body: &[u8]) -> Result<RpcRequest, (Json, RpcError)> {
    let unnamed = |error| (Json::Null, error);
    let tree = read_json(body).map_err(|unfaithful| {
        let code = if unfaithful == Unfaithful::Malformed { PARSE_ERROR } else { INVALID_REQUEST };
        unnamed(RpcError::new(code, unfaithful.to_string()))
    })?;
    let mut message = match tree {
        Json::Object(message) => message,
        Json::Array(_) => {
            return Err(unnamed(invalid("batches are not served; send one request at a time")));
        }
        _ => return Err(unnamed(invalid("expected one JSON-RPC 2.0 request, an object"))),
    };
    let id = match message.remove("id") {
        Some(Json::Bool(_) | Json::Array(_) | Json::Object(_)) => {
            return Err(unnamed(invalid("expected `id` to be text, a number or null")));
        }
        id => id,
    };
    let named = |error| (id.clone().unwrap_or_default(), error);
    if message.get("jsonrpc").and_then(Json::as_str) != Some("2.0") {
        return Err(named(invalid("expected `jsonrpc` to be \"2.0\"")));
    }
    let Some(Json::String(method)) = message.remove("method") else {
        return Err(named(invalid("expected `method`, the name of a method")));
    };
    let params = match message.remove("params") {
        None => Map::new(),
        Some(Json::Object(params)) => params,
        Some(_) => return Err(named(RpcError::new(INVALID_PARAMS, "expected `params` to be an object"))),
    };
    Ok(RpcRequest { id, method, params })
}

fn invalid(message: &str) -> RpcError {
    RpcError::new(INVALID_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_is_kept_whatever_form_it_has() {
        for (sent, kept) in [
            (r#""id":"a","#, Some(json!("a"))),
            (r#""id":"","#, Some(json!(""))),
            (r#""id":7,"#, Some(json!(7))),
            (r#""id":-1.5,"#, Some(json!(-1.5))),
            (r#""id":18446744073709551615,"#, Some(json!(u64::MAX))),
            (r#""id":null,"#, Some(Json::Null)),
            ("", None),
        ] {
            let body = format!(r#"{{{sent}"jsonrpc":"2.0","method":"tools/list"}}"#);
            assert_eq!(read(body.as_bytes()).expect("a request").id, kept, "{sent}");
        }
    }

    #[test]
    fn what_is_no_request_is_refused_with_the_protocols_own_code() {
        let table = [
            ("", PARSE_ERROR, Json::Null),
            ("{", PARSE_ERROR, Json::Null),
            ("\u{feff}{}", PARSE_ERROR, Json::Null),
            ("{} {}", PARSE_ERROR, Json::Null),
            ("7", INVALID_REQUEST, Json::Null),
            ("[]", INVALID_REQUEST, Json::Null),
            (r#"[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]"#, INVALID_REQUEST, Json::Null),
            ("{}", INVALID_REQUEST, Json::Null),
            (r#"{"id":1,"method":"tools/list"}"#, INVALID_REQUEST, json!(1)),
            (r#"{"jsonrpc":"1.0","id":1,"method":"tools/list"}"#, INVALID_REQUEST, json!(1)),
            (r#"{"jsonrpc":2.0,"id":1,"method":"tools/list"}"#, INVALID_REQUEST, json!(1)),
            (r#"{"jsonrpc":"2.0","id":1}"#, INVALID_REQUEST, json!(1)),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, INVALID_REQUEST, json!(1)),
            (r#"{"jsonrpc":"2.0","id":true,"method":"tools/list"}"#, INVALID_REQUEST, Json::Null),
            (r#"{"jsonrpc":"2.0","id":{},"method":"tools/list"}"#, INVALID_REQUEST, Json::Null),
            (r#"{"jsonrpc":"2.0","id":[1],"method":"tools/list"}"#, INVALID_REQUEST, Json::Null),
            (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list"}"#, INVALID_REQUEST, Json::Null),
            (r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":[]}"#, INVALID_PARAMS, json!("a")),
            (r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":null}"#, INVALID_PARAMS, json!("a")),
        ];
        for (body, code, id) in table {
            let (answered, error) = read(body.as_bytes()).expect_err(body);
            assert_eq!((answered, error.code), (id, code), "{body}");
        }
        let deep = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{}1{}}}"#,
            "[".repeat(99),
            "]".repeat(99)
        );
        assert_eq!(read(deep.as_bytes()).expect_err("deep").1.code, INVALID_REQUEST);
    }
}
