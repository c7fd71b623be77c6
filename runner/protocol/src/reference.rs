//! The page that lists every refusal code; generated, and compared with the committed one by a test.

use std::fmt::Write as _;

use crate::refusal::{Code, Kind};

/// `docs/reference/refusals.md`.
pub fn refusal_reference() -> String {
    let mut page = String::from(
        "# Refusal codes\n\nGenerated from `protocol::refusal`; a test compares. A code is never renamed or reused.\n\n\
         A *refusal* is a rule's no: asking again changes nothing. A *failure* is the world's: the same request may \
         succeed later where the last column says so. A *bug* is ours.\n\n\
         | Code | Kind | Means | Worth repeating |\n| --- | --- | --- | --- |\n",
    );
    for code in Code::ALL {
        let kind = match code.kind() {
            Kind::Refusal => "refusal",
            Kind::Failure => "failure",
            Kind::Bug => "bug",
        };
        let again = if code.retryable() { "yes" } else { "no" };
        // Writing to a string does not fail.
        let _ = writeln!(page, "| `{code}` | {kind} | {} | {again} |", code.meaning());
    }
    page
}
