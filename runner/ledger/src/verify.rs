//! Walks the chain and every record bound to it, and names the first that does not fit.
//!
//! Invariant: one snapshot is walked, so that appending goes on meanwhile and does not confuse it.

use std::collections::HashMap;

use synapsor_protocol::{Digest, Event, EventKind, EvidenceId, ProposalId, Verdict};

use crate::account::Account;
use crate::chain;
use crate::documents::{self, Sealed};
use crate::error::Error;
use crate::jobs;
use crate::proposals;
use crate::report::{ChainReport, Misfit, MisfitKind};
use crate::statements::{Statements, cells};

/// Stops a walk: something does not fit, or the file cannot be read.
enum Stop {
    Misfit(Misfit),
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Walks the whole ledger.
pub(crate) fn verify(conn: &dyn Statements, ledger_id: &str) -> Result<ChainReport, Error> {
    let mut walk = Walk::new(conn, ledger_id);
    let walked = walk.events().and_then(|()| walk.leftovers());
    let misfit = match walked {
        Ok(()) => None,
        Err(Stop::Misfit(misfit)) => Some(misfit),
        Err(Stop::Failed(error)) => return Err(error),
    };
    let Walk { fitting, head, witnessed, .. } = walk;
    let records = witnessed.total();
    Ok(ChainReport { ledger_id: ledger_id.to_owned(), events: fitting.unsigned_abs(), records, head, misfit })
}

/// Documents the events so far vouch for.
#[derive(Default)]
struct Witnessed {
    evidence: u64,
    audits: u64,
    decisions: u64,
    receipts: u64,
    proposals: u64,
}

impl Witnessed {
    fn total(&self) -> u64 {
        self.evidence + self.audits + self.decisions + self.receipts + self.proposals
    }
}

struct Walk<'a> {
    conn: &'a dyn Statements,
    ledger_id: &'a str,
    /// The number and digest of the last event that fits.
    fitting: i64,
    head: Digest,
    accounts: HashMap<ProposalId, Account>,
    witnessed: Witnessed,
}

impl<'a> Walk<'a> {
    fn new(conn: &'a dyn Statements, ledger_id: &'a str) -> Self {
        Self {
            conn,
            ledger_id,
            fitting: 0,
            head: chain::genesis(),
            accounts: HashMap::new(),
            witnessed: Witnessed::default(),
        }
    }

    fn events(&mut self) -> Result<(), Stop> {
        chain::walk(self.conn, |seq, event| self.event(seq, event))?;
        if self.fitting == 0 {
            return Err(misfit(MisfitKind::BeginningReplaced, Some(1), None));
        }
        Ok(())
    }

    fn event(&mut self, seq: i64, event: Result<Event, Error>) -> Result<(), Stop> {
        let expected = self.fitting + 1;
        if seq != expected {
            return Err(misfit(MisfitKind::EventMissing, Some(expected), None));
        }
        let edited = || misfit(MisfitKind::EventEdited, Some(seq), None);
        let event = event.map_err(|_| edited())?;
        if !event.recompute_digest().is_ok_and(|digest| digest == event.digest) {
            return Err(edited());
        }
        if event.previous_digest != self.head {
            return Err(misfit(MisfitKind::EventOutOfPlace, Some(seq), None));
        }
        let founding =
            event.kind == EventKind::LedgerCreated && field(&event, "ledger_id") == Some(self.ledger_id);
        if (seq == 1) != founding {
            return Err(misfit(MisfitKind::BeginningReplaced, Some(seq), None));
        }
        self.documents(&event)?;
        self.account(&event)?;
        self.fitting = seq;
        self.head = event.digest;
        Ok(())
    }

    /// Every document the event vouches for is there and unchanged.
    fn documents(&mut self, event: &Event) -> Result<(), Stop> {
        let conn = self.conn;
        if let Some(id) = field(event, "evidence_id") {
            vouch(event, id, documents::evidence(conn, &EvidenceId::from_stored(id)), "evidence_digest")?;
            self.witnessed.evidence += 1;
        }
        if let Some(id) = field(event, "audit_id") {
            vouch(event, id, documents::audit(conn, id, event.proposal_id.as_ref()), "audit_digest")?;
            self.witnessed.audits += 1;
        }
        if let Some(id) = field(event, "receipt_id") {
            vouch(event, id, documents::receipt(conn, id), "receipt_digest")?;
            self.witnessed.receipts += 1;
        }
        if let (Some(verdict), Some(id)) = (verdict(event.kind), &event.proposal_id) {
            vouch(event, id.as_str(), documents::decision(conn, id, verdict), "decision_digest")?;
            self.witnessed.decisions += 1;
        }
        Ok(())
    }

    /// Follows the proposal along the table of legal moves, and its job from attempt to attempt.
    fn account(&mut self, event: &Event) -> Result<(), Stop> {
        let Some(id) = &event.proposal_id else { return Ok(()) };
        let illegal = || misfit(MisfitKind::MoveIllegal, Some(event.seq), Some(format!("proposal `{id}`")));
        if event.kind == EventKind::ProposalCreated {
            self.proposal(event, id)?;
            return match self.accounts.insert(id.clone(), Account::opened(event.at)) {
                None => Ok(()),
                Some(_) => Err(illegal()),
            };
        }
        self.accounts.get_mut(id).and_then(|account| account.follow(event)).ok_or_else(illegal)
    }

    fn proposal(&mut self, event: &Event, id: &ProposalId) -> Result<(), Stop> {
        let found = |kind| misfit(kind, Some(event.seq), Some(format!("proposal `{id}`")));
        match proposals::find(self.conn, id) {
            Ok(Some(stored)) if stored.intact => {
                self.witnessed.proposals += 1;
                Ok(())
            }
            Ok(Some(_)) | Err(Error::Unreadable { .. }) => Err(found(MisfitKind::RecordEdited)),
            Ok(None) => Err(found(MisfitKind::RecordMissing)),
            Err(error) => Err(error.into()),
        }
    }

    /// What stands in the tables and does not come from the chain.
    fn leftovers(&self) -> Result<(), Stop> {
        self.states()?;
        self.jobs()?;
        let tables = [
            ("evidence", "SELECT count(*) FROM evidence", self.witnessed.evidence),
            ("query audit", "SELECT count(*) FROM query_audit", self.witnessed.audits),
            ("decision", "SELECT count(*) FROM approvals", self.witnessed.decisions),
            ("receipt", "SELECT count(*) FROM receipts", self.witnessed.receipts),
        ];
        for (name, sql, witnessed) in tables {
            let stored = self.conn.one("count the records", sql, cells![], |row| row.integer(0))?;
            let stored = stored.unwrap_or_default().unsigned_abs();
            if stored != witnessed {
                let record = format!("{name}: `{witnessed}` in the chain, `{stored}` stored");
                return Err(misfit(MisfitKind::RecordUnwitnessed, None, Some(record)));
            }
        }
        Ok(())
    }

    /// Every proposal stands where its events lead.
    fn states(&self) -> Result<(), Stop> {
        let mut wrong = None;
        proposals::walk(self.conn, |id, state, updated_at| {
            let kind = match self.accounts.get(id) {
                None => MisfitKind::RecordUnwitnessed,
                Some(account) if account.state.as_str() != state => MisfitKind::StateEdited,
                Some(account) if account.moved_at.micros() != updated_at => MisfitKind::StateEdited,
                Some(_) => return,
            };
            wrong.get_or_insert_with(|| misfit(kind, None, Some(format!("proposal `{id}`"))));
        })?;
        wrong.map_or(Ok(()), Err)
    }

    /// Every job is the one its events lead to, and none is missing.
    fn jobs(&self) -> Result<(), Stop> {
        let mut stored = HashMap::new();
        let mut unreadable = 0_usize;
        jobs::walk(self.conn, |job| match job {
            Some(job) => drop(stored.insert(job.proposal_id.clone(), job)),
            None => unreadable += 1,
        })?;
        for (id, account) in &self.accounts {
            let kind = match (stored.remove(id), &account.job) {
                (None, None) => continue,
                (Some(found), Some(expected)) if found == *expected => continue,
                (None, Some(_)) if unreadable == 0 => MisfitKind::RecordMissing,
                _ => MisfitKind::RecordEdited,
            };
            return Err(misfit(kind, None, Some(format!("writeback job of proposal `{id}`"))));
        }
        if stored.is_empty() && unreadable == 0 {
            return Ok(());
        }
        Err(misfit(MisfitKind::RecordUnwitnessed, None, Some("writeback job".into())))
    }
}

/// The document is there, and its digest is the one the event carries.
fn vouch<T: Sealed>(
    event: &Event,
    id: &str,
    found: Result<Option<T>, Error>,
    digest_field: &str,
) -> Result<(), Stop> {
    let wrong = |kind| Err(misfit(kind, Some(event.seq), Some(format!("{} `{id}`", T::NAME))));
    match found {
        Ok(None) => wrong(MisfitKind::RecordMissing),
        Ok(Some(document)) if field(event, digest_field) == Some(document.seal()?.as_str()) => Ok(()),
        Ok(Some(_)) | Err(Error::Unreadable { .. }) => wrong(MisfitKind::RecordEdited),
        Err(error) => Err(error.into()),
    }
}

fn field<'e>(event: &'e Event, name: &str) -> Option<&'e str> {
    event.payload.get(name)?.as_str()
}

fn misfit(kind: MisfitKind, seq: Option<i64>, record: Option<String>) -> Stop {
    Stop::Misfit(Misfit { kind, seq, record })
}

/// The verdict an event records.
fn verdict(kind: EventKind) -> Option<Verdict> {
    match kind {
        EventKind::ProposalApproved => Some(Verdict::Approved),
        EventKind::ProposalRejected => Some(Verdict::Rejected),
        _ => None,
    }
}
