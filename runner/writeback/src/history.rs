//! History: is it certain that no earlier attempt at a job has changed the row, or still may? Pure.
//!
//! A runner that died in the middle leaves an attempt without an end. As long as the source's receipt has not been
//! looked for, "nothing changed" could be a lie, and so could a rejection that trusts it.

use synapsor_protocol::{Event, EventKind};

/// Whether every attempt before this one is recorded as having come to nothing.
pub(crate) fn earlier_attempts_came_to_nothing(events: &[Event], attempt: u32) -> bool {
    (1..attempt).all(|earlier| events.iter().any(|event| says_so(event, earlier)))
}

/// An attempt was interrupted; or it, or a later one, ended in what an operator could have tried again.
fn says_so(event: &Event, attempt: u32) -> bool {
    let named = event.payload.get("attempt").and_then(serde_json::Value::as_u64);
    match event.kind {
        EventKind::WritebackInterrupted => named == Some(attempt.into()),
        EventKind::WritebackReopened => named.is_some_and(|last| last >= attempt.into()),
        _ => false,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;
    use synapsor_protocol::{Digest, Moment};

    /// An event about an attempt, as far as it matters here.
    pub(crate) fn event(kind: EventKind, attempt: u32) -> Event {
        let digest = Digest::of_bytes(b"");
        Event {
            seq: 1,
            kind,
            proposal_id: None,
            actor: "runner-1".into(),
            payload: json!({ "attempt": attempt }),
            at: Moment::from_micros(0).expect("in range"),
            previous_digest: digest.clone(),
            digest,
        }
    }

    #[test]
    fn one_attempt_without_an_end_leaves_a_doubt() {
        use EventKind::{WritebackInterrupted as Interrupted, WritebackStarted as Started};
        let events = [event(Started, 1), event(Interrupted, 1), event(Started, 2), event(Started, 3)];
        let certain = |attempt| earlier_attempts_came_to_nothing(&events, attempt);
        assert!(certain(1) && certain(2));
        assert!(!certain(3));
    }

    #[test]
    fn what_was_tried_again_by_an_operator_had_come_to_nothing() {
        use EventKind::{WritebackReopened as Reopened, WritebackStarted as Started};
        let events = [event(Started, 1), event(Started, 2), event(Reopened, 2), event(Started, 3)];
        assert!(earlier_attempts_came_to_nothing(&events, 3));
        assert!(!earlier_attempts_came_to_nothing(&events, 4));
    }
}
