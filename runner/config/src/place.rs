//! A node of the document together with where it is, so that every problem can say so.

use synapsor_protocol::Value;

use crate::document::Node;
use crate::form::Form;

/// Longest text of the config that a message repeats, in characters.
const SHOWN_CHARS_MAX: usize = 60;

/// What a message says in place of a text that may be a secret.
const NOT_SHOWN: &str = "a text that is not shown here";

/// A node and its path.
#[derive(Debug, Clone)]
pub(crate) struct Place<'a> {
    path: String,
    node: &'a Node,
}

impl<'a> Place<'a> {
    /// The whole document.
    pub(crate) fn root(node: &'a Node) -> Self {
        Self { path: "$".to_owned(), node }
    }

    /// Where this is.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Where the member of that name is or would be.
    pub(crate) fn path_to(&self, key: &str) -> String {
        member_path(&self.path, key)
    }

    /// The member of that name.
    pub(crate) fn get(&self, key: &str) -> Option<Self> {
        let Node::Object(fields) = self.node else { return None };
        let (_, node) = fields.iter().find(|(name, _)| name == key)?;
        Some(Self { path: self.path_to(key), node })
    }

    /// The members of an object; none of anything else.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&'a str, Self)> {
        let fields = match self.node {
            Node::Object(fields) => fields.as_slice(),
            _ => &[],
        };
        let place = |(key, node): &'a (String, Node)| (key.as_str(), Self { path: self.path_to(key), node });
        fields.iter().map(place)
    }

    /// The items of a list; none of anything else.
    pub(crate) fn items(&self) -> impl Iterator<Item = Self> {
        let items = match self.node {
            Node::List(items) => items.as_slice(),
            _ => &[],
        };
        let place = |(index, node)| Self { path: format!("{}[{index}]", self.path), node };
        items.iter().enumerate().map(place)
    }

    /// Whether this is an object.
    pub(crate) fn is_object(&self) -> bool {
        matches!(self.node, Node::Object(_))
    }

    /// Whether this is an object or a list with something in it.
    pub(crate) fn is_filled(&self) -> bool {
        match self.node {
            Node::Object(fields) => !fields.is_empty(),
            Node::List(items) => !items.is_empty(),
            Node::Scalar(_) => false,
        }
    }

    /// Whether this is a list.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.node, Node::List(_))
    }

    /// The scalar.
    pub(crate) fn scalar(&self) -> Option<&'a Value> {
        match self.node {
            Node::Scalar(value) => Some(value),
            _ => None,
        }
    }

    /// The text.
    pub(crate) fn text(&self) -> Option<&'a str> {
        match self.scalar()? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text, where it has that form.
    pub(crate) fn text_of(&self, form: Form) -> Option<&'a str> {
        self.text().filter(|text| form.accepts(text))
    }

    /// The boolean.
    pub(crate) fn boolean(&self) -> Option<bool> {
        match self.scalar()? {
            Value::Boolean(boolean) => Some(*boolean),
            _ => None,
        }
    }

    /// The number, exact.
    pub(crate) fn number(&self) -> Option<&'a Value> {
        self.scalar().filter(|value| matches!(value, Value::Integer(_) | Value::Decimal(_)))
    }

    /// The whole number from 1 to `max`.
    pub(crate) fn positive(&self, max: u64) -> Option<u64> {
        match self.scalar()? {
            Value::Integer(integer) => {
                u64::try_from(*integer).ok().filter(|number| (1..=max).contains(number))
            }
            _ => None,
        }
    }

    /// What stands here, for a message: short texts and numbers as they are, anything that may be a secret by type only.
    pub(crate) fn shown(&self) -> String {
        match self.node {
            Node::Object(_) => "an object".to_owned(),
            Node::List(_) => "a list".to_owned(),
            Node::Scalar(Value::Text(text)) if text.is_empty() => "an empty text".to_owned(),
            Node::Scalar(Value::Text(text)) if !is_showable(text) => NOT_SHOWN.to_owned(),
            Node::Scalar(value) => format!("`{value}`"),
        }
    }

    /// The same where any text is likely to be a secret: somebody put the value where its name belongs.
    pub(crate) fn shown_guarded(&self) -> String {
        match self.text() {
            Some(text) if !text.is_empty() => NOT_SHOWN.to_owned(),
            _ => self.shown(),
        }
    }
}

/// The path of a member: `.key`, or `["…"]` where the key is no plain name.
pub(crate) fn member_path(path: &str, key: &str) -> String {
    let is_plain =
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$'));
    if is_plain { format!("{path}.{key}") } else { format!("{path}[\"{}\"]", key.escape_debug()) }
}

fn is_showable(text: &str) -> bool {
    text.chars().count() <= SHOWN_CHARS_MAX && !text.contains("://") && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_quotes_what_is_no_plain_name() {
        assert_eq!(member_path("$.sources", "app"), "$.sources.app");
        assert_eq!(member_path("$.sources", "a.b"), "$.sources[\"a.b\"]");
        assert_eq!(member_path("$", "a\"\n"), "$[\"a\\\"\\n\"]");
    }

    #[test]
    fn a_message_never_repeats_a_url() {
        let node = Node::Scalar(Value::Text("postgres://app:hunter2@db/app".into()));
        assert_eq!(Place::root(&node).shown(), "a text that is not shown here");
    }
}
