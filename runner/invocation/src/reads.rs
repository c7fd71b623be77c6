//! Reads of one call: the scoped row, and the declared reads a handler asks for in the same tenant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use synapsor_config::{Capability, DeclaredRead, TableTarget};
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
        columns: BTreeSet<&'a str>,
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
    pub(crate) source: String,
    pub(crate) reads: Arc<BTreeMap<String, DeclaredRead>>,
    pub(crate) context: TrustedContext,
}

impl TenantReads {
    fn declared(&self, read: &str) -> Result<&DeclaredRead, ReadError> {
        self.reads.get(read).ok_or(ReadError::NotDeclared)
    }

    fn query(&self, declared: &DeclaredRead, key: &Value) -> RowQuery {
        RowQuery {
            source: self.source.clone(),
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
                Err(error) => Err(unanswered(&read, &error)),
            }
        })
    }

    fn find(&self, read: &str, filters: &Columns) -> BoxFuture<'_, Result<Vec<Columns>, ReadError>> {
        let (read, filters) = (read.to_owned(), filters.clone());
        Box::pin(async move {
            let declared = self.declared(&read)?;
            // Without a filter it would be a list of the tenant's rows, which nobody granted.
            if filters.is_empty() || !filters.keys().all(|name| declared.filters.contains(name)) {
                return Err(ReadError::NotDeclared);
            }
            let query = FindQuery {
                source: self.source.clone(),
                target: declared.target.clone(),
                columns: declared.columns.clone(),
                filters,
                rows_max: declared.rows_max,
            };
            let rows =
                self.sources.find(&query, &self.context).await.map_err(|error| unanswered(&read, &error))?;
            Ok(rows.into_iter().map(|row| only(row.into_columns(), &declared.columns)).collect())
        })
    }
}

/// Key and tenant are read for the byte-for-byte check; the handler gets what the config lists.
pub(crate) fn only(mut columns: Columns, listed: &[String]) -> Columns {
    columns.retain(|name, _| listed.contains(name));
    columns
}

/// Too much is the handler's to deal with; everything else ends its call.
fn unanswered(read: &str, error: &Error) -> ReadError {
    tracing::warn!(read, %error, "a declared read could not be answered");
    match error {
        Error::RowTooLarge { .. } | Error::RowsTooLarge { .. } => ReadError::LimitReached,
        _ => ReadError::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use synapsor_protocol::Provenance;

    use super::*;

    #[tokio::test]
    async fn a_find_needs_a_filter_and_every_filter_a_grant() {
        let target = TableTarget {
            schema: "main".into(),
            table: "waivers".into(),
            primary_key: "id".into(),
            tenant_key: Some("tenant_id".into()),
        };
        let read = |filters: &[&str]| DeclaredRead {
            target: target.clone(),
            columns: vec!["id".into()],
            filters: filters.iter().map(|name| (*name).to_owned()).collect(),
            rows_max: 5,
        };
        #[expect(clippy::disallowed_methods, reason = "a test stands in for the context's own module")]
        let context = TrustedContext::establish("acme".into(), "ann".into(), Provenance::StaticDev);
        let reads = TenantReads {
            sources: Sources::new([]),
            source: "app".into(),
            reads: Arc::new([("found".into(), read(&["customer_id"])), ("kept".into(), read(&[]))].into()),
            context,
        };
        let by = |name: &str| Columns::from([(name.to_owned(), Value::Integer(1))]);
        for (read, filters) in [
            ("found", Columns::new()),
            ("found", by("amount")),
            ("kept", Columns::new()),
            ("kept", by("id")),
            ("other", by("customer_id")),
        ] {
            assert_eq!(reads.find(read, &filters).await, Err(ReadError::NotDeclared), "{read} {filters:?}");
        }
        let asked = reads.find("found", &by("customer_id")).await;
        assert_eq!(asked, Err(ReadError::Unavailable), "the source is asked, and there is none");
    }
}
