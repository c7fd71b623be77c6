//! What an answer is worth. Pure.
//!
//! Invariant: nothing is believed of an answer that is not for exactly this request, and nothing of one that contradicts
//! itself. What is then left is what the way of answering says: turned away, or unclear.

use synapsor_protocol::executor::{
    AnswerStatus, EXECUTOR_ANSWER_SCHEMA, EXECUTOR_CODE_LENGTH_MAX, ExecutorAnswer, ExecutorRequest, Purpose,
};
use synapsor_protocol::{Code, Value};

use super::delivery::{Delivery, Manner, NotDone};

/// What is known after one request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Known {
    /// The application answered this request, and means it.
    Said(Said),
    /// Nothing was done.
    Nothing(NotDone),
    /// It may have acted.
    Unclear(Code),
}

/// What the application said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) status: AnswerStatus,
    pub(super) rows_affected: u32,
    pub(super) new_version: Option<Value>,
    /// The application's own word for a no.
    pub(super) code: Option<String>,
    /// Captured columns it found changed.
    pub(super) changed_columns: Vec<String>,
}

/// What is known after this request, given what became of it.
pub(super) fn known(request: &ExecutorRequest, delivery: Delivery) -> Known {
    let (manner, body) = match delivery {
        Delivery::Undelivered(not_done) => return Known::Nothing(not_done),
        Delivery::Silent(silence) => return Known::Unclear(silence.code()),
        Delivery::Answered { manner, body } => (manner, body),
    };
    let said = serde_json::from_slice::<ExecutorAnswer>(&body).ok();
    let said =
        said.filter(|answer| is_for(request, answer) && is_consistent(request.purpose, manner, answer));
    match (said, manner) {
        (Some(answer), _) => Known::Said(believed(request, answer)),
        (None, Manner::TurnedAway { status }) => Known::Nothing(NotDone::TurnedAway { status }),
        (None, Manner::Handled | Manner::Broke) => Known::Unclear(Code::ExecutorAnswerInvalid),
    }
}

fn is_for(request: &ExecutorRequest, answer: &ExecutorAnswer) -> bool {
    answer.schema_version == EXECUTOR_ANSWER_SCHEMA
        && answer.proposal_id == request.proposal_id
        && answer.proposal_digest == request.proposal_digest
        && answer.idempotency_key == request.idempotency_key
}

/// Whether the words fit the question, the way they were said in, and each other.
fn is_consistent(purpose: Purpose, manner: Manner, answer: &ExecutorAnswer) -> bool {
    use AnswerStatus as S;
    let (is_a_yes, fits) = match (purpose, answer.status) {
        (Purpose::Execute, S::Applied)
        | (Purpose::Execute | Purpose::DryRun | Purpose::LookUp, S::AlreadyApplied)
        | (Purpose::DryRun, S::WouldApply) => (true, true),
        (Purpose::Execute | Purpose::DryRun, S::Conflict | S::Failed) | (Purpose::LookUp, S::NotFound) => {
            (false, true)
        }
        _ => (false, false),
    };
    let rows_fit = match answer.status {
        S::Applied => answer.rows_affected != Some(0),
        _ => answer.rows_affected.is_none_or(|rows| rows == 0),
    };
    // A yes that comes with an error is none.
    fits && rows_fit && (!is_a_yes || manner == Manner::Handled)
}

fn believed(request: &ExecutorRequest, answer: ExecutorAnswer) -> Said {
    let is_captured = |name: &String| {
        request.before.contains_key(name.as_str())
            || request.redacted_columns.iter().any(|known| known == name)
    };
    let applied = answer.status == AnswerStatus::Applied;
    let mut changed_columns: Vec<String> = answer.changed_columns.into_iter().filter(is_captured).collect();
    changed_columns.sort();
    changed_columns.dedup();
    Said {
        status: answer.status,
        rows_affected: if applied { answer.rows_affected.unwrap_or(1) } else { 0 },
        new_version: answer.new_version.filter(|_| applied).and_then(|version| scalar(&version)),
        code: answer.safe_error_code.filter(|code| is_code(code)),
        changed_columns,
    }
}

/// A code may be shown, so it holds nothing a value could hide in.
fn is_code(code: &str) -> bool {
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    (1..=EXECUTOR_CODE_LENGTH_MAX).contains(&code.len()) && code.bytes().all(plain)
}

/// A version as it may stand in a receipt. A number with a fraction is not exact, so it is left out.
fn scalar(version: &serde_json::Value) -> Option<Value> {
    match version {
        serde_json::Value::Number(number) => number.as_i64().map(Value::Integer),
        serde_json::Value::String(text) => Some(Value::Text(text.clone())),
        serde_json::Value::Bool(boolean) => Some(Value::Boolean(*boolean)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::super::delivery::Silence;
    use super::*;

    fn request(purpose: Purpose) -> ExecutorRequest {
        let text = include_str!("../../../../fixtures/protocol/executor-request.v1.json");
        let request: ExecutorRequest = serde_json::from_str(text).expect("a request");
        ExecutorRequest { purpose, ..request }
    }

    /// The answer of the golden documents, with these members over its own; `null` takes one out.
    fn answer(over: Json) -> Vec<u8> {
        let text = include_str!("../../../../fixtures/protocol/executor-answer.v1.json");
        let mut answer: serde_json::Map<String, Json> = serde_json::from_str(text).expect("an answer");
        let over = over.as_object().expect("an object").clone();
        answer.extend(over);
        answer.retain(|_, value| !value.is_null());
        serde_json::to_vec(&answer).expect("JSON")
    }

    fn after(purpose: Purpose, manner: Manner, over: Json) -> Known {
        known(&request(purpose), Delivery::Answered { manner, body: answer(over) })
    }

    const INVALID: Known = Known::Unclear(Code::ExecutorAnswerInvalid);

    #[test]
    fn an_answer_to_this_request_is_believed() {
        let Known::Said(said) = after(Purpose::Execute, Manner::Handled, json!({"new_version": 8})) else {
            panic!("believed");
        };
        assert_eq!((said.status, said.rows_affected), (AnswerStatus::Applied, 1));
        assert_eq!(said.new_version, Some(Value::Integer(8)));
        let conflict = json!({
            "status": "conflict", "rows_affected": 0, "safe_error_code": "ROW_MOVED",
            "changed_columns": ["late_fee_cents", "late_fee_cents", "; DROP TABLE"],
        });
        for manner in [Manner::Handled, Manner::TurnedAway { status: 409 }, Manner::Broke] {
            let Known::Said(said) = after(Purpose::Execute, manner, conflict.clone()) else {
                panic!("believed");
            };
            assert_eq!(said.code.as_deref(), Some("ROW_MOVED"));
            assert_eq!(said.changed_columns, ["late_fee_cents"]);
        }
    }

    #[test]
    fn an_answer_for_something_else_says_nothing_about_this() {
        let other = "f".repeat(64);
        for over in [
            json!({"proposal_id": "wrp_00000000000000000000000000000002"}),
            json!({"proposal_digest": format!("sha256:{other}")}),
            json!({"idempotency_key": other}),
            json!({"idempotency_key": null}),
            json!({"schema_version": "synapsor.handler-writeback.v1"}),
            json!({"status": "done"}),
            json!({"rows_affected": -1}),
        ] {
            assert_eq!(after(Purpose::Execute, Manner::Handled, over.clone()), INVALID, "{over}");
            assert_eq!(after(Purpose::Execute, Manner::Broke, over.clone()), INVALID, "{over}");
            let turned_away = after(Purpose::Execute, Manner::TurnedAway { status: 401 }, over);
            assert_eq!(turned_away, Known::Nothing(NotDone::TurnedAway { status: 401 }));
        }
    }

    #[test]
    fn an_answer_that_contradicts_itself_or_its_status_is_unclear() {
        for (manner, over) in [
            (Manner::Broke, json!({})),
            (Manner::Handled, json!({"rows_affected": 0})),
            (Manner::Handled, json!({"status": "conflict", "rows_affected": 1})),
            (Manner::Handled, json!({"status": "would_apply", "rows_affected": 0})),
            (Manner::Handled, json!({"status": "not_found", "rows_affected": 0})),
        ] {
            assert_eq!(after(Purpose::Execute, manner, over.clone()), INVALID, "{over}");
        }
        for purpose in [Purpose::DryRun, Purpose::LookUp] {
            assert_eq!(after(purpose, Manner::Handled, json!({})), INVALID, "{purpose:?} was no order");
        }
    }

    #[test]
    fn rubbish_is_unclear_and_a_code_that_is_none_is_dropped() {
        let said = |body: &[u8]| {
            let answered = Delivery::Answered { manner: Manner::Handled, body: body.to_vec() };
            known(&request(Purpose::Execute), answered)
        };
        for body in
            [&b""[..], b"ok", b"{", b"[]", b"null", b"<html>", b"\xff\xfe", b"{\"status\":\"applied\"}"]
        {
            assert_eq!(said(body), INVALID);
        }
        for code in ["", "no value 4111-1111", "lower", &"A".repeat(65)] {
            let over = json!({"status": "failed", "rows_affected": null, "safe_error_code": code});
            let Known::Said(said) = after(Purpose::Execute, Manner::Handled, over) else {
                panic!("believed")
            };
            assert_eq!(said.code, None, "{code}");
        }
    }

    #[test]
    fn silence_is_unclear_and_what_was_not_delivered_was_not_done() {
        let after = |delivery| known(&request(Purpose::Execute), delivery);
        for (silence, code) in [
            (Silence::TimedOut, Code::ExecutorTimeout),
            (Silence::Lost, Code::ExecutorAnswerLost),
            (Silence::TooLong, Code::ExecutorAnswerInvalid),
        ] {
            assert_eq!(after(Delivery::Silent(silence)), Known::Unclear(code));
        }
        let unreachable = Delivery::Undelivered(NotDone::Unreachable);
        assert_eq!(after(unreachable), Known::Nothing(NotDone::Unreachable));
    }
}
