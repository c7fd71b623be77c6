//! The host's end of a handler's reads: counts them against the limits, has them answered, and keeps the record.
//!
//! Invariant: every answered read is in the record, in order. A read the source did not answer ends the call as a failure,
//! because a proposal made without the row could not be told from one made with it.

use std::sync::Arc;

use synapsor_protocol::{Code, Columns, RecordedRead, Value};
use tokio::sync::oneshot;

use crate::limits::Limits;
use crate::messages::{Ask, Asks, DeclaredReads, ReadError, Reply};
use crate::stop::Stop;

/// One call's reads.
pub(crate) struct ReadDesk {
    source: Arc<dyn DeclaredReads>,
    limits: Limits,
    asked: u32,
    rows: u32,
    bytes: u64,
    record: Vec<RecordedRead>,
    unavailable: bool,
}

/// An answer and whoever waits for it.
pub(crate) enum Answered {
    Get(oneshot::Sender<Reply<Option<Columns>>>, Reply<Option<Columns>>),
    Find(oneshot::Sender<Reply<Vec<Columns>>>, Reply<Vec<Columns>>),
}

impl Answered {
    /// Lets the guest go on.
    pub(crate) fn give(self) {
        // A reply nobody waits for belongs to a call that has just ended.
        match self {
            Self::Get(reply, row) => drop(reply.send(row)),
            Self::Find(reply, rows) => drop(reply.send(rows)),
        }
    }
}

/// What became of a call's reads.
pub(crate) struct ReadsMade {
    /// Reads asked for, answered or not.
    pub(crate) asked: u32,
    /// Rows returned.
    pub(crate) rows: u32,
    /// The answered reads, in order.
    pub(crate) record: Vec<RecordedRead>,
    /// Whether the source failed to answer one.
    pub(crate) unavailable: bool,
}

impl ReadDesk {
    pub(crate) fn new(source: Arc<dyn DeclaredReads>, limits: Limits) -> Self {
        Self { source, limits, asked: 0, rows: 0, bytes: 0, record: Vec::new(), unavailable: false }
    }

    /// The answer to one ask, to be given.
    pub(crate) async fn answer(&mut self, ask: Ask) -> Answered {
        match ask {
            Ask::Get { read, key, reply } => Answered::Get(reply, self.get(read, key).await),
            Ask::Find { read, filters, reply } => Answered::Find(reply, self.find(read, filters).await),
        }
    }

    pub(crate) fn finish(self) -> ReadsMade {
        let Self { asked, rows, record, unavailable, .. } = self;
        ReadsMade { asked, rows, record, unavailable }
    }

    /// The row of a read by its key.
    pub(crate) async fn get(&mut self, read: String, key: Value) -> Reply<Option<Columns>> {
        if let Err(refused) = self.admit()? {
            return Ok(Err(refused));
        }
        let answer = self.source.get(&read, &key).await;
        Ok(self.account(answer, Option::as_slice).inspect(|row| {
            self.record.push(RecordedRead::Get { read, key, row: row.clone() });
        }))
    }

    /// The rows of a read by its filters.
    pub(crate) async fn find(&mut self, read: String, filters: Columns) -> Reply<Vec<Columns>> {
        if let Err(refused) = self.admit()? {
            return Ok(Err(refused));
        }
        let answer = self.source.find(&read, &filters).await;
        Ok(self.account(answer, Vec::as_slice).inspect(|rows| {
            self.record.push(RecordedRead::Find { read, filters, rows: rows.clone() });
        }))
    }

    /// One read over the limit is told so; one that asks on is stopped.
    fn admit(&mut self) -> Reply<()> {
        self.asked = self.asked.saturating_add(1);
        match self.asked.saturating_sub(self.limits.reads_max) {
            0 => Ok(Ok(())),
            1 => Ok(Err(ReadError::LimitReached)),
            _ => Err(Stop::new(
                Code::GuestReadsExceeded,
                format!("the handler went on asking after its {} reads", self.limits.reads_max),
            )),
        }
    }

    /// Counts an answer's rows and bytes; over a limit the answer is withheld whole.
    fn account<T>(
        &mut self,
        answer: Result<T, ReadError>,
        rows_of: impl Fn(&T) -> &[Columns],
    ) -> Result<T, ReadError> {
        let answer = answer.inspect_err(|error| self.unavailable |= *error == ReadError::Unavailable)?;
        let rows = rows_of(&answer);
        let rows_after = self.rows.saturating_add(rows.len().try_into().unwrap_or(u32::MAX));
        let bytes = rows.iter().map(size_bytes).fold(0, u64::saturating_add);
        let bytes_after = self.bytes.saturating_add(bytes);
        let limits = &self.limits;
        if rows_after > limits.rows_max || bytes > limits.read_bytes || bytes_after > limits.reads_bytes {
            return Err(ReadError::LimitReached);
        }
        (self.rows, self.bytes) = (rows_after, bytes_after);
        Ok(answer)
    }
}

/// Sends a read to its desk and waits for what comes back.
pub(crate) async fn ask<T>(
    asks: &Asks,
    ask: impl FnOnce(oneshot::Sender<Reply<T>>) -> Ask,
) -> Result<Result<T, ReadError>, Stop> {
    let gone = || Stop::new(Code::Internal, "internal error: nobody answers the handler's reads");
    let (reply, answer) = oneshot::channel();
    asks.send(ask(reply)).await.map_err(|_gone| gone())?;
    answer.await.map_err(|_gone| gone())?
}

/// Bytes of names and values.
pub(crate) fn size_bytes(columns: &Columns) -> u64 {
    columns
        .iter()
        .map(|(name, value)| u64::try_from(name.len().saturating_add(value.size_bytes())).unwrap_or(u64::MAX))
        .fold(0, u64::saturating_add)
}
