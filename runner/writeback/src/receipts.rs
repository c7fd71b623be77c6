//! The source's own receipts: one small table beside the data, written in the transaction that changes the row.
//!
//! Invariant: rows are inserted and read, never updated or deleted; the write credential needs no more than that.
//! Invariant: the table is looked for, and made if need be, before the transaction begins. DDL inside it would commit it
//! on MySQL. Where the table exists no right to create anything is needed.
//! Invariant: the key is 64 hex digits compared byte by byte, whatever the database's default collation.

use synapsor_protocol::{Engine, WritebackJob};

use crate::guard::Decision;

/// The table's name, unqualified: it lives in the default schema of the write credential.
pub const RECEIPTS_TABLE: &str = "synapsor_writeback_receipts";

/// Its columns besides `created_at`, in the order statements use them.
pub(crate) const COLUMNS: [&str; 5] =
    ["idempotency_key", "job_id", "proposal_id", "proposal_digest", "decision"];

/// The characters each may take, as the statements for MySQL give them.
pub(crate) const CHARACTERS: [i64; 5] = [64, 64, 64, 80, 16];

/// A row whose change was committed.
const APPLIED: &str = "applied";
/// A row that was no longer the reviewed one.
const CONFLICT: &str = "conflict";

/// The statement that makes the table, for an administrator who would rather run it by hand.
pub fn receipts_table_ddl(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres => {
            r#"CREATE TABLE IF NOT EXISTS synapsor_writeback_receipts (
  idempotency_key text COLLATE "C" NOT NULL PRIMARY KEY,
  job_id text NOT NULL,
  proposal_id text NOT NULL,
  proposal_digest text NOT NULL,
  decision text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
)"#
        }
        Engine::Mysql => {
            "CREATE TABLE IF NOT EXISTS synapsor_writeback_receipts (
  idempotency_key varchar(64) NOT NULL PRIMARY KEY,
  job_id varchar(64) NOT NULL,
  proposal_id varchar(64) NOT NULL,
  proposal_digest varchar(80) NOT NULL,
  decision varchar(16) NOT NULL,
  created_at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
) ENGINE=InnoDB CHARACTER SET ascii COLLATE ascii_bin"
        }
        Engine::Sqlite => {
            "CREATE TABLE IF NOT EXISTS synapsor_writeback_receipts (
  idempotency_key TEXT NOT NULL PRIMARY KEY COLLATE BINARY,
  job_id TEXT NOT NULL,
  proposal_id TEXT NOT NULL,
  proposal_digest TEXT NOT NULL,
  decision TEXT NOT NULL,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT"
        }
    }
}

/// The table where it was found, quoted and qualified: safe to put into SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReceiptsTable {
    qualified: String,
}

impl ReceiptsTable {
    /// From an already quoted and qualified name.
    pub(crate) fn at(qualified: String) -> Self {
        Self { qualified }
    }

    /// Inserts [`values`]. A key that is there already inserts nothing on Postgres and SQLite, and is an error on MySQL,
    /// where the words that would avoid it (`IGNORE`) also hide other errors.
    pub(crate) fn insert(&self, engine: Engine) -> String {
        let Self { qualified } = self;
        let columns = COLUMNS.join(", ");
        match engine {
            Engine::Postgres => format!(
                "INSERT INTO {qualified} ({columns}) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (idempotency_key) DO NOTHING"
            ),
            Engine::Sqlite => format!(
                "INSERT INTO {qualified} ({columns}) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (idempotency_key) DO NOTHING"
            ),
            Engine::Mysql => format!("INSERT INTO {qualified} ({columns}) VALUES (?, ?, ?, ?, ?)"),
        }
    }

    /// Reads proposal id, digest and decision of one key.
    pub(crate) fn select(&self, engine: Engine) -> String {
        let parameter = match engine {
            Engine::Postgres => "$1",
            Engine::Mysql => "?",
            Engine::Sqlite => "?1",
        };
        format!(
            "SELECT proposal_id, proposal_digest, decision FROM {} WHERE idempotency_key = {parameter}",
            self.qualified
        )
    }
}

/// A receipt that is never committed, for the doctor; no digest of content is its key.
pub(crate) const OF_NO_PROPOSAL: [&str; 5] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "doctor",
    "doctor",
    "doctor",
    CONFLICT,
];

/// The values of one receipt, in the order of [`COLUMNS`].
pub(crate) fn values<'a>(job: &'a WritebackJob, decision: &Decision) -> [&'a str; 5] {
    let decision = match decision {
        Decision::Apply => APPLIED,
        Decision::Conflict { .. } => CONFLICT,
    };
    [
        &job.idempotency_key,
        job.job_id.as_str(),
        job.proposal_id.as_str(),
        job.proposal_digest.as_str(),
        decision,
    ]
}

/// A receipt as the source holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceReceipt {
    /// The proposal it names.
    pub(crate) proposal_id: String,
    /// The content it names.
    pub(crate) proposal_digest: String,
    /// What was decided.
    pub(crate) decision: String,
}

/// What a receipt found under a job's key means for the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Settlement {
    /// The change was committed.
    Applied,
    /// A guard did not hold, and that was committed.
    Conflict,
    /// It is about other content; the key contains the content, so somebody wrote it who is not a runner.
    Foreign,
}

/// From the columns of [`ReceiptsTable::select`].
impl From<(String, String, String)> for SourceReceipt {
    fn from((proposal_id, proposal_digest, decision): (String, String, String)) -> Self {
        Self { proposal_id, proposal_digest, decision }
    }
}

impl SourceReceipt {
    /// What it means for this job.
    pub(crate) fn settles(&self, job: &WritebackJob) -> Settlement {
        let ours = self.proposal_digest == job.proposal_digest.as_str()
            && self.proposal_id == job.proposal_id.as_str();
        match self.decision.as_str() {
            APPLIED if ours => Settlement::Applied,
            CONFLICT if ours => Settlement::Conflict,
            _ => Settlement::Foreign,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::tests::job;

    #[test]
    fn a_receipt_settles_only_the_content_it_names() {
        let job = job();
        let [_, _, proposal_id, proposal_digest, decision] =
            values(&job, &Decision::Apply).map(str::to_owned);
        let receipt = SourceReceipt { proposal_id, proposal_digest, decision };
        let with = |change: fn(&mut SourceReceipt)| {
            let mut receipt = receipt.clone();
            change(&mut receipt);
            receipt.settles(&job)
        };
        assert_eq!(with(|_| {}), Settlement::Applied);
        assert_eq!(with(|receipt| receipt.decision = "conflict".into()), Settlement::Conflict);
        assert_eq!(with(|receipt| receipt.decision = "in_progress".into()), Settlement::Foreign);
        assert_eq!(with(|receipt| receipt.proposal_digest.push('0')), Settlement::Foreign);
        assert_eq!(with(|receipt| receipt.proposal_id.push('0')), Settlement::Foreign);
    }

    #[test]
    fn every_statement_names_every_column() {
        for engine in [Engine::Postgres, Engine::Mysql, Engine::Sqlite] {
            for column in COLUMNS {
                assert!(receipts_table_ddl(engine).contains(&format!("  {column} ")), "{engine} {column}");
            }
            if engine == Engine::Mysql {
                for (column, room) in COLUMNS.iter().zip(CHARACTERS) {
                    assert!(receipts_table_ddl(engine).contains(&format!("  {column} varchar({room}) ")));
                }
            }
            let insert = ReceiptsTable::at("t".into()).insert(engine);
            assert!(!insert.contains("IGNORE") && insert.contains(&COLUMNS.join(", ")));
        }
    }
}
