//! Running cases against the binary: twice each, since a handler that is not deterministic is refused.

use std::sync::Arc;

use synapsor_handler_host::{Asked, GuestError, Handler, HandlerRun, RecordedReads};
use synapsor_protocol::{Share, Usage};

use crate::case::{Answer, Case};
use crate::code::ProblemCode;
use crate::problem::{Problem, shown};
use crate::report::{CaseReport, Difference};

/// Runs one case.
pub(crate) async fn case(handler: &Handler, case: &Case) -> (CaseReport, Vec<Problem>) {
    let (first, asked) = attempt(handler, case).await;
    let (second, _) = attempt(handler, case).await;
    let mut problems = judged(case, &first, &asked);
    problems.extend(difference(&first, &second).map(|difference| {
        let message = format!("two runs differ in {difference}");
        Problem::new(ProblemCode::CaseNotDeterministic, case.file(), message)
            .hint("a handler may not depend on anything but its inputs and reads")
    }));
    let difference = first.as_ref().ok().map(|run| Answer::from(run.answer.clone()));
    let difference = difference.filter(|found| *found != case.expect);
    let report = CaseReport {
        file: shown(&case.file()),
        description: shown(&case.description),
        passed: problems.is_empty(),
        usage: usage(&first),
        share: Share::of(&usage(&first), &handler.limits().budget()),
        difference: difference.map(|found| Difference { expected: case.expect.clone(), found }),
    };
    (report, problems)
}

type Outcome = Result<HandlerRun, GuestError>;

async fn attempt(handler: &Handler, case: &Case) -> (Outcome, Asked) {
    let reads = Arc::new(RecordedReads::new(&case.reads));
    let outcome = handler.propose(case.handler_call(), Arc::clone(&reads) as _).await;
    (outcome, reads.asked())
}

fn usage(outcome: &Outcome) -> Usage {
    match outcome {
        Ok(run) => run.usage,
        Err(error) => error.usage,
    }
}

/// What is wrong with one run of a case.
fn judged(case: &Case, outcome: &Outcome, asked: &Asked) -> Vec<Problem> {
    let file = case.file();
    if !asked.missing.is_empty() {
        let unrecorded = |ask: &String| {
            Problem::new(ProblemCode::CaseReadNotRecorded, file.clone(), format!("the handler asks {ask}"))
                .hint("record the read and its answer in `reads`")
        };
        return asked.missing.iter().map(unrecorded).collect();
    }
    let answer = match outcome {
        Ok(run) => Answer::from(run.answer.clone()),
        Err(error) => {
            let message = format!("{}: {}", error.code, error.message);
            let problem = Problem::new(ProblemCode::CaseCallFailed, file, message);
            return vec![problem.maybe_hint(last_words(&error.log))];
        }
    };
    let mut problems = Vec::new();
    if answer != case.expect {
        let message = format!("expected {}, found {}", as_json(&case.expect), as_json(&answer));
        problems.push(Problem::new(ProblemCode::CaseAnswerDiffers, file.clone(), message));
    }
    for unused in (0..case.reads.len()).filter(|at| !asked.recorded.contains(at)) {
        let place = format!("{file} $.reads[{unused}]");
        problems.push(Problem::new(
            ProblemCode::CaseReadUnused,
            place,
            "the handler does not ask for this read",
        ));
    }
    problems
}

/// A guest's panic message is in its log, not in the trap.
pub(crate) fn last_words(log: &[String]) -> Option<String> {
    log.last().map(|line| format!("the handler's last log line is `{line}`"))
}

fn as_json(answer: &Answer) -> String {
    serde_json::to_string(answer).map_or_else(|_| format!("{answer:?}"), |text| format!("`{text}`"))
}

/// In what two runs of one case differ. Wall-clock time is not compared.
fn difference(first: &Outcome, second: &Outcome) -> Option<&'static str> {
    let answers = match (first, second) {
        (Ok(first), Ok(second)) => first.answer == second.answer && first.reads == second.reads,
        (Err(first), Err(second)) => first.code == second.code && first.reads == second.reads,
        _ => false,
    };
    let logs = |outcome: &Outcome| match outcome {
        Ok(run) => run.log.clone(),
        Err(error) => error.log.clone(),
    };
    let (used, again) = (usage(first), usage(second));
    match () {
        () if !answers => Some("answer or reads"),
        () if logs(first) != logs(second) => Some("log"),
        () if used.fuel != again.fuel => Some("fuel"),
        () if used.memory_bytes != again.memory_bytes => Some("memory"),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use synapsor_handler_host::HandlerAnswer;
    use synapsor_protocol::Code;

    use super::*;

    fn ran(fuel: u64, line: &str, code: &str) -> Outcome {
        Ok(HandlerRun {
            answer: HandlerAnswer::Refusal { code: code.into(), message: "no".into() },
            usage: Usage { fuel, wall_us: fuel, ..Usage::default() },
            log: vec![line.into()],
            reads: Vec::new(),
        })
    }

    fn ended(code: Code) -> Outcome {
        let (message, usage) = ("it ended".into(), Usage::default());
        Err(GuestError { code, message, usage, log: Vec::new(), reads: Vec::new() })
    }

    #[test]
    fn two_runs_may_differ_in_time_only() {
        let slow =
            ran(7, "a", "NO").map(|run| HandlerRun { usage: Usage { wall_us: 99, ..run.usage }, ..run });
        assert_eq!(difference(&ran(7, "a", "NO"), &slow), None);
        assert_eq!(difference(&ran(7, "a", "NO"), &ran(8, "a", "NO")), Some("fuel"));
        assert_eq!(difference(&ran(7, "a", "NO"), &ran(7, "b", "NO")), Some("log"));
        assert_eq!(difference(&ran(7, "a", "NO"), &ran(7, "a", "NEVER")), Some("answer or reads"));
        assert_eq!(difference(&ran(7, "a", "NO"), &ended(Code::GuestTrap)), Some("answer or reads"));
        assert_eq!(difference(&ended(Code::GuestFuel), &ended(Code::GuestTrap)), Some("answer or reads"));
        assert_eq!(difference(&ended(Code::GuestFuel), &ended(Code::GuestFuel)), None);
    }
}
