//! Reads answered whatever is asked, for calls whose values were bent.

use std::future::ready;

use synapsor_handler_host::{BoxFuture, DeclaredReads, ReadError};
use synapsor_protocol::{Columns, RecordedRead, Value};

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
