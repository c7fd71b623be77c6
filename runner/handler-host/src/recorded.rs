//! Reads answered from a record, in place of a source: a case's, or a recorded call's.

use std::collections::BTreeSet;
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use synapsor_protocol::{Columns, RecordedRead, Value};

use crate::messages::{BoxFuture, DeclaredReads, ReadError};

/// Answers exactly what is recorded, and keeps count of what was asked.
#[derive(Debug)]
pub struct RecordedReads {
    reads: Vec<RecordedRead>,
    asked: Mutex<Asked>,
}

/// What a run asked for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Indexes of recorded reads that were asked for.
    pub recorded: BTreeSet<usize>,
    /// Reads that are not recorded, in words.
    pub missing: Vec<String>,
}

impl RecordedReads {
    /// Answers from these.
    pub fn new(reads: &[RecordedRead]) -> Self {
        Self { reads: reads.to_vec(), asked: Mutex::default() }
    }

    /// What was asked so far.
    pub fn asked(&self) -> Asked {
        self.lock().clone()
    }

    fn answer<T>(
        &self,
        ask: impl FnOnce() -> String,
        matching: impl Fn(&RecordedRead) -> Option<T>,
    ) -> BoxFuture<'_, Result<T, ReadError>>
    where
        T: Send + 'static,
    {
        let found = self.reads.iter().enumerate().find_map(|(at, recorded)| Some((at, matching(recorded)?)));
        let mut asked = self.lock();
        let answer = match found {
            Some((at, answer)) => {
                asked.recorded.insert(at);
                Ok(answer)
            }
            None => {
                asked.missing.push(ask());
                Err(ReadError::Unavailable)
            }
        };
        Box::pin(ready(answer))
    }

    fn lock(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DeclaredReads for RecordedReads {
    fn get(&self, read: &str, key: &Value) -> BoxFuture<'_, Result<Option<Columns>, ReadError>> {
        let ask = || format!("read `{read}` for the row with key `{key}`");
        self.answer(ask, |recorded| match recorded {
            RecordedRead::Get { read: name, key: of, row } if name == read && of == key => Some(row.clone()),
            _ => None,
        })
    }

    fn find(&self, read: &str, filters: &Columns) -> BoxFuture<'_, Result<Vec<Columns>, ReadError>> {
        let ask = || {
            let equal: Vec<String> =
                filters.iter().map(|(name, value)| format!("`{name}` = `{value}`")).collect();
            format!("read `{read}` for the rows with {}", equal.join(", "))
        };
        self.answer(ask, |recorded| match recorded {
            RecordedRead::Find { read: name, filters: of, rows } if name == read && of == filters => {
                Some(rows.clone())
            }
            _ => None,
        })
    }
}
