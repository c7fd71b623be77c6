//! What candidates answered, newest first, a part at a time: a report reads them all.

use synapsor_protocol::CandidateRun;

use super::filter::Filter;
use super::select::{self, Param};
use super::table::CANDIDATE_RUNS;
use crate::documents;
use crate::error::Error;
use crate::ledger::Ledger;
use crate::statements::{Row, Statements};

/// Runs of one part.
const PART_ROWS: usize = 200;

const HEAD: &str = "SELECT v.document, e.payload, f.seq FROM found_by f JOIN events e ON e.seq = f.seq
    JOIN evidence v ON v.seq = f.seq";

impl Ledger {
    /// Hands every run of a candidate that a filter lets through to `look`, newest first. Runs of a kind of record that lacks
    /// a field the filter asks for are none.
    ///
    /// # Errors
    /// When the ledger cannot be read, or a run is not what was sealed.
    pub async fn each_candidate_run(
        &self,
        filter: &Filter,
        mut look: impl FnMut(CandidateRun),
    ) -> Result<(), Error> {
        let mut before = i64::MAX;
        loop {
            let filter = filter.clone();
            let part = self.book.search(move |conn| part(conn, &filter, before)).await?;
            let Some((last, _)) = part.last() else { return Ok(()) };
            before = *last;
            part.into_iter().for_each(|(_, run)| look(run));
        }
    }
}

fn part(conn: &dyn Statements, filter: &Filter, before: i64) -> Result<Vec<(i64, CandidateRun)>, Error> {
    let Some(mut select) = select::filtered(&CANDIDATE_RUNS, HEAD, filter) else { return Ok(Vec::new()) };
    select.and("f.seq <", Param::Integer(before), "");
    select.ordered("f.seq DESC", PART_ROWS).all(conn, run)
}

fn run(row: &dyn Row) -> Result<(i64, CandidateRun), Error> {
    Ok((row.integer(2)?, documents::sealed_by(row, |payload| payload.run_digest)?))
}
