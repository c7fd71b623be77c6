//! What a worker says, checked again: it ran a guest, so it is believed as far as a guest is.
//!
//! The worker applies the same rules before it answers. So a breach here is no guest's doing but a worker's that is not
//! itself any more, and that worker is ended.

use synapsor_protocol::Code;

use super::message::Asked;
use crate::limits::Limits;
use crate::messages::{Ending, HandlerAnswer};
use crate::notes::sentence;
use crate::reads::size_bytes;
use crate::stop::Stop;
use crate::wellformed::{self, SENTENCE_CHARS_MAX};

/// What a worker got wrong; for the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Breach(pub(super) &'static str);

/// What a call in a worker may end with.
const ENDS: [Code; 11] = [
    Code::HandlerBusy,
    Code::GuestFuel,
    Code::GuestDeadline,
    Code::GuestMemory,
    Code::GuestTable,
    Code::GuestStack,
    Code::GuestTrap,
    Code::GuestOutputTooLarge,
    Code::GuestAbi,
    Code::GuestReadsExceeded,
    Code::Internal,
];
/// Bytes a log line may have over its limit: its level, and the mark where it was cut.
const LOG_LINE_SLACK_BYTES: u64 = 16;

/// A call's end, when it keeps to the call's limits. `waited_us` is how long the host waited for it.
pub(super) fn ending(ending: Ending, limits: &Limits, waited_us: u64) -> Result<Ending, Breach> {
    let Ending { outcome, fuel, memory_bytes, output_bytes, wall_us, log } = ending;
    breach(fuel > limits.fuel, "more fuel than its limit")?;
    breach(memory_bytes > limits.memory_bytes, "more memory than its limit")?;
    log_lines(&log, limits)?;
    let outcome = match outcome {
        Ok(said) => Ok(answer(said, output_bytes, limits)?),
        Err(stop) => Err(stopped(stop)?),
    };
    Ok(Ending { outcome, fuel, memory_bytes, output_bytes, wall_us: wall_us.min(waited_us), log })
}

/// A read that may go to the source.
pub(super) fn asked(asked: Asked) -> Result<Asked, Breach> {
    let malformed = |_stop| Breach("a read whose name or values are not in their form");
    Ok(match asked {
        Asked::Get { read, key } => Asked::Get {
            read: wellformed::name(read).map_err(malformed)?,
            key: wellformed::value(key).map_err(malformed)?,
        },
        Asked::Find { read, filters } => Asked::Find {
            read: wellformed::name(read).map_err(malformed)?,
            filters: wellformed::columns(filters).map_err(malformed)?,
        },
    })
}

fn answer(answer: HandlerAnswer, output_bytes: u64, limits: &Limits) -> Result<HandlerAnswer, Breach> {
    breach(output_bytes > limits.output_bytes, "a larger answer than its limit")?;
    match answer {
        HandlerAnswer::Change { columns, summary } => {
            breach(size_bytes(&columns) > output_bytes, "an answer larger than it says")?;
            let columns = wellformed::columns(columns).map_err(|_stop| Breach("values not in their form"))?;
            let summary = summary.map(|summary| sentence(&summary, SENTENCE_CHARS_MAX));
            Ok(HandlerAnswer::Change { columns, summary })
        }
        HandlerAnswer::Refusal { code, message } => {
            let code = wellformed::code(code).map_err(|_stop| Breach("a refusal's code not in its form"))?;
            Ok(HandlerAnswer::Refusal { code, message: sentence(&message, SENTENCE_CHARS_MAX) })
        }
    }
}

fn stopped(stop: Stop) -> Result<Stop, Breach> {
    let Stop { code, message } = stop;
    breach(!ENDS.contains(&code), "a code that no call ends with")?;
    Ok(Stop { code, message: sentence(&message, SENTENCE_CHARS_MAX) })
}

fn log_lines(log: &[String], limits: &Limits) -> Result<(), Breach> {
    let lines = u64::try_from(log.len()).unwrap_or(u64::MAX);
    // The last one counts those that were dropped.
    breach(lines > u64::from(limits.log_lines).saturating_add(1), "more log lines than its limit")?;
    let line_bytes_max = u64::from(limits.log_line_bytes).saturating_add(LOG_LINE_SLACK_BYTES).max(64);
    for line in log {
        let bytes = u64::try_from(line.len()).unwrap_or(u64::MAX);
        breach(bytes > line_bytes_max, "a longer log line than its limit")?;
        breach(line.contains(char::is_control), "a log line with control characters")?;
    }
    Ok(())
}

fn breach(holds: bool, what: &'static str) -> Result<(), Breach> {
    if holds { Err(Breach(what)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use synapsor_protocol::{Columns, Value};

    use super::*;

    fn honest() -> Ending {
        let columns = Columns::from([("late_fee_cents".to_owned(), Value::Integer(0))]);
        Ending {
            outcome: Ok(HandlerAnswer::Change { columns, summary: Some("waived".into()) }),
            fuel: 10,
            memory_bytes: 65_536,
            output_bytes: 28,
            wall_us: 40,
            log: vec!["info: fine".into()],
        }
    }

    fn refused(ending: Ending) -> bool {
        super::ending(ending, &Limits::default(), 1_000).is_err()
    }

    #[test]
    fn an_honest_end_passes_as_it_is() {
        let passed = ending(honest(), &Limits::default(), 1_000).expect("keeps to its limits");
        assert_eq!(format!("{passed:?}"), format!("{:?}", honest()));
    }

    #[test]
    fn a_worker_that_goes_over_a_limit_or_breaks_a_form_is_not_believed() {
        let limits = Limits::default();
        let change = |columns: Columns| Ok(HandlerAnswer::Change { columns, summary: None });
        let column = |name: &str, value| change(Columns::from([(name.to_owned(), value)]));
        let refusal = |code: &str| Ok(HandlerAnswer::Refusal { code: code.into(), message: String::new() });
        let stop = |code| Err(Stop::new(code, "stopped"));
        assert!(refused(Ending { fuel: limits.fuel + 1, ..honest() }));
        assert!(refused(Ending { memory_bytes: limits.memory_bytes + 1, ..honest() }));
        assert!(refused(Ending { output_bytes: limits.output_bytes + 1, ..honest() }));
        assert!(refused(Ending { output_bytes: 1, ..honest() }), "larger than it says");
        assert!(refused(Ending { log: vec![String::new(); 66], ..honest() }));
        assert!(refused(Ending { log: vec!["x".repeat(1_041)], ..honest() }));
        assert!(refused(Ending { log: vec!["two\nlines".into()], ..honest() }));
        assert!(refused(Ending { outcome: column("n", Value::Decimal("1e9".into())), ..honest() }));
        assert!(refused(Ending { outcome: column("a\nb", Value::Null), ..honest() }));
        assert!(refused(Ending { outcome: refusal("not screaming"), ..honest() }));
        for code in Code::ALL.iter().filter(|code| !ENDS.contains(code)) {
            assert!(refused(Ending { outcome: stop(*code), ..honest() }), "{code}");
        }
        for code in ENDS {
            assert!(!refused(Ending { outcome: stop(code), ..honest() }), "{code}");
        }
    }

    #[test]
    fn text_that_people_read_is_made_safe_again_and_time_is_the_hosts() {
        let outcome = Err(Stop::new(Code::GuestTrap, "\u{1b}[2J".repeat(1_000)));
        let passed = ending(Ending { outcome, wall_us: u64::MAX, ..honest() }, &Limits::default(), 7);
        let passed = passed.expect("is made safe");
        assert_eq!(passed.wall_us, 7);
        let message = passed.outcome.expect_err("is a stop").message;
        assert!(!message.contains(char::is_control) && message.len() < 8_000, "{}", message.len());
    }

    #[test]
    fn a_read_that_is_not_in_its_form_does_not_reach_the_source() {
        let get = |read: &str, key| asked(Asked::Get { read: read.into(), key });
        assert!(get("customer", Value::Text("C-1".into())).is_ok());
        assert!(get("", Value::Null).is_err());
        assert!(get("customer", Value::Uuid("not one".into())).is_err());
        let filters = Columns::from([("a\0".to_owned(), Value::Null)]);
        assert!(asked(Asked::Find { read: "r".into(), filters }).is_err());
    }

    proptest! {
        #[test]
        fn whatever_bytes_a_worker_sends_they_are_a_message_or_an_error(bytes: Vec<u8>) {
            let _ = serde_json::from_slice::<super::super::message::FromWorker>(&bytes);
        }
    }
}
