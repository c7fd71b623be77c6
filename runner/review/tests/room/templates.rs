//! The templates keep their promises: nothing is marked safe, nothing is inline, nothing leads outside.

use std::path::Path;

fn files(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn no_template_marks_anything_safe_or_writes_code_inline() {
    for (name, text) in files("templates") {
        for forbidden in
            ["|safe", "| safe", "escape = ", "<style", "style=\"", "onclick", "onload", "javascript:", "://"]
        {
            assert!(!text.contains(forbidden), "{name}: {forbidden}");
        }
        let scripts = text.matches("<script").count();
        assert_eq!(
            scripts,
            text.matches("<script src=\"/assets/review.js\" defer></script>").count(),
            "{name}"
        );
    }
}

#[test]
fn no_asset_loads_anything_from_elsewhere() {
    for (name, text) in files("assets") {
        let outside = text.replace("http://www.w3.org/2000/svg", "");
        for forbidden in ["://", "@import", "url(", "eval(", "innerHTML = "] {
            assert!(!outside.contains(forbidden), "{name}: {forbidden}");
        }
    }
}
