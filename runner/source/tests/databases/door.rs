//! A fresh database with the room in front of it.

use std::path::PathBuf;

use synapsor_config::TableTarget;
use synapsor_protocol::{Columns, Engine, Provenance, TrustedContext, Value};
use synapsor_source::{Connect, Error, FindQuery, RowQuery, SourceSettings, Sources};
use synapsor_test_servers::TestDatabase;

pub(crate) const ENGINES: [Engine; 3] = [Engine::Sqlite, Engine::Postgres, Engine::Mysql];

/// A database, and the sources that hold it under the name `shop`.
pub(crate) struct Door {
    pub(crate) database: TestDatabase,
    pub(crate) sources: Sources,
}

impl Door {
    pub(crate) async fn of(engine: Engine) -> Self {
        let database = synapsor_test_servers::database(engine).await;
        let sources = Sources::new([settings(engine, connect(&database))]);
        Self { database, sources }
    }

    /// With a table made by this SQL.
    pub(crate) async fn with(engine: Engine, sql: &str) -> Self {
        let door = Self::of(engine).await;
        door.database.execute(sql).await;
        door
    }

    pub(crate) fn target(&self, table: &str) -> TableTarget {
        TableTarget {
            schema: self.database.schema().to_owned(),
            table: table.to_owned(),
            primary_key: "id".to_owned(),
            tenant_key: Some("tenant".to_owned()),
        }
    }

    /// The row of table `t` with this key, as seen by a tenant.
    pub(crate) async fn read(&self, columns: &[&str], key: Value, tenant: &str) -> Result<Columns, Error> {
        let query = RowQuery {
            source: "shop".to_owned(),
            target: self.target("t"),
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            key,
        };
        self.sources.read_one(&query, &context(tenant)).await.map(|row| row.into_columns())
    }

    /// One column of the row with id 1 of tenant `acme`.
    pub(crate) async fn value(&self, column: &str) -> Result<Value, Error> {
        let mut columns = self.read(&[column], Value::Integer(1), "acme").await?;
        Ok(columns.remove(column).expect("the column that was asked for"))
    }

    /// The keys of the rows of table `t` that have these values, as seen by a tenant.
    pub(crate) async fn find(
        &self,
        filters: Columns,
        rows_max: u32,
        tenant: &str,
    ) -> Result<Vec<Value>, Error> {
        let rows = self.find_columns(&["id"], filters, rows_max, tenant).await?;
        Ok(rows.into_iter().filter_map(|mut row| row.remove("id")).collect())
    }

    /// Columns of the rows of table `t` that have these values, as seen by a tenant.
    pub(crate) async fn find_columns(
        &self,
        columns: &[&str],
        filters: Columns,
        rows_max: u32,
        tenant: &str,
    ) -> Result<Vec<Columns>, Error> {
        let query = FindQuery {
            source: "shop".to_owned(),
            target: self.target("t"),
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            filters,
            rows_max,
        };
        let rows = self.sources.find(&query, &context(tenant)).await?;
        Ok(rows.into_iter().map(|row| row.into_columns()).collect())
    }
}

pub(crate) fn connect(database: &TestDatabase) -> Connect {
    match database.engine() {
        Engine::Sqlite => Connect::File(PathBuf::from(database.path())),
        Engine::Postgres | Engine::Mysql => Connect::Url(database.url().to_owned()),
    }
}

pub(crate) fn settings(engine: Engine, connect: Connect) -> SourceSettings {
    SourceSettings {
        name: "shop".to_owned(),
        engine,
        connect,
        statement_timeout_ms: 5000,
        connections_max: 4,
        acquire_timeout_ms: 5000,
    }
}

pub(crate) fn context(tenant: &str) -> TrustedContext {
    #[expect(clippy::disallowed_methods, reason = "a test stands in for invocation::context")]
    TrustedContext::establish(tenant.to_owned(), "ann".to_owned(), Provenance::StaticDev)
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(crate) fn decimal(text: &str) -> Value {
    Value::Decimal(text.to_owned())
}

pub(crate) fn columns<const N: usize>(columns: [(&str, Value); N]) -> Columns {
    columns.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
