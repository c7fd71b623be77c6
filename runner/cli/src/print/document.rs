//! Documents: what stands where in one, and more fields for one.

use serde_json::Value as Json;

/// What stands at a JSON pointer (RFC 6901); null where nothing does.
pub(crate) fn at<'a>(json: &'a Json, pointer: &str) -> &'a Json {
    json.pointer(pointer).unwrap_or(&Json::Null)
}

/// The document with more fields; a document that is no object stays as it is.
pub(crate) fn with<const N: usize>(mut document: Json, fields: [(&str, Json); N]) -> Json {
    if let Some(object) = document.as_object_mut() {
        object.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    }
    document
}
