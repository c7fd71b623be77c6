//! The guarded statements: the only home of UPDATE text in the whole runner. Pure.
//!
//! Invariant: text is literal, names are quoted, values are bound with the type their column declares; the dialect's
//! [`Statement`] offers no other way.
//! Invariant: every statement names the key and, where the target has one, the tenant, byte for byte.

use synapsor_protocol::{Advance, Engine, Guard, Value, WritebackJob};
use synapsor_source::dialect::Statement;
use synapsor_source::{ColumnKind, ColumnShape, TableShape};

use crate::error::Obstacle;
use crate::guard;

/// The target as it was found, and every statement one job needs on it, built before the transaction begins.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    /// The columns the reads return, in that order.
    pub(crate) columns: Vec<ColumnShape>,
    /// Reads the row and locks it.
    pub(crate) lock_row: Statement,
    /// Reads the row.
    pub(crate) read_row: Statement,
    /// Changes the row.
    pub(crate) update_row: Statement,
}

impl Ground {
    /// Builds the statements. `partitioned` matters to Postgres alone.
    ///
    /// # Errors
    /// When a column the job names is gone, or has another type than the values it should hold.
    pub(crate) fn new(shape: &TableShape, partitioned: bool, job: &WritebackJob) -> Result<Self, Obstacle> {
        let builder = Builder { shape, partitioned, job };
        let names = guard::columns_to_lock(job);
        let columns: Vec<ColumnShape> =
            names.into_iter().map(|name| builder.column(name).cloned()).collect::<Result<_, _>>()?;
        if let Some(column) = columns.iter().find(|column| column.kind == ColumnKind::Unsupported) {
            return Err(Obstacle::UnsupportedColumn { column: column.name.clone() });
        }
        Ok(Self {
            lock_row: builder.read_row(&columns, builder.lock())?,
            read_row: builder.read_row(&columns, "")?,
            update_row: builder.update_row()?,
            columns,
        })
    }
}

/// An update of these columns that is only ever prepared: SQLite then says what it would set in motion, and MySQL whether
/// the credential may.
pub(crate) fn never_run(engine: Engine, schema: &str, table: &str, columns: &[String]) -> Statement {
    let mut statement = Statement::new(engine, "UPDATE ");
    statement.table(schema, table);
    let mut separator = " SET ";
    for column in columns {
        statement.text(separator).name(column).text(" = NULL");
        separator = ", ";
    }
    statement
}

struct Builder<'a> {
    shape: &'a TableShape,
    partitioned: bool,
    job: &'a WritebackJob,
}

impl Builder<'_> {
    fn column(&self, name: &str) -> Result<&ColumnShape, Obstacle> {
        let missing = || Obstacle::Missing { what: format!("column `{name}`") };
        self.shape.columns.get(name).ok_or_else(missing)
    }

    /// SQLite has no row locks: there `BEGIN IMMEDIATE` has locked the whole file.
    fn lock(&self) -> &'static str {
        match self.shape.engine {
            Engine::Postgres | Engine::Mysql => " FOR UPDATE",
            Engine::Sqlite => "",
        }
    }

    /// The row by key and tenant. The version is not in this predicate: a row that moved on is a conflict to be named,
    /// not a row that is absent.
    fn read_row(&self, columns: &[ColumnShape], lock: &'static str) -> Result<Statement, Obstacle> {
        let mut statement = Statement::new(self.shape.engine, "SELECT ");
        statement.read_all(columns).text(" FROM ").text(self.only());
        statement.table(&self.shape.schema, &self.shape.table).text(" WHERE ");
        self.push_scope(&mut statement)?;
        statement.text(lock);
        Ok(statement)
    }

    /// The one guarded statement: the patch and the next version; key, tenant and version in its WHERE.
    fn update_row(&self) -> Result<Statement, Obstacle> {
        let mut statement = Statement::new(self.shape.engine, "UPDATE ");
        statement.text(self.only()).table(&self.shape.schema, &self.shape.table);
        let mut separator = " SET ";
        for (name, value) in &self.job.patch {
            let column = self.column(name)?;
            statement.text(separator).name(name).text(" = ");
            statement.value(column, value).map_err(|mismatch| unfit(&mismatch))?;
            separator = ", ";
        }
        self.push_next_version(&mut statement, separator)?;
        statement.text(" WHERE ");
        self.push_scope(&mut statement)?;
        if let Guard::Version { column, expected, .. } = &self.job.guard {
            statement.text(" AND ");
            self.push_equals(&mut statement, column, expected)?;
        }
        Ok(statement)
    }

    /// Postgres looks into inheriting tables unless told `ONLY`; of a partitioned table `ONLY` would be no rows at all.
    fn only(&self) -> &'static str {
        if self.shape.engine == Engine::Postgres && !self.partitioned { "ONLY " } else { "" }
    }

    /// Key and tenant.
    fn push_scope(&self, statement: &mut Statement) -> Result<(), Obstacle> {
        let target = &self.job.target;
        self.push_equals(statement, &target.key_column, &target.key)?;
        if let Some(tenant) = &target.tenant_column {
            let reviewed = self.job.before.get(tenant);
            let reviewed = reviewed.cloned().unwrap_or_else(|| Value::Text(self.job.tenant.clone()));
            statement.text(" AND ");
            self.push_equals(statement, tenant, &reviewed)?;
        }
        Ok(())
    }

    fn push_equals(&self, statement: &mut Statement, name: &str, value: &Value) -> Result<(), Obstacle> {
        statement.equals(self.column(name)?, value).map_err(|mismatch| unfit(&mismatch))?;
        Ok(())
    }

    /// Moves the version, where the apply is who moves it.
    fn push_next_version(&self, statement: &mut Statement, separator: &'static str) -> Result<(), Obstacle> {
        let Guard::Version { column, advance, .. } = &self.job.guard else { return Ok(()) };
        let shape = self.column(column)?;
        match advance {
            Advance::None => return Ok(()),
            Advance::Increment => {
                require_number(shape)?;
                statement.text(separator).name(column).text(" = ").name(column).text(" + 1");
            }
            Advance::Now => {
                statement.text(separator).name(column).text(" = ");
                push_source_clock(statement, self.shape.engine, shape)?;
            }
        }
        Ok(())
    }
}

fn require_number(column: &ColumnShape) -> Result<(), Obstacle> {
    match column.kind {
        ColumnKind::Integer { .. } | ColumnKind::Decimal { .. } | ColumnKind::Dynamic { .. } => Ok(()),
        _ => Err(not_advanceable(column, "increment", "it is not a number")),
    }
}

/// The source's own clock, and never the same instant twice: where the clock stood still or went back, the smallest step
/// the column can hold.
fn push_source_clock(
    statement: &mut Statement,
    engine: Engine,
    column: &ColumnShape,
) -> Result<(), Obstacle> {
    let name = &column.name;
    match (engine, &column.kind) {
        (Engine::Postgres, ColumnKind::Timestamp { with_offset, digits }) => {
            // The session's time zone is UTC, which is what a column without offset is taken to hold.
            let zone = if *with_offset { "" } else { " AT TIME ZONE 'UTC'" };
            statement.text("GREATEST(pg_catalog.clock_timestamp()").text(zone).text(", ").name(name);
            statement.text(" + interval '").text(step_micros(*digits)).text(" microseconds')");
        }
        (Engine::Mysql, ColumnKind::Timestamp { digits, .. }) => {
            statement.text("GREATEST(NOW(").count((*digits).min(6)).text("), ").name(name);
            statement.text(" + INTERVAL ").text(step_micros(*digits)).text(" MICROSECOND)");
        }
        // SQLite keeps instants as text; this is the form its own functions print with milliseconds, and it sorts.
        (Engine::Sqlite, _) => {
            statement.text("max(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), ");
            statement.text("coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', ").name(name);
            statement.text(", '+0.001 seconds'), ''))");
        }
        _ => return Err(not_advanceable(column, "now", "it is not a timestamp")),
    }
    Ok(())
}

/// The smallest step of a column with that many fractional digits, in microseconds.
fn step_micros(digits: u32) -> &'static str {
    match digits {
        0 => "1000000",
        1 => "100000",
        2 => "10000",
        3 => "1000",
        4 => "100",
        5 => "10",
        _ => "1",
    }
}

fn not_advanceable(column: &ColumnShape, advance: &'static str, why: &'static str) -> Obstacle {
    Obstacle::NotAdvanceable { column: column.name.clone(), advance, why }
}

fn unfit(mismatch: &synapsor_source::ColumnMismatch) -> Obstacle {
    Obstacle::Unfit { what: mismatch.to_string() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use expect_test::{Expect, expect};
    use synapsor_source::{Repertoire, TableKind};

    use super::*;
    use crate::guard::tests::job;

    fn shape(engine: Engine, version: ColumnKind) -> TableShape {
        let column = |name: &str, type_name: &str, kind: ColumnKind| ColumnShape {
            name: name.into(),
            type_name: type_name.into(),
            kind,
            nullable: true,
            generated: false,
        };
        let text = || ColumnKind::Text { length_max: None, repertoire: Repertoire::Unicode };
        let integer = || ColumnKind::Integer { min: i64::MIN.into(), max: i64::MAX.into() };
        let columns = [
            column("id", "text", text()),
            column("tenant_id", "text", text()),
            column("fee_cents", "bigint", integer()),
            column("version", "bigint", version),
        ];
        TableShape {
            engine,
            schema: "shop".into(),
            table: "invoices".into(),
            kind: TableKind::Table,
            columns: columns
                .into_iter()
                .map(|column| (column.name.clone(), column))
                .collect::<BTreeMap<_, _>>(),
        }
    }

    fn integer() -> ColumnKind {
        ColumnKind::Integer { min: i64::MIN.into(), max: i64::MAX.into() }
    }

    fn check(engine: Engine, version: ColumnKind, advance: Advance, expected: &Expect) {
        let mut job = job();
        job.target.engine = engine;
        if let Guard::Version { advance: how, .. } = &mut job.guard {
            *how = advance;
        }
        let built = Ground::new(&shape(engine, version), false, &job);
        expected.assert_eq(&match built {
            Ok(ground) => format!("{}\n{}", ground.lock_row.sql(), ground.update_row.sql()),
            Err(obstacle) => obstacle.to_string(),
        });
    }

    #[test]
    fn every_statement_names_key_and_tenant_and_the_update_the_version_too() {
        check(
            Engine::Postgres,
            integer(),
            Advance::Increment,
            &expect![[r#"
            SELECT "fee_cents"::pg_catalog.text, "id"::pg_catalog.text, "tenant_id"::pg_catalog.text, "version"::pg_catalog.text FROM ONLY "shop"."invoices" WHERE "id" = CAST($1::pg_catalog.text AS text) AND "id"::pg_catalog.text COLLATE pg_catalog."C" = $2::pg_catalog.text AND "tenant_id" = CAST($3::pg_catalog.text AS text) AND "tenant_id"::pg_catalog.text COLLATE pg_catalog."C" = $4::pg_catalog.text FOR UPDATE
            UPDATE ONLY "shop"."invoices" SET "fee_cents" = CAST($1::pg_catalog.text AS bigint), "version" = "version" + 1 WHERE "id" = CAST($2::pg_catalog.text AS text) AND "id"::pg_catalog.text COLLATE pg_catalog."C" = $3::pg_catalog.text AND "tenant_id" = CAST($4::pg_catalog.text AS text) AND "tenant_id"::pg_catalog.text COLLATE pg_catalog."C" = $5::pg_catalog.text AND "version" = CAST($6::pg_catalog.text AS bigint)"#]],
        );
        check(
            Engine::Mysql,
            integer(),
            Advance::Increment,
            &expect![[r#"
            SELECT CAST(`fee_cents` AS CHAR CHARACTER SET utf8mb4), CAST(`id` AS CHAR CHARACTER SET utf8mb4), CAST(`tenant_id` AS CHAR CHARACTER SET utf8mb4), CAST(`version` AS CHAR CHARACTER SET utf8mb4) FROM `shop`.`invoices` WHERE `id` = ? AND CAST(CONVERT(`id` USING utf8mb4) AS BINARY) = CAST(? AS BINARY) AND `tenant_id` = ? AND CAST(CONVERT(`tenant_id` USING utf8mb4) AS BINARY) = CAST(? AS BINARY) FOR UPDATE
            UPDATE `shop`.`invoices` SET `fee_cents` = ?, `version` = `version` + 1 WHERE `id` = ? AND CAST(CONVERT(`id` USING utf8mb4) AS BINARY) = CAST(? AS BINARY) AND `tenant_id` = ? AND CAST(CONVERT(`tenant_id` USING utf8mb4) AS BINARY) = CAST(? AS BINARY) AND `version` = ?"#]],
        );
        check(
            Engine::Sqlite,
            integer(),
            Advance::None,
            &expect![[r#"
            SELECT "fee_cents", "id", "tenant_id", "version" FROM "shop"."invoices" WHERE "id" = ?1 AND "id" = ?2 COLLATE BINARY AND "tenant_id" = ?3 AND "tenant_id" = ?4 COLLATE BINARY
            UPDATE "shop"."invoices" SET "fee_cents" = ?1 WHERE "id" = ?2 AND "id" = ?3 COLLATE BINARY AND "tenant_id" = ?4 AND "tenant_id" = ?5 COLLATE BINARY AND "version" = ?6"#]],
        );
    }

    #[test]
    fn a_clock_column_is_advanced_by_the_source_and_never_stands_still() {
        let mut job = job();
        let timestamp = |digits| ColumnKind::Timestamp { with_offset: false, digits };
        for (engine, kind, expected) in [
            (Engine::Postgres, timestamp(6), "interval '1 microseconds'"),
            (Engine::Postgres, timestamp(3), "interval '1000 microseconds'"),
            (Engine::Mysql, timestamp(0), "NOW(0), `version` + INTERVAL 1000000 MICROSECOND"),
            (Engine::Sqlite, ColumnKind::Dynamic { strict: false }, "'+0.001 seconds'"),
        ] {
            job.target.engine = engine;
            let expected_version = Value::Timestamp("2026-01-01T00:00:00.000000".into());
            job.guard = Guard::Version {
                column: "version".into(),
                expected: expected_version,
                advance: Advance::Now,
            };
            let ground = Ground::new(&shape(engine, kind), false, &job).expect("a clock column");
            assert!(ground.update_row.sql().contains(expected), "{}", ground.update_row.sql());
        }
    }

    #[test]
    fn a_column_of_the_wrong_type_is_not_advanced() {
        check(
            Engine::Postgres,
            ColumnKind::Text { length_max: None, repertoire: Repertoire::Unicode },
            Advance::Increment,
            &expect!["column `version` cannot be advanced by `increment`: it is not a number"],
        );
        check(
            Engine::Mysql,
            integer(),
            Advance::Now,
            &expect!["column `version` cannot be advanced by `now`: it is not a timestamp"],
        );
    }

    #[test]
    fn a_column_that_is_gone_stops_the_job_before_it_begins() {
        let mut shape = shape(Engine::Sqlite, integer());
        shape.columns.remove("fee_cents");
        assert!(matches!(Ground::new(&shape, false, &job()), Err(Obstacle::Missing { .. })));
    }
}
