//! The append-only local record: SQLite in WAL mode with chained events
