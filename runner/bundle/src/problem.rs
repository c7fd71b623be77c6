//! One thing wrong with a bundle or with what a config grants it: which rule, where, in words, and what to do.

use std::fmt;

use serde::Serialize;
use synapsor_protocol::Refusal;

use crate::code::ProblemCode;

/// One thing wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Which rule.
    pub code: ProblemCode,
    /// Where: `handler.json $.reads.customer.columns[0]`, `cases/full.json`, `late-fee.wasm`; for grants, the
    /// capability's name and a path in it.
    pub place: String,
    /// What was expected and what was found.
    pub message: String,
    /// What to do, where there is one obvious thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(code: ProblemCode, place: impl AsRef<str>, message: impl AsRef<str>) -> Self {
        Self { code, place: printable(place.as_ref()), message: printable(message.as_ref()), hint: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        self.maybe_hint(Some(hint.into()))
    }

    pub(crate) fn maybe_hint(self, hint: Option<String>) -> Self {
        Self { hint: hint.as_deref().map(printable), ..self }
    }

    /// Why a call is refused when the handler cannot be loaded because of this.
    pub fn refusal(&self) -> Refusal {
        let refusal = Refusal::new(self.code.refusal_code(), format!("{}: {}", self.place, self.message));
        refusal.hint("`synapsor validate` lists everything wrong with a bundle")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code, self.place, self.message)
    }
}

/// Text of a bundle as a terminal may show it: a bundle is somebody else's until it is reviewed, and a file name or a key
/// can hold what a terminal obeys.
pub(crate) fn printable(text: &str) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escaped).collect()
}

/// `did you mean ...`, where one of the names is near.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    /// Below this, names share little more than letters.
    const SIMILARITY_MIN: f64 = 0.8;
    names
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_bundle_says_reaches_a_terminal_as_a_command() {
        let problem = Problem::new(ProblemCode::CaseInvalid, "cases/\u{1b}[2J.json", "unknown field `\u{7}`")
            .hint("did you mean `\r\n`?");
        let shown = format!("{problem} {:?}", problem.hint);
        assert!(!shown.chars().any(char::is_control), "{shown}");
        assert!(shown.contains("\\u{1b}[2J"), "{shown}");
    }

    #[test]
    fn only_a_near_name_is_suggested() {
        assert_eq!(nearest("write", ["writes", "reads"]).as_deref(), Some("did you mean `writes`?"));
        assert_eq!(nearest("sha256", ["digest", "file"]), None);
    }
}
