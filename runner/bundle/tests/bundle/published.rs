//! What is generated from the code is what is committed. `UPDATE_EXPECT=1` writes it.

use expect_test::expect_file;

#[test]
fn the_committed_schemas_are_the_ones_a_bundle_is_held_to() {
    let printed = |schema| serde_json::to_string_pretty(&schema).expect("a schema prints") + "\n";
    let (manifest, case) = (synapsor_bundle::manifest_schema(), synapsor_bundle::case_schema());
    expect_file!["../../../../docs/reference/handler-manifest.schema.json"].assert_eq(&printed(manifest));
    expect_file!["../../../../docs/reference/handler-case.schema.json"].assert_eq(&printed(case));
}

#[test]
fn the_page_of_problem_codes_is_up_to_date() {
    expect_file!["../../../../docs/reference/bundle-problems.md"]
        .assert_eq(&synapsor_bundle::problem_reference());
}
