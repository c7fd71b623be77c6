//! What becomes of a published config: what has no effect goes, and whatever else stands there, nothing is allowed afterwards
//! that was not before.

use expect_test::expect_file;
use serde_json::Value as Json;
use synapsor_config::{Migration, Severity, check, migrate};

use crate::fixture::{VALID, edited, text};
use crate::refusals::CASES;

/// Keys that keep something out. Where they are is where they stay.
const NARROWING: &[&str] = &[
    "mode",
    "version",
    "strict",
    "read_only",
    "receipts",
    "engine",
    "path",
    "read_url_env",
    "write_url_env",
    "provider",
    "source",
    "context",
    "kind",
    "name",
    "target",
    "schema",
    "table",
    "primary_key",
    "tenant_key",
    "type",
    "max_length",
    "minimum",
    "maximum",
    "enum",
    "id_from_arg",
    "redact",
    "scopes",
    "patch",
    "handler",
    "digest",
    "reads",
    "filters",
    "numeric_bounds",
    "transition_guards",
    "from_column",
    "allowed",
    "conflict_guard",
    "column",
    "advance",
    "target_acknowledgements",
    "approval",
    "required_role",
    "executor",
    "authentication",
    "rate_limits",
    "require_signature",
    "trust",
    "isolation",
];

/// Every published key without effect, at once, and a list that allows what never happens.
fn burdened(mut config: Json) -> Json {
    for source in config.get_mut("sources").and_then(Json::as_object_mut).into_iter().flatten() {
        if let Some(source) = source.1.as_object_mut() {
            source.insert("ssl".into(), true.into());
        }
    }
    for capability in config.get_mut("capabilities").and_then(Json::as_array_mut).into_iter().flatten() {
        let Some(fields) = capability.as_object_mut() else { continue };
        fields.insert("max_rows".into(), 7.into());
        fields.insert("single_tenant_dev_ack".into(), true.into());
        let key = fields.get("target").and_then(|target| target.get("primary_key")).cloned();
        if let (Some(key), Some(Json::Array(allowed))) = (key, fields.get_mut("allowed_columns")) {
            allowed.insert(0, key);
        }
        if let Some(Json::Array(visible)) = fields.get_mut("visible_columns") {
            visible.extend(visible.first().cloned());
        }
        if let Some(Json::Object(guard)) = fields.get_mut("conflict_guard") {
            guard.insert("weak_guard_ack".into(), true.into());
        }
        if let Some(Json::Object(approval)) = fields.get_mut("approval") {
            approval.insert("mode".into(), "policy".into());
        }
    }
    config
}

/// How long a number is was never limited.
fn limits_nothing(key: &str, argument: &serde_json::Map<String, Json>) -> bool {
    key == "max_length" && argument.get("type").is_some_and(|kind| kind != "string")
}

/// Says where something is that was not, or something is gone that kept something out.
fn widened(before: &Json, after: &Json, place: &str, on_read: bool) -> Option<String> {
    match (before, after) {
        (Json::Object(before), Json::Object(after)) => {
            let on_read = on_read || before.get("kind").is_some_and(|kind| kind == "read");
            if let Some(new) = after.keys().find(|key| !before.contains_key(*key)) {
                return Some(format!("{place}.{new} is new"));
            }
            before.iter().find_map(|(key, value)| {
                let place = format!("{place}.{key}");
                match after.get(key) {
                    Some(after) => widened(value, after, &place, on_read),
                    // A read changes nothing, whatever its rules for changes say.
                    None if !on_read
                        && !place.contains(".approval.")
                        && !limits_nothing(key, before)
                        && NARROWING.contains(&key.as_str()) =>
                    {
                        Some(format!("{place} is gone"))
                    }
                    None => None,
                }
            })
        }
        (Json::Array(before), Json::Array(after)) => {
            let mut rest = before.iter();
            after.iter().find_map(|item| {
                let stays =
                    rest.by_ref().any(|one| one == item || widened(one, item, place, on_read).is_none());
                (!stays).then(|| format!("{place} has an item it had not"))
            })
        }
        _ => (before != after).then(|| format!("{place} is another value")),
    }
}

fn parsed(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

/// Digests of what was reviewed, by capability; none where the text is no config.
fn reviewed(text: &str) -> Option<Vec<String>> {
    let config = check(text).config?;
    Some(
        config
            .capabilities
            .iter()
            .map(|capability| format!("{} {}", capability.name, capability.digest))
            .collect(),
    )
}

#[test]
fn whatever_stands_in_a_config_a_migration_allows_nothing_more() {
    let mut migrated = 0;
    for (name, edits, ..) in CASES {
        let before = burdened(edited(name, edits));
        let before_text = serde_json::to_string_pretty(&before).unwrap();
        let Migration { text, steps, left } = migrate(&before_text);
        assert_eq!(widened(&before, &parsed(&text), "$", false), None, "{name} with {edits}");
        assert_eq!(steps.is_empty(), text == before_text, "{name} with {edits}");
        let again = migrate(&text);
        assert_eq!((again.text, again.left), (text.clone(), left), "{name} with {edits}: once is enough");
        if let Some(reviewed_before) = reviewed(&before_text) {
            assert_eq!(Some(reviewed_before), reviewed(&text), "{name} with {edits}");
        }
        migrated += usize::from(!steps.is_empty());
    }
    assert!(migrated > CASES.len() / 2, "{migrated}");
}

#[test]
fn a_config_with_nothing_to_mend_stays_to_the_letter() {
    for name in VALID.iter().filter(|name| **name != "development") {
        let migrated = migrate(&text(name));
        assert!(migrated.steps.is_empty() && migrated.left.is_empty(), "{name}: {migrated:?}");
        assert_eq!(migrated.text, text(name));
    }
}

#[test]
fn a_published_config_is_usable_afterwards_and_keeps_its_spacing() {
    assert!(check(&text("published")).config.is_none());
    let migrated = migrate(&text("published"));
    assert!(migrated.left.is_empty(), "{:#?}", migrated.left);
    assert_eq!(migrated.steps.len(), 11, "{:#?}", migrated.steps);
    expect_file!["../../../../fixtures/configs/published-migrated.json"].assert_eq(&migrated.text);
}

#[test]
fn what_only_a_person_can_decide_is_left_and_told() {
    for (edits, code) in [
        (r#"/version = 2"#, "UNSUPPORTED_CONFIG_VERSION"),
        (r#"/storge = {}"#, "UNKNOWN_FIELD"),
        (r#"/sources/shop_db/url = "A""#, "INLINE_DATABASE_URL_FORBIDDEN"),
        ("/capabilities/1/target/tenant_key -", "TENANT_GUARD_REQUIRED"),
        (r#"/capabilities/1/visible_columns = ["id", "ID"]"#, "DUPLICATE_COLUMN"),
        (r#"/capabilities/1/patch/updated_at = {"from_arg": "why"}"#, "PATCH_COLUMN_NOT_ALLOWED"),
    ] {
        let before = edited("shop", edits).to_string();
        let migrated = migrate(&before);
        assert_eq!(migrated.text, before, "{edits}");
        let left: Vec<_> = migrated.left.iter().map(|problem| problem.code.as_str()).collect();
        assert!(left.contains(&code), "{edits}: {left:?}");
    }
}

#[test]
fn of_a_key_that_is_there_twice_nothing_is_guessed() {
    let twice = text("shop").replacen(r#""mode": "review""#, r#""mode": "read_only", "mode": "review""#, 1);
    let twice = twice.replacen(r#""max_rows": 1"#, r#""max_rows": 2"#, 1);
    let migrated = migrate(&twice);
    assert_eq!((migrated.text, migrated.steps.len()), (twice, 0));
    let told = migrated.left.iter().find(|problem| problem.severity == Severity::Error).unwrap();
    assert_eq!((told.path.as_str(), told.code.as_str()), ("$.mode", "DUPLICATE_KEY"));
    assert!(told.message.contains("in line 3 and in line 3"), "{told}");
}

#[test]
fn a_key_that_is_there_twice_with_the_same_value_is_said_once() {
    let twice =
        text("shop").replacen(r#""mode": "review","#, "\"mode\": \"review\",\n  \"mode\": \"review\",", 1);
    assert!(check(&twice).config.is_none());
    let migrated = migrate(&twice);
    assert_eq!((migrated.text.as_str(), migrated.left.len()), (text("shop").as_str(), 0));
    let steps: Vec<_> = migrated.steps.iter().map(|step| (step.path.as_str(), step.code.as_str())).collect();
    assert_eq!(steps, [("$.mode", "DUPLICATE_KEY")]);
    let thrice = twice.replacen(r#""mode": "review","#, r#""mode": "review", "mode": "shadow","#, 1);
    assert_eq!(migrate(&thrice).text, thrice, "one of them says otherwise");
}

#[test]
fn a_length_that_limits_nothing_goes_and_what_was_reviewed_stays() {
    let edits = r#"/capabilities/1/args/copies = {"type": "number", "max_length": 3}"#;
    let before = edited("shop", edits).to_string();
    let migrated = migrate(&before);
    assert_eq!(
        migrated.text,
        before.replacen(r#""max_length":3,"#, "", 1).replacen(r#","max_length":3"#, "", 1)
    );
    assert!(migrated.left.is_empty() && migrated.text != before, "{:?}", migrated.left);
    assert_eq!(reviewed(&before), reviewed(&migrated.text));
}

#[test]
fn a_column_in_two_spellings_is_told_with_its_place_and_the_spelling_before_it() {
    let before = edited("shop", r#"/capabilities/1/visible_columns = ["id", "note", "ID"]"#).to_string();
    let left = migrate(&before).left;
    let told = left.iter().find(|problem| problem.code.as_str() == "DUPLICATE_COLUMN").unwrap();
    assert_eq!(told.path, "$.capabilities[1].visible_columns[2]");
    assert!(
        told.message.contains("`id`") && told.message.contains("$.capabilities[1].visible_columns[0]"),
        "{told}"
    );
    assert!(told.hint.as_ref().is_some_and(|hint| hint.contains("inspect")), "{told:?}");
}

#[test]
fn a_text_that_is_no_config_is_left_as_it_is() {
    for text in ["", "{", "[]", "null", "{} {}", "\u{feff}{}", r#"{"a": "\ud800"}"#] {
        let migrated = migrate(text);
        assert_eq!(migrated.text, text);
        assert!(migrated.steps.is_empty() && !migrated.left.is_empty(), "{text}");
    }
}
