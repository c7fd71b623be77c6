//! After the blow: what is left is looked at, the apply is repeated until it ends, and what is left then is looked at again.

use std::collections::BTreeMap;
use std::time::Duration;

use synapsor_protocol::Engine;

use crate::bench::{Answered, Desk, finished};
use crate::invariants::{Shows, check_settled, check_source, check_unsettled, check_words};
use crate::table::Ended;

/// How long an apply is repeated while the source holds a dead run's locks: longer than any of its own limits.
const SETTLES_WITHIN: Duration = Duration::from_secs(30);

/// Where in the table a trial belongs.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) engine: Engine,
    pub(crate) point: String,
    pub(crate) mode: String,
}

/// Looks at what is left, repeats the apply without anything in its way until it ends, and looks again.
///
/// The broken applies may have said anything that is true where `may_say` is empty.
pub(crate) async fn settle(desk: Desk<'_>, place: Place, may_say: &[&str], answers: &[Answered]) -> Ended {
    let mut wrong = Vec::new();
    let mut note = |checked: Result<(), String>| wrong.extend(checked.err());
    let words = words(answers);
    if !may_say.is_empty() && !may_say.contains(&words.as_str()) {
        note(Err(format!("expected one of {may_say:?}: {answers:?}")));
    }
    // The server may still be at the COMMIT of a runner that is gone, so only who lives is asked.
    let all_live = answers.iter().all(|answered| answered.exit.is_some());
    let first = check_source(&desk.before, &desk.source().await);
    if let Ok(shows) = first {
        note(check_words(answers, shows));
        if all_live {
            note(check_unsettled(&desk, shows).await);
        }
    }
    let (last, repetitions) = repeated(&desk).await;
    match first {
        Ok(Shows::Applied) if last.word() != "already_applied" => {
            note(Err(format!("the change was there, and the repetition says {last:?}")));
        }
        Ok(Shows::Nothing) if all_live && last.word() != "applied" => {
            note(Err(format!("the change was not there, and the repetition says {last:?}")));
        }
        Ok(_) => {}
        Err(what) => note(Err(what)),
    }
    note(check_settled(&desk).await);
    let changed = desk.source().await.changes_since(&desk.before);
    let again = if repetitions > 1 { " at last" } else { "" };
    let outcome = format!("{words}, then {}{again}", last.word());
    if !wrong.is_empty() {
        wrong.push(format!("{outcome}; kept: {:?}", desk.keep()));
    }
    let Place { engine, point, mode } = place;
    Ended { engine, point, mode, outcome, changed, wrong }
}

/// What was said, in order; by a crowd, how often.
pub(crate) fn words(answers: &[Answered]) -> String {
    if answers.len() <= 2 {
        return answers.iter().map(Answered::word).collect::<Vec<_>>().join(" and ");
    }
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for answered in answers {
        *times.entry(answered.word()).or_default() += 1;
    }
    times.iter().map(|(word, times)| format!("{times} {word}")).collect::<Vec<_>>().join(", ")
}

/// The same apply again, until it is neither unavailable nor unknown, and how often that took.
pub(crate) async fn repeated(desk: &Desk<'_>) -> (Answered, u32) {
    let started = tokio::time::Instant::now();
    let mut repetitions = 0;
    loop {
        let answered = finished(&mut desk.apply(None)).await;
        repetitions += 1;
        if !matches!(answered.exit, Some(3 | 4)) || started.elapsed() > SETTLES_WITHIN {
            return (answered, repetitions);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
