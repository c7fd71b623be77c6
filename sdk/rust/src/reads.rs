//! Further rows, from reads that the manifest declares and the config grants.
//!
//! Every read is scoped to the call's tenant by the runner, recorded, and counted against the call's limits.

use crate::bindings::Column;
use crate::bindings::synapsor::handler::reads::{self, ReadError};
use crate::columns::{Columns, Place};
use crate::refusal::{Refusal, refusal};
use crate::value::Value;

/// The row of a declared read that has this key. `None` where there is none, or it is another tenant's.
///
/// # Errors
/// Refuses a read that is not granted, or one past the call's limits.
pub fn get(read: &str, key: impl Into<Value>) -> Result<Option<Columns>, Refusal> {
    let row = reads::get(read, &key.into()).map_err(|error| refused(read, error))?;
    Ok(row.map(|columns| Columns::new(Place::Read(read.to_owned()), columns)))
}

/// The rows of a declared read whose columns equal every filter, in key order.
///
/// The runner stops at the read's row limit without saying so: a handler that counts rows compares their number with
/// the `rows_max` of its manifest, and refuses when it is reached.
///
/// # Errors
/// Refuses a read or a filter that is not granted, or one past the call's limits.
pub fn find<'a, V: Into<Value>>(
    read: &str,
    filters: impl IntoIterator<Item = (&'a str, V)>,
) -> Result<Vec<Columns>, Refusal> {
    let filters: Vec<Column> = filters
        .into_iter()
        .map(|(name, value)| Column { name: name.to_owned(), value: value.into() })
        .collect();
    let rows = reads::find(read, &filters).map_err(|error| refused(read, error))?;
    Ok(rows.into_iter().map(|columns| Columns::new(Place::Read(read.to_owned()), columns)).collect())
}

fn refused(read: &str, error: ReadError) -> Refusal {
    match error {
        ReadError::NotDeclared => {
            refusal("READ_NOT_DECLARED", format!("read `{read}`, or one of its filters, is not granted"))
        }
        ReadError::LimitReached => {
            refusal("READ_LIMIT_REACHED", format!("read `{read}` is past the limits of the call"))
        }
        // The runner ends such a call as a failure to repeat, whatever is answered.
        ReadError::Unavailable => refusal("READ_UNAVAILABLE", format!("read `{read}` could not be answered")),
    }
}
