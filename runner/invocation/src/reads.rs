//! Reads of one call: the scoped row, and the declared reads a handler asks for in the same tenant.

use std::sync::Arc;

use serde::Serialize;
use synapsor_config::{Capability, DeclaredRead, HandlerGrant, Logic, TableTarget};
use synapsor_handler_host::{BoxFuture, DeclaredReads, ReadError};
use synapsor_protocol::value::Columns;
use synapsor_protocol::{Digest, Refusal, TrustedContext, Value};
use synapsor_source::{Error, FindQuery, RowQuery, ScopedRow, Sources};

/// The row a call is about: exactly one, of this tenant.
pub(crate) async fn scoped_row(
    sources: &Sources,
    capability: &Capability,
    context: &TrustedContext,
    key: &Value,
) -> Result<ScopedRow, Refusal> {
    let query = RowQuery {
        source: capability.source.name.clone(),
        target: capability.target.clone(),
        columns: capability.captured_columns().into_iter().map(str::to_owned).collect(),
        key: key.clone(),
    };
    sources.read_one(&query, context).await.map_err(|error| error.refusal())
}

/// The same for the same kind of query, whatever its values.
pub(crate) fn fingerprint(capability: &Capability) -> Result<Digest, Refusal> {
    #[derive(Serialize)]
    struct Shape<'a> {
        source: &'a str,
        target: &'a TableTarget,
        columns: std::collections::BTreeSet<&'a str>,
    }
    let shape = Shape {
        source: &capability.source.name,
        target: &capability.target,
        columns: capability.captured_columns(),
    };
    Digest::of("synapsor.query.v1", &shape).map_err(Refusal::bug)
}

/// Answers a handler's declared reads in the call's tenant.
pub(crate) struct TenantReads {
    pub(crate) sources: Sources,
    pub(crate) capability: Arc<Capability>,
    pub(crate) context: TrustedContext,
}

impl TenantReads {
    fn declared(&self, read: &str) -> Result<&DeclaredRead, ReadError> {
        let grant: Option<&HandlerGrant> = match self.capability.proposal.as_ref().map(|rules| &rules.logic) {
            Some(Logic::Handler(grant)) => Some(grant),
            _ => None,
        };
        grant.and_then(|grant| grant.reads.get(read)).ok_or(ReadError::NotDeclared)
    }

    fn query(&self, declared: &DeclaredRead, key: &Value) -> RowQuery {
        RowQuery {
            source: self.capability.source.name.clone(),
            target: declared.target.clone(),
            columns: declared.columns.clone(),
            key: key.clone(),
        }
    }
}

impl DeclaredReads for TenantReads {
    fn get(&self, read: &str, key: &Value) -> BoxFuture<'_, Result<Option<Columns>, ReadError>> {
        let (read, key) = (read.to_owned(), key.clone());
        Box::pin(async move {
            let declared = self.declared(&read)?;
            match self.sources.read_one(&self.query(declared, &key), &self.context).await {
                Ok(row) => Ok(Some(only(row.into_columns(), &declared.columns))),
                Err(Error::RowNotFound { .. }) => Ok(None),
                Err(error) => Err(unavailable(&read, &error)),
            }
        })
    }

    fn find(&self, read: &str, filters: &Columns) -> BoxFuture<'_, Result<Vec<Columns>, ReadError>> {
        let (read, filters) = (read.to_owned(), filters.clone());
        Box::pin(async move {
            let declared = self.declared(&read)?;
            if declared.filters.is_empty() || !filters.keys().all(|name| declared.filters.contains(name)) {
                return Err(ReadError::NotDeclared);
            }
            let query = FindQuery {
                source: self.capability.source.name.clone(),
                target: declared.target.clone(),
                columns: declared.columns.clone(),
                filters,
                rows_max: declared.rows_max,
            };
            let rows =
                self.sources.find(&query, &self.context).await.map_err(|error| unavailable(&read, &error))?;
            Ok(rows.into_iter().map(|row| only(row.into_columns(), &declared.columns)).collect())
        })
    }
}

/// Key and tenant are read for the byte-for-byte check; the handler gets what the config lists.
pub(crate) fn only(mut columns: Columns, listed: &[String]) -> Columns {
    columns.retain(|name, _| listed.contains(name));
    columns
}

fn unavailable(read: &str, error: &Error) -> ReadError {
    tracing::warn!(read, %error, "a declared read could not be answered");
    ReadError::Unavailable
}
