//! Reads answered from a case's record, in place of a source.

use std::collections::BTreeSet;
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use synapsor_handler_host::{BoxFuture, DeclaredReads, ReadError};
use synapsor_protocol::{Columns, RecordedRead, Value};

/// Answers exactly what a case records, and keeps count of what was asked.
#[derive(Debug)]
pub(crate) struct RecordedReads {
    reads: Vec<RecordedRead>,
    asked: Mutex<Asked>,
}

/// What a run asked for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Indexes of recorded reads that were asked for.
    pub(crate) recorded: BTreeSet<usize>,
    /// Reads that are not recorded, in words.
    pub(crate) missing: Vec<String>,
}

impl RecordedReads {
    pub(crate) fn new(reads: &[RecordedRead]) -> Self {
        Self { reads: reads.to_vec(), asked: Mutex::default() }
    }

    pub(crate) fn asked(&self) -> Asked {
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

/// Answers every read of a name with the same rows, whatever the key or the filters; none where it knows none.
#[derive(Debug)]
pub(crate) struct AnyReads(pub(crate) Vec<RecordedRead>);

impl DeclaredReads for AnyReads {
    fn get(&self, read: &str, _key: &Value) -> BoxFuture<'_, Result<Option<Columns>, ReadError>> {
        let row = self.0.iter().find_map(|recorded| match recorded {
            RecordedRead::Get { read: name, row, .. } if name == read => Some(row.clone()),
            _ => None,
        });
        Box::pin(ready(Ok(row.flatten())))
    }

    fn find(&self, read: &str, _filters: &Columns) -> BoxFuture<'_, Result<Vec<Columns>, ReadError>> {
        let rows = self.0.iter().find_map(|recorded| match recorded {
            RecordedRead::Find { read: name, rows, .. } if name == read => Some(rows.clone()),
            _ => None,
        });
        Box::pin(ready(Ok(rows.unwrap_or_default())))
    }
}
