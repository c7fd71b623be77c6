//! What the applies said must be so, whatever died.

use super::Shows;
use crate::bench::Answered;

/// What the applies said so far must be so, seen together. A process that died said nothing.
///
/// # Errors
/// What one of them said that is not so.
pub(crate) fn check_words(answers: &[Answered], now: Shows) -> Result<(), String> {
    let lie = |what: &str| Err(format!("{what}; the source shows {now:?}; they said {answers:?}"));
    let changed: Vec<_> = answers.iter().map(Answered::source_changed).collect();
    let said = |word: &str| changed.iter().filter(|changed| changed.as_deref() == Some(word)).count();
    for answered in answers {
        let applied = matches!(answered.word().as_str(), "applied" | "already_applied");
        match answered.exit {
            None => {}
            Some(0) if applied && now == Shows::Applied => {}
            Some(3) if answered.source_changed().is_some() => {}
            Some(4) if answered.source_changed().as_deref() == Some("unknown") => {}
            Some(0) => return lie("one says it is applied"),
            _ => return lie("one refuses what was approved"),
        }
    }
    if said("yes") > 1 || (said("yes") == 1 && now == Shows::Nothing) {
        return lie("more of them changed the row than did");
    }
    if said("no") == answers.len() && now == Shows::Applied {
        return lie("none of them changed the row");
    }
    Ok(())
}

mod tests {
    use super::*;

    #[test]
    fn what_is_said_and_not_so_is_found() {
        let said = |exit: Option<i32>, outcome: &str, changed: &str| {
            let document = serde_json::json!({ "outcome": outcome, "source_changed": changed });
            Answered { exit, stdout: document.to_string(), stderr: String::new() }
        };
        let applied = said(Some(0), "applied", "yes");
        let repeated = said(Some(0), "already_applied", "no");
        let obstructed = said(Some(3), "none", "no");
        let killed = said(None, "none", "no");
        for (answers, shows) in [
            (vec![applied.clone()], Shows::Applied),
            (vec![applied.clone(), repeated.clone()], Shows::Applied),
            (vec![obstructed.clone()], Shows::Nothing),
            (vec![said(Some(4), "unknown", "unknown")], Shows::Applied),
        ] {
            assert_eq!(check_words(&answers, shows), Ok(()));
        }
        for (answers, shows) in [
            (vec![applied.clone()], Shows::Nothing),
            (vec![applied.clone(), applied.clone()], Shows::Applied),
            (vec![repeated.clone()], Shows::Nothing),
            (vec![obstructed.clone()], Shows::Applied),
            (vec![said(Some(1), "conflict", "no")], Shows::Nothing),
        ] {
            assert!(check_words(&answers, shows).is_err(), "{answers:?} {shows:?}");
        }
        assert_eq!(check_words(&[Answered { stdout: String::new(), ..killed }], Shows::Applied), Ok(()));
    }
}
