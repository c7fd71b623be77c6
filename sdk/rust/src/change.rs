//! The answer "yes": which columns to change on the one target row, and why in a line.

use crate::bindings;
use crate::value::Value;

/// New values by column. The runner still checks each against the capability's allowed columns, bounds and transitions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    columns: Vec<bindings::Column>,
    summary: Option<String>,
}

impl Change {
    /// A change of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a column. A column set twice keeps the later value.
    #[must_use]
    pub fn set(mut self, column: &str, value: impl Into<Value>) -> Self {
        self.columns.retain(|present| present.name != column);
        self.columns.push(bindings::Column { name: column.to_owned(), value: value.into() });
        self
    }

    /// One line for the person who decides, at most 500 characters.
    #[must_use]
    pub fn summary(mut self, line: impl Into<String>) -> Self {
        self.summary = Some(line.into());
        self
    }
}

impl From<Change> for bindings::Change {
    fn from(change: Change) -> Self {
        Self { columns: change.columns, summary: change.summary }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_set_twice_is_sent_once() {
        let change = Change::new().set("fee", 1).set("note", "a").set("fee", 2).summary("why");
        let sent = bindings::Change::from(change);
        let columns: Vec<_> = sent.columns.iter().map(|c| (c.name.as_str(), c.value.clone())).collect();
        assert_eq!(columns, [("note", Value::Text("a".into())), ("fee", Value::Integer(2))]);
        assert_eq!(sent.summary.as_deref(), Some("why"));
    }
}
