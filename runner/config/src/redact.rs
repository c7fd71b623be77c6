//! The text `config show` prints: the config as written, with anything that should never have been in it taken out.

use serde_json::ser::{Formatter, PrettyFormatter};
use synapsor_protocol::Value;

use crate::check::forbidden::{is_forbidden_key, looks_like_database_url};
use crate::check::handler::looks_secret;
use crate::check::unreadable;
use crate::document::{Node, parse};
use crate::problem::{Problem, Problems};

const REDACTED: &str = "[redacted]";

/// The config's text, indented, in its own key order. Names of environment variables stay; the value of a forbidden key,
/// of a handler setting named like a secret, and any database URL are replaced, valid config or not.
///
/// # Errors
/// What keeps the text from being one JSON document.
pub fn redacted(config_text: &str) -> Result<String, Vec<Problem>> {
    let mut problems = Problems::default();
    let node = parse(config_text, &mut problems);
    let (Some(mut node), false) = (node, problems.has_errors()) else {
        return Err(problems.into_sorted());
    };
    redact(&mut node);
    let mut printer = Printer { text: Vec::new(), form: PrettyFormatter::new() };
    let printed = printer.node(&node).ok().and_then(|()| String::from_utf8(printer.text).ok());
    printed.ok_or_else(|| vec![unreadable()])
}

fn redact(node: &mut Node) {
    match node {
        Node::Object(fields) => {
            for (key, value) in fields {
                if is_forbidden_key(key) || (looks_secret(key) && matches!(value, Node::Scalar(_))) {
                    *value = Node::Scalar(Value::Text(REDACTED.to_owned()));
                } else {
                    redact(value);
                }
            }
        }
        Node::List(items) => items.iter_mut().for_each(redact),
        Node::Scalar(Value::Text(text)) if looks_like_database_url(text) => *text = REDACTED.to_owned(),
        Node::Scalar(_) => {}
    }
}

struct Printer {
    text: Vec<u8>,
    form: PrettyFormatter<'static>,
}

impl Printer {
    fn node(&mut self, node: &Node) -> std::io::Result<()> {
        let Self { text, form } = self;
        match node {
            Node::Scalar(Value::Text(content)) => serde_json::to_writer(text, content)?,
            Node::Scalar(value) => text.extend_from_slice(value.to_string().as_bytes()),
            Node::List(items) => {
                form.begin_array(text)?;
                for (index, item) in items.iter().enumerate() {
                    self.form.begin_array_value(&mut self.text, index == 0)?;
                    self.node(item)?;
                    self.form.end_array_value(&mut self.text)?;
                }
                self.form.end_array(&mut self.text)?;
            }
            Node::Object(fields) => {
                form.begin_object(text)?;
                for (index, (key, value)) in fields.iter().enumerate() {
                    self.form.begin_object_key(&mut self.text, index == 0)?;
                    serde_json::to_writer(&mut self.text, key)?;
                    self.form.begin_object_value(&mut self.text)?;
                    self.node(value)?;
                    self.form.end_object_value(&mut self.text)?;
                }
                self.form.end_object(&mut self.text)?;
            }
        }
        Ok(())
    }
}
