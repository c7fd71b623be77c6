//! The surface a model sees: MCP over stdio
