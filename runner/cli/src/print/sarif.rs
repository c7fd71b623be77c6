//! SARIF 2.1.0, which code hosts show beside the lines of a change.
//!
//! Written out here: one run, one level of results. The crates that know all of SARIF generate a thousand types for it.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::pretty;

const VERSION: &str = "2.1.0";

/// One result.
pub(crate) struct Entry<'a> {
    pub(crate) rule: &'a str,
    /// What the rule means.
    pub(crate) meaning: &'a str,
    pub(crate) level: Level,
    pub(crate) message: String,
    /// A path, relative to where the command ran.
    pub(crate) file: String,
    /// The place in the file, or in what it means.
    pub(crate) place: &'a str,
}

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Error,
    Warning,
    Note,
}

/// The document.
pub(crate) fn document(entries: &[Entry<'_>]) -> String {
    let rules: BTreeMap<&str, &str> = entries.iter().map(|entry| (entry.rule, entry.meaning)).collect();
    let rule = |(id, meaning): (&&str, &&str)| json!({ "id": id, "shortDescription": { "text": meaning } });
    pretty(&json!({
        "$schema": format!("https://json.schemastore.org/sarif-{VERSION}.json"),
        "version": VERSION,
        "runs": [{
            "tool": { "driver": {
                "name": "synapsor",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(rule).collect::<Vec<_>>(),
            } },
            "results": entries.iter().map(result).collect::<Vec<_>>(),
        }],
    }))
}

fn result(entry: &Entry<'_>) -> Json {
    let level = match entry.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    json!({
        "ruleId": entry.rule,
        "level": level,
        "message": { "text": entry.message },
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": uri(&entry.file) } },
            "logicalLocations": [{ "fullyQualifiedName": entry.place }],
        }],
    })
}

/// A path as a relative reference (RFC 3986): what is no plain character is escaped, byte by byte.
fn uri(path: &str) -> String {
    let escaped = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    path.bytes().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn a_path_is_a_reference_whatever_is_in_it() {
        assert_eq!(uri("handlers/late-fee/cases/é 1.json"), "handlers/late-fee/cases/%C3%A9%201.json");
    }
}
