//! Files generated from the code, compared (`UPDATE_EXPECT=1` writes them); and the schema against real configs.

use expect_test::expect_file;
use jsonschema::Validator;
use synapsor_config::{json_schema, key_reference, problem_reference};

use crate::fixture::{VALID, edited, text};

fn validator() -> Validator {
    jsonschema::validator_for(&json_schema()).unwrap()
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    let schema = serde_json::to_string_pretty(&json_schema()).unwrap();
    expect_file!["../../../../docs/reference/config.schema.json"].assert_eq(&format!("{schema}\n"));
}

#[test]
fn the_committed_page_of_problems_is_the_generated_one() {
    expect_file!["../../../../docs/reference/config-problems.md"].assert_eq(&problem_reference());
}

#[test]
fn the_committed_page_of_keys_is_the_generated_one_and_has_every_object() {
    let page = key_reference();
    expect_file!["../../../../docs/reference/config-keys.md"].assert_eq(&page);
    let schema = json_schema();
    for (name, part) in schema["$defs"].as_object().unwrap() {
        let has_section = part.get("properties").or(part.get("oneOf")).is_some();
        assert_eq!(page.contains(&format!("\n## {name}\n")), has_section, "{name}");
    }
}

#[test]
fn every_valid_example_satisfies_the_schema() {
    let schema = validator();
    for name in VALID {
        let config = serde_json::from_str(&text(name)).unwrap();
        let errors: Vec<String> = schema.iter_errors(&config).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

#[test]
fn the_schema_refuses_what_an_editor_can_know_is_wrong() {
    let schema = validator();
    for (name, edits) in [
        ("shop", "/version = 2"),
        ("shop", "/mode = \"write\""),
        ("shop", "/result_format = 3"),
        ("shop", "/storge = {}"),
        ("shop", "/storage = null"),
        ("shop", "/sources/shop_db/engine = \"oracle\""),
        ("shop", "/sources/shop_db/read_url_env = \"postgres://h/d\""),
        ("shop", "/sources/shop-db = {\"engine\": \"postgres\"}"),
        ("shop", "/sources/shop_db/statement_timeout_ms = 0"),
        ("shop", "/contexts/desk/provider = \"headers\""),
        ("shop", "/executors/ledger_api/method = \"GET\""),
        ("shop", "/executors/ledger_api/auth/type = \"basic\""),
        ("shop", "/capabilities/0/name = \"inspect\""),
        ("shop", "/capabilities/0/target/table = \"a b\""),
        ("shop", "/capabilities/0/visible_columns = []"),
        ("shop", "/capabilities/0/visible_columns/0 = \"*\""),
        ("shop", "/capabilities/0/args = {}"),
        ("shop", "/capabilities/0/args/order_id/type = \"text\""),
        ("shop", "/capabilities/1/patch/note = {}"),
        ("shop", "/capabilities/1/patch/note/fixed = 1"),
        ("shop", "/capabilities/2/numeric_bounds/credit_cents = {}"),
        ("late-fee", "/capabilities/1/handler/digest = \"sha256:0\""),
        ("late-fee", "/capabilities/1/handler/digest -"),
        ("late-fee", "/capabilities/1/handler/limits/fuel = 0"),
        ("late-fee", "/capabilities/1/handler/settings/plans = []"),
        ("late-fee", "/capabilities/1/conflict_guard/advance = \"bump\""),
        ("cloud", "/cloud/adapter_id -"),
    ] {
        assert!(!schema.is_valid(&edited(name, edits)), "{name} with {edits}");
    }
}

#[test]
fn what_the_schema_refuses_the_checks_refuse_too() {
    let name = "twenty-mistakes";
    let config: serde_json::Value = serde_json::from_str(&text(name)).unwrap();
    assert!(!validator().is_valid(&config));
    assert!(synapsor_config::check(&text(name)).config.is_none());
}
