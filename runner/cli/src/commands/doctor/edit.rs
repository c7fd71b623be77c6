//! One change in the text of a JSON document: comments, order and spacing of everything else stay as they are.

use jsonc_parser::cst::{CstInputValue, CstObject, CstRootNode};

use super::super::configure::lenient;

/// The config without one item of a capability's list; none where it does not stand there.
pub(super) fn without(text: &str, capability: &str, list: &str, item: &str) -> Option<String> {
    let root = CstRootNode::parse(text, &lenient()).ok()?;
    let capabilities = root.object_value()?.array_value("capabilities")?;
    let found = capabilities.elements().into_iter().filter_map(|element| element.as_object());
    let mut found = found.filter(|element| text_of(element, "name").as_deref() == Some(capability));
    let list = found.next()?.array_value(list)?;
    let is_it =
        |value: &jsonc_parser::cst::CstStringLit| value.decoded_value().is_ok_and(|value| value == item);
    let literal = list.elements().into_iter().filter_map(|element| element.as_string_lit()).find(is_it)?;
    literal.remove();
    Some(root.to_string())
}

/// The document with another text under these keys, or without the last of them; none where there is no text.
pub(super) fn replaced(text: &str, keys: &[String], with: Option<&str>) -> Option<String> {
    let root = CstRootNode::parse(text, &lenient()).ok()?;
    let (last, above) = keys.split_last()?;
    let owner = above.iter().try_fold(root.object_value()?, |object, key| object.object_value(key))?;
    let property = owner.get(last)?;
    property.value()?.as_string_lit()?;
    match with {
        Some(text) => property.set_value(CstInputValue::String(text.to_owned())),
        None => property.remove(),
    }
    Some(root.to_string())
}

fn text_of(object: &CstObject, key: &str) -> Option<String> {
    object.get(key)?.value()?.as_string_lit()?.decoded_value().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_goes_and_everything_else_stays_as_it_is() {
        let text = r#"{ "capabilities": [
  { "name": "a", "visible_columns": ["id",  "api_key", "note"] }, // ours
  { "name": "b", "visible_columns": ["api_key"] }
] }"#;
        let after = without(text, "a", "visible_columns", "api_key").expect("it stands there");
        assert_eq!(
            after.replace("  \"note\"", " \"note\""),
            text.replace(" \"api_key\", ", " ").replacen("  \"note\"", " \"note\"", 1)
        );
        for (capability, list, item) in
            [("c", "visible_columns", "id"), ("a", "allowed", "id"), ("a", "visible_columns", "x")]
        {
            assert_eq!(without(text, capability, list, item), None);
        }
    }

    #[test]
    fn a_text_is_replaced_where_it_stands_and_nowhere_else() {
        let text = r#"{ "env": { "A": "secret", "B": "secret" } }"#;
        let keys = ["env", "A"].map(str::to_owned);
        assert_eq!(
            replaced(text, &keys, Some("${A}")).as_deref(),
            Some(r#"{ "env": { "A": "${A}", "B": "secret" } }"#)
        );
        assert!(
            replaced(text, &keys, None)
                .is_some_and(|after| !after.contains("\"A\"") && after.contains("\"B\""))
        );
        assert_eq!(replaced(text, &["env".to_owned()], Some("x")), None, "that is no text");
        assert_eq!(replaced("not JSON", &keys, Some("x")), None);
    }
}
