//! Reads on PostgreSQL: one read-only transaction each, in two round trips.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use synapsor_protocol::Columns;
use tokio::time::timeout;

use super::Fault;
use super::server::{InUse, Sessions, gather, is_lost, is_spent};
use crate::catalog::Catalog;
use crate::dialect::postgres as dialect;
use crate::error::Unreachable;
use crate::plan::Plan;
use crate::settings::SourceSettings;
use crate::shape::TableShape;

pub(crate) struct PostgresPool {
    sessions: Arc<Sessions<PgConnection>>,
    /// Opens the transaction and pins its session, all in one round trip.
    begin: String,
}

/// What a transaction is opened for.
enum Work<'w> {
    Rows(&'w Plan),
    Shape { schema: &'w str, table: &'w str },
    Catalog { schema: Option<&'w str> },
}

enum Done {
    Rows(Vec<Columns>),
    Shape(Option<TableShape>),
    Catalog(Catalog),
}

impl PostgresPool {
    pub(super) fn new(url: &str, settings: &SourceSettings) -> Result<Self, Unreachable> {
        let options = dialect::connect_options(url)?;
        let open = Box::new(move || {
            let options = options.clone();
            Box::pin(async move {
                let mut connection = PgConnection::connect_with(&options).await?;
                notice_leaving(&mut connection).await;
                Ok(connection)
            }) as _
        });
        let sessions = Arc::new(Sessions::new(open, dialect::unreachable, settings));
        let limit_ms = settings.statement_timeout_ms.clamp(1, i32::MAX.unsigned_abs().into());
        let begin = format!(
            "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY; {}SET LOCAL statement_timeout = {limit_ms}; \
             SET LOCAL lock_timeout = {limit_ms}; SET LOCAL idle_in_transaction_session_timeout = {limit_ms}",
            dialect::SESSION
        );
        Ok(Self { sessions, begin })
    }

    pub(super) async fn fetch(&self, plan: &Plan) -> Result<Vec<Columns>, Fault> {
        match self.run(Work::Rows(plan)).await? {
            Done::Rows(rows) => Ok(rows),
            Done::Shape(_) | Done::Catalog(_) => Err(Fault::Refused),
        }
    }

    pub(super) async fn shape(&self, schema: &str, table: &str) -> Result<Option<TableShape>, Fault> {
        match self.run(Work::Shape { schema, table }).await? {
            Done::Shape(shape) => Ok(shape),
            Done::Rows(_) | Done::Catalog(_) => Err(Fault::Refused),
        }
    }

    pub(super) async fn catalog(&self, schema: Option<&str>) -> Result<Catalog, Fault> {
        match self.run(Work::Catalog { schema }).await? {
            Done::Catalog(catalog) => Ok(catalog),
            Done::Rows(_) | Done::Shape(_) => Err(Fault::Refused),
        }
    }

    /// A connection that was idle too long may be dead, and a read is harmless to repeat.
    async fn run(&self, work: Work<'_>) -> Result<Done, Fault> {
        match self.run_once(&work).await {
            Err(Fault::Lost) => {
                self.sessions.forget_resting();
                self.run_once(&work).await
            }
            done => done,
        }
    }

    /// Left before the work has ended, the connection is closed: the server notices that, see
    /// [`dialect::NOTICE_LEAVING`], and gives the statement up, where a connection that is kept would wait for it.
    async fn run_once(&self, work: &Work<'_>) -> Result<Done, Fault> {
        let mut in_use = self.sessions.acquire().await?;
        let transaction = self.transaction(&mut in_use.session, work);
        let ended = timeout(self.sessions.deadline, transaction).await.unwrap_or(Err(Fault::Timeout));
        if !ended.as_ref().is_err_and(is_spent) {
            tokio::spawn(rest(Arc::clone(&self.sessions), in_use));
        }
        ended
    }

    /// Dropped at its end, the transaction rolls back when the connection comes to [rest], after the answer.
    async fn transaction(&self, connection: &mut PgConnection, work: &Work<'_>) -> Result<Done, Fault> {
        let mut transaction =
            connection.begin_with(AssertSqlSafe(self.begin.as_str())).await.map_err(fault)?;
        match work {
            Work::Rows(plan) => {
                let rows = dialect::query(&plan.statement).fetch(&mut *transaction);
                let weigh = |row: &_| dialect::weight(row, plan.columns.len());
                let decode = |row: &_| dialect::columns(row, &plan.columns);
                Ok(Done::Rows(gather(rows, weigh, decode, fault).await?))
            }
            Work::Shape { schema, table } => {
                Ok(Done::Shape(dialect::shape(&mut transaction, schema, table).await.map_err(fault)?))
            }
            Work::Catalog { schema } => {
                Ok(Done::Catalog(dialect::catalog(&mut transaction, *schema).await.map_err(fault)?))
            }
        }
    }
}

/// Has the transaction rolled back, and keeps the connection if that went well.
async fn rest(sessions: Arc<Sessions<PgConnection>>, mut in_use: InUse<PgConnection>) {
    match timeout(sessions.deadline, in_use.session.ping()).await {
        Ok(Ok(())) => sessions.rest(in_use),
        Ok(Err(error)) => tracing::debug!(%error, "a connection to a source is not kept"),
        Err(_) => tracing::debug!("a connection to a source did not come to rest in time"),
    }
}

/// A server that cannot do it works on until its own limit is reached, which is no reason to do without it.
async fn notice_leaving(connection: &mut PgConnection) {
    if let Err(error) = connection.execute(dialect::NOTICE_LEAVING).await {
        tracing::debug!(%error, "a server does not notice clients that leave");
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn fault(error: sqlx::Error) -> Fault {
    let fault = match dialect::sqlstate(&error) {
        Some("57014" | "55P03" | "25P03") => Fault::Timeout,
        Some("42501") => Fault::Denied,
        // No such table, column, operator or schema; a type that is another by now; a plan made for the old table.
        Some("42P01" | "42703" | "42883" | "3F000" | "42804" | "42704" | "0A000" | "22P02") => Fault::Misfit,
        Some(code) if code.starts_with("57P") || code.starts_with("08") => Fault::Lost,
        Some(_) => Fault::Refused,
        None if is_lost(&error) => Fault::Lost,
        None => Fault::Refused,
    };
    tracing::debug!(%error, ?fault, "a read from a Postgres source failed");
    fault
}
