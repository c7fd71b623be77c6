//! Inputs of the wrong shape: a case's call again and again, each time with one value bent.
//!
//! A refusal is fine, and so is an answer; a call that ends without either is not. What a config cannot rule out (a column
//! that is NULL, a setting nobody set) must not look like a broken handler to the person who made the call.

use std::sync::Arc;

use synapsor_handler_host::Handler;
use synapsor_protocol::{Columns, RecordedRead, Value};

use crate::any_reads::AnyReads;
use crate::case::{Answer, Case};
use crate::code::ProblemCode;
use crate::place;
use crate::problem::Problem;
use crate::run::last_words;

/// Most values that are bent, so that a case with a hundred columns does not take a minute.
const VALUES_MAX: usize = 100;
/// Characters of a text that is long but could stand in a column.
const LONG_TEXT_CHARS: usize = 4096;

/// A way to bend a value; `None` takes it away.
type Bend = fn(&Value) -> Option<Value>;

const BENDS: &[(&str, Bend)] = &[
    ("missing", |_| None),
    ("null", |_| Some(Value::Null)),
    ("of another type", |value| {
        Some(match value {
            Value::Text(_) => Value::Integer(-1),
            _ => Value::Text("\u{1f9fe} ".to_owned()),
        })
    }),
    ("very large", |value| Some(extreme(value, i64::MAX, LONG_TEXT_CHARS))),
    ("very small", |value| Some(extreme(value, i64::MIN, 0))),
];

fn extreme(value: &Value, integer: i64, chars: usize) -> Value {
    match value {
        Value::Integer(_) => Value::Integer(integer),
        Value::Text(_) => Value::Text("9".repeat(chars)),
        other => other.clone(),
    }
}

/// The case whose call gets furthest: one that ends in a change, with as many reads as there are.
pub(crate) fn furthest(cases: &[Case]) -> Option<&Case> {
    cases.iter().max_by_key(|case| (matches!(case.expect, Answer::Change { .. }), case.reads.len()))
}

/// Every bent call that ends without an answer.
pub(crate) async fn problems(handler: &Handler, case: &Case) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut values: Vec<(usize, String)> = Vec::new();
    for (at, (_, columns)) in columns_of(&mut case.clone()).iter().enumerate() {
        values.extend(columns.keys().map(|name| (at, name.clone())));
    }
    for (at, name) in values.iter().take(VALUES_MAX) {
        for (how, bend) in BENDS {
            let mut bent = case.clone();
            if let Some((place, columns)) = columns_of(&mut bent).into_iter().nth(*at) {
                let value = columns.remove(name).and_then(|value| bend(&value));
                columns.extend(value.map(|value| (name.clone(), value)));
                problems.extend(ends_without_answer(handler, &bent, &place::under(&place, name), how).await);
            }
        }
    }
    problems
}

async fn ends_without_answer(handler: &Handler, bent: &Case, place: &str, how: &str) -> Option<Problem> {
    let reads = Arc::new(AnyReads(bent.reads.clone()));
    let error = handler.propose(bent.handler_call(), reads).await.err()?;
    // Busy or late is this machine's fault, not the guest's.
    if error.code.retryable() {
        return None;
    }
    let message = format!("{} when this value is {how}: {}", error.code, error.message);
    let problem = Problem::new(ProblemCode::MalformedInputTraps, format!("{} {place}", bent.file()), message);
    Some(problem.maybe_hint(last_words(&error.log)))
}

/// Every group of values a handler is given, with its place. Of a read's rows only the first: the others are alike.
fn columns_of(case: &mut Case) -> Vec<(String, &mut Columns)> {
    let mut groups = vec![
        ("$.call.arguments".to_owned(), &mut case.call.arguments),
        ("$.call.settings".to_owned(), &mut case.call.settings),
        ("$.row".to_owned(), &mut case.row),
    ];
    for (at, read) in case.reads.iter_mut().enumerate() {
        match read {
            RecordedRead::Get { row, .. } => {
                groups.extend(row.as_mut().map(|row| (format!("$.reads[{at}].row"), row)));
            }
            RecordedRead::Find { rows, .. } => {
                groups.extend(rows.first_mut().map(|row| (format!("$.reads[{at}].rows[0]"), row)));
            }
        }
    }
    groups
}
