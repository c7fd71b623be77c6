//! Which trace of the caller's a call belongs to: the W3C `traceparent`, as far as it is worth keeping.
//!
//! Invariant: what is not a well-formed `traceparent` is no trace at all, so nothing of a caller's text gets into a record.

use serde::{Deserialize, Serialize};

/// Bytes of a version 00 `traceparent`; a later version may say more after these.
const LENGTH_BYTES: usize = 55;

/// The id of a trace: 32 lower-case hexadecimal digits, not all zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TraceId(String);

impl TraceId {
    /// The trace a `traceparent` names; `None` where it is malformed, which callers treat as none given.
    pub fn of_traceparent(text: &str) -> Option<Self> {
        let head = text.get(..LENGTH_BYTES)?;
        let rest = text.get(LENGTH_BYTES..)?;
        let parts: Vec<&str> = head.split('-').collect();
        let [version, trace, span, flags] = parts.as_slice() else { return None };
        let known = *version != "ff" && (rest.is_empty() || (*version != "00" && rest.starts_with('-')));
        let formed = is_hex(version, 2) && is_id(trace, 32) && is_id(span, 16) && is_hex(flags, 2);
        (known && formed).then(|| Self((*trace).to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TraceId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if is_id(&text, 32) { Ok(Self(text)) } else { Err("expected 32 hexadecimal digits, not all zero") }
    }
}

impl From<TraceId> for String {
    fn from(id: TraceId) -> Self {
        id.0
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_id(text: &str, digits: usize) -> bool {
    is_hex(text, digits) && text.bytes().any(|byte| byte != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn a_traceparent_names_its_trace() {
        for text in [
            format!("00-{TRACE}-b7ad6b7169203331-01"),
            format!("00-{TRACE}-b7ad6b7169203331-00"),
            format!("cc-{TRACE}-b7ad6b7169203331-01-what-the-future-will-be-like"),
        ] {
            assert_eq!(TraceId::of_traceparent(&text).map(String::from).as_deref(), Some(TRACE), "{text}");
        }
    }

    #[test]
    fn what_is_malformed_is_no_trace() {
        let zero = "0".repeat(32);
        for text in [
            String::new(),
            "x".to_owned(),
            "é".repeat(40),
            format!("00-{TRACE}-b7ad6b7169203331"),
            format!("00-{TRACE}-b7ad6b7169203331-01-more"),
            format!("cc-{TRACE}-b7ad6b7169203331-01x"),
            format!("ff-{TRACE}-b7ad6b7169203331-01"),
            format!("00-{zero}-b7ad6b7169203331-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-b7ad6b7169203331-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-b7ad6b7169203331-0g"),
            format!("00_{TRACE}_b7ad6b7169203331_01"),
        ] {
            assert_eq!(TraceId::of_traceparent(&text), None, "{text}");
        }
        assert!(serde_json::from_str::<TraceId>("\"select 1\"").is_err());
    }
}
