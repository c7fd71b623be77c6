//! A validation as SARIF 2.1.0, which code hosts show beside the lines of a change.
//!
//! Written out here: one run, one level of results. The crates that know all of SARIF generate a thousand types for it.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use synapsor_config::Severity;

use super::subject::{Finding, Subject};
use crate::print::pretty;

const VERSION: &str = "2.1.0";

pub(super) fn document(subjects: &[Subject]) -> String {
    let findings = || subjects.iter().flat_map(|subject| &subject.findings);
    let rules: BTreeMap<&str, &str> = findings().map(|finding| (finding.code, finding.meaning)).collect();
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
            "results": findings().map(result).collect::<Vec<_>>(),
        }],
    }))
}

fn result(finding: &Finding) -> Json {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let text = match &finding.hint {
        Some(hint) => format!("{}: {} ({hint})", finding.place, finding.message),
        None => format!("{}: {}", finding.place, finding.message),
    };
    json!({
        "ruleId": finding.code,
        "level": level,
        "message": { "text": text },
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": uri(&finding.file.to_string_lossy()) } },
            "logicalLocations": [{ "fullyQualifiedName": finding.place }],
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
