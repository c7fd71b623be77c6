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
        Self { code, place: shown(place.as_ref()), message: shown(message.as_ref()), hint: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        self.maybe_hint(Some(hint.into()))
    }

    pub(crate) fn maybe_hint(self, hint: Option<String>) -> Self {
        Self { hint: hint.as_deref().map(shown), ..self }
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

/// Longest text of a problem, in characters; a value that does not fit is somebody's test of this.
const SHOWN_CHARS_MAX: usize = 2000;

/// Text of a bundle as a terminal may show it: a bundle is somebody else's until it is reviewed, and a file name or a key
/// can hold what a terminal obeys.
pub(crate) fn shown(text: &str) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).map(escaped).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
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
        let text = format!("{problem} {:?}", problem.hint);
        assert!(!text.chars().any(char::is_control), "{text}");
        assert!(text.contains("\\u{1b}[2J"), "{text}");
    }

    #[test]
    fn a_long_value_is_cut() {
        assert_eq!(shown(&"é".repeat(SHOWN_CHARS_MAX)).chars().count(), SHOWN_CHARS_MAX);
        assert!(shown(&"é".repeat(SHOWN_CHARS_MAX + 1)).ends_with("é…"));
    }

    #[test]
    fn only_a_near_name_is_suggested() {
        assert_eq!(nearest("write", ["writes", "reads"]).as_deref(), Some("did you mean `writes`?"));
        assert_eq!(nearest("sha256", ["digest", "file"]), None);
    }
}
