//! What is generated from the code is what is committed. `UPDATE_EXPECT=1` writes it.

use expect_test::expect_file;

#[test]
fn the_committed_schema_is_the_one_the_manifest_is_held_to() {
    let schema = serde_json::to_string_pretty(&synapsor_bundle::manifest_schema()).expect("a schema prints");
    expect_file!["../../../../docs/reference/handler-manifest.schema.json"].assert_eq(&format!("{schema}\n"));
}

#[test]
fn the_page_of_problem_codes_is_up_to_date() {
    expect_file!["../../../../docs/reference/bundle-problems.md"]
        .assert_eq(&synapsor_bundle::problem_reference());
}
