//! Where a caller says its request belongs: the W3C `traceparent` of `_meta`, or else of the HTTP request.
//!
//! Invariant: what is not well formed is none at all, so no other text of the caller's gets into a record or a span.
//! Absent on purpose: `tracestate` and `baggage`. They are texts of the caller's, and nothing here reads them.

use http::HeaderMap;
use http::request::Parts;
use rmcp::model::Extensions;
use synapsor_protocol::TraceId;

const TRACEPARENT: &str = "traceparent";

/// A caller's trace.
#[derive(Debug, Clone)]
pub(crate) struct CallerTrace {
    traceparent: String,
    id: TraceId,
}

impl CallerTrace {
    /// What `_meta` says, or else the headers.
    pub(crate) fn of(meta: Option<&str>, headers: Option<&HeaderMap>) -> Option<Self> {
        meta.and_then(Self::parse).or_else(|| {
            let mut values = headers?.get_all(TRACEPARENT).iter();
            match (values.next(), values.next()) {
                (Some(value), None) => Self::parse(value.to_str().ok()?),
                _ => None,
            }
        })
    }

    fn parse(text: &str) -> Option<Self> {
        Some(Self { id: TraceId::of_traceparent(text)?, traceparent: text.to_owned() })
    }

    /// As it was sent.
    pub(crate) fn traceparent(&self) -> &str {
        &self.traceparent
    }

    pub(crate) fn id(&self) -> &TraceId {
        &self.id
    }
}

/// The headers of the request with these extensions; none over stdio.
pub(crate) fn headers(extensions: &Extensions) -> Option<&HeaderMap> {
    extensions.get::<Parts>().map(|parts| &parts.headers)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const OF_META: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const OF_HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn found(meta: Option<&str>, headers: &[&str]) -> Option<String> {
        let mut map = HeaderMap::new();
        for value in headers {
            map.append(TRACEPARENT, HeaderValue::from_str(value).expect("a header"));
        }
        CallerTrace::of(meta, Some(&map)).map(|trace| trace.traceparent)
    }

    #[test]
    fn what_meta_says_goes_before_the_header_and_what_is_malformed_is_not_there() {
        assert_eq!(found(Some(OF_META), &[OF_HEADER]).as_deref(), Some(OF_META));
        assert_eq!(found(Some("gibberish"), &[OF_HEADER]).as_deref(), Some(OF_HEADER));
        assert_eq!(found(None, &[OF_HEADER]).as_deref(), Some(OF_HEADER));
        for (meta, headers) in [(None, vec![]), (Some("x"), vec!["y"]), (None, vec![OF_HEADER, OF_META])] {
            assert_eq!(found(meta, &headers), None, "{meta:?} {headers:?}");
        }
        assert!(CallerTrace::of(None, None).is_none());
    }
}
