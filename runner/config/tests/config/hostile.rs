//! Texts nobody would write: whatever comes in, an answer comes out, and it is the same every time.

use proptest::prelude::*;
use serde_json::{Value, json};
use synapsor_config::{ProblemCode, check, redacted};

use crate::fixture::{VALID, text};

/// Every place of a config, as JSON pointers.
fn places(config: &Value, at: &str, found: &mut Vec<String>) {
    let mut visit = |key: &str, value: &Value| {
        let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        places(value, &pointer, found);
        found.push(pointer);
    };
    match config {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| visit(key, value)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| visit(&index.to_string(), value))
        }
        _ => {}
    }
}

/// What the checks let through the raw types must read, whatever stands where.
#[test]
fn no_value_at_any_place_slips_through_the_checks() {
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(""),
        json!("x"),
        json!("X"),
        json!("\u{0}"),
        json!([]),
        json!([1]),
        json!(["x"]),
        json!({}),
        json!({"x": 1}),
        json!({"x": {}}),
        json!({"x": ["y"]}),
    ];
    for name in VALID {
        let mut config: Value = serde_json::from_str(&text(name)).unwrap();
        let mut pointers = Vec::new();
        places(&config, "", &mut pointers);
        // Unknown keys are let through, so that nothing but the rules themselves is left to refuse.
        config["strict"] = false.into();
        for pointer in &pointers {
            let changes = values.iter().map(Some).chain([None]);
            for value in changes {
                let text = changed(&config, pointer, value).to_string();
                let problems = check(&text).problems;
                let is_unreadable =
                    problems.iter().any(|problem| problem.code == ProblemCode::ConfigUnreadable);
                assert!(!is_unreadable, "{name} with {pointer} = {value:?}");
            }
        }
    }
}

/// The config with another value at a place, or with nothing there.
fn changed(config: &Value, pointer: &str, value: Option<&Value>) -> Value {
    let mut config = config.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match (value, config.pointer_mut(parent)) {
        (None, Some(Value::Object(fields))) => drop(fields.remove(key)),
        (None, Some(Value::Array(items))) => drop(items.remove(key.parse().unwrap())),
        (Some(value), Some(Value::Object(fields))) => drop(fields.insert(key.to_owned(), value.clone())),
        (Some(value), Some(Value::Array(items))) => items[key.parse::<usize>().unwrap()] = value.clone(),
        (_, parent) => panic!("no place {pointer}: {parent:?}"),
    }
    config
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gets_an_answer(text in "\\PC{0,200}") {
        let checked = check(&text);
        prop_assert!(checked.config.is_some() || !checked.problems.is_empty());
    }

    #[test]
    fn a_config_with_any_bytes_cut_out_gets_an_answer(start in 0_usize..3000, length in 1_usize..40) {
        let whole = text("late-fee");
        let cut: String = whole
            .char_indices()
            .filter(|(at, _)| !(start..start + length).contains(at))
            .map(|(_, c)| c)
            .collect();
        let checked = check(&cut);
        prop_assert!(checked.config.is_some() || !checked.problems.is_empty());
        prop_assert_eq!(&checked.problems, &check(&cut).problems);
        prop_assert!(!checked.problems.iter().any(|problem| problem.code == ProblemCode::ConfigUnreadable));
    }

    #[test]
    fn a_number_is_shown_as_exactly_as_it_was_written(whole in 0_u64.., fraction in "[0-9]{1,30}", sign in "-?") {
        let number = format!("{sign}{whole}.{fraction}");
        prop_assert_eq!(redacted(&number).unwrap(), number);
    }
}
