//! The protocol's own headers.

use http::HeaderName;

/// Which revision a request follows.
pub(crate) const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
/// Which session a request belongs to; none since 2026-07-28.
pub(crate) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
/// The body's method, since 2026-07-28.
pub(crate) const MCP_METHOD: HeaderName = HeaderName::from_static("mcp-method");
/// The tool, prompt or address the body names, since 2026-07-28.
pub(crate) const MCP_NAME: HeaderName = HeaderName::from_static("mcp-name");
