//! What becomes of a text, line by line.

/// A unified diff; empty where nothing differs.
pub(crate) fn unified(before: &str, after: &str) -> String {
    similar::TextDiff::from_lines(before, after).unified_diff().header("before", "after").to_string()
}
