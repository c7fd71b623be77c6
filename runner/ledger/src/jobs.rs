//! The stored half of a writeback job: what changes from attempt to attempt. The other half is the proposal's change set.

use synapsor_protocol::{JobId, ProposalId};

use crate::error::Error;
use crate::statements::{Row, Statements, cells};
use crate::writer::Write;

/// Every column of a job, in the order [`stored`] reads them.
pub(crate) const COLUMNS: [&str; 6] =
    ["proposal_id", "job_id", "idempotency_key", "attempt", "runner_id", "status"];

/// What is known of the latest attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// It started, and its outcome is not recorded: the source may have changed.
    Open,
    /// It came to nothing for a passing reason; the source did not change.
    Interrupted,
    /// It ended with a receipt.
    Finished,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Interrupted => "interrupted",
            Self::Finished => "finished",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Open, Self::Interrupted, Self::Finished].into_iter().find(|status| status.as_str() == name)
    }
}

/// A job as of its latest attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredJob {
    pub(crate) proposal_id: ProposalId,
    /// Minted for the first attempt and kept.
    pub(crate) job_id: JobId,
    /// The same for every attempt.
    pub(crate) idempotency_key: String,
    /// 1 for the first.
    pub(crate) attempt: u32,
    /// Who made the latest attempt.
    pub(crate) runner_id: String,
    pub(crate) status: Status,
}

/// The job of a proposal, where an apply ever started.
pub(crate) fn find(conn: &dyn Statements, id: &ProposalId) -> Result<Option<StoredJob>, Error> {
    one(conn, "proposal_id", id.as_str())
}

/// The job of that id.
pub(crate) fn find_by_id(conn: &dyn Statements, id: &JobId) -> Result<Option<StoredJob>, Error> {
    one(conn, "job_id", id.as_str())
}

fn one(conn: &dyn Statements, column: &'static str, value: &str) -> Result<Option<StoredJob>, Error> {
    let sql = format!("SELECT {} FROM writeback_jobs WHERE {column} = ?1", COLUMNS.join(", "));
    let found = conn.one("read the writeback job", &sql, cells![value], |row| stored(row, 0))?;
    found.map(readable).transpose()
}

/// Stores a job, over its earlier attempt where there was one.
pub(crate) fn save(write: &Write<'_>, job: &StoredJob) -> Result<(), Error> {
    let sql = "INSERT INTO writeback_jobs (proposal_id, job_id, idempotency_key, attempt, runner_id, status)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (job_id) DO UPDATE
               SET attempt = excluded.attempt, runner_id = excluded.runner_id, status = excluded.status";
    let cells = cells![
        job.proposal_id.as_str(),
        job.job_id.as_str(),
        &job.idempotency_key,
        job.attempt,
        &job.runner_id,
        job.status.as_str(),
    ];
    write.conn.execute("record the intent to apply", sql, cells)?;
    Ok(())
}

/// The proposals whose latest attempt has no known outcome, oldest first.
pub(crate) fn unsettled(conn: &dyn Statements) -> Result<Vec<ProposalId>, Error> {
    let sql = "SELECT p.proposal_id FROM proposals p LEFT JOIN writeback_jobs j USING (proposal_id)
               WHERE p.state = 'reconciliation_required'
                  OR (j.status = 'open' AND p.state IN ('approved', 'pending_worker'))
               ORDER BY p.created_at, p.rowid";
    conn.all("look for unsettled applies", sql, cells![], |row| Ok(ProposalId::from_stored(row.text(0)?)))
}

fn readable(found: Option<StoredJob>) -> Result<StoredJob, Error> {
    found.ok_or_else(|| Error::Unreadable { record: "a writeback job".into() })
}

/// The job in a row of [`COLUMNS`], of which the first has that number; none where a column holds what no job can.
pub(crate) fn stored(row: &dyn Row, first: usize) -> Result<Option<StoredJob>, Error> {
    let attempt = u32::try_from(row.integer(first + 3)?);
    let (Some(status), Ok(attempt)) = (Status::parse(row.text(first + 5)?), attempt) else {
        return Ok(None);
    };
    Ok(Some(StoredJob {
        proposal_id: ProposalId::from_stored(row.text(first)?),
        job_id: JobId::from_stored(row.text(first + 1)?),
        idempotency_key: row.text(first + 2)?.to_owned(),
        attempt,
        runner_id: row.text(first + 4)?.to_owned(),
        status,
    }))
}
