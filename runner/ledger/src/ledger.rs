//! The whole book: what the command line, the review pages and the writeback hold.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use synapsor_protocol::fleet::{Assignment, JobResult, Renewal};
use synapsor_protocol::{
    Checkpoint, Code, Decision, EvidenceBundle, EvidenceId, Handover, JobId, Lease, ProposalId, Receipt,
    RedactionKey, Signer, WritebackJob,
};

use crate::book::{Book, Opening};
use crate::chain;
use crate::claims;
use crate::connection;
use crate::decide;
use crate::documents;
use crate::error::Error;
use crate::handover::{self, Recipient};
use crate::history::{self, HistoryFilter, PastCall};
use crate::keeping::{self, Archive, Backup, Due, Prunable, PruneFilter, Pruned, Stats};
use crate::notebook::Notebook;
use crate::place::Place;
use crate::points::point;
use crate::progress::Progress;
use crate::proposals::{self, ProposalFilter, StoredProposal};
use crate::reopen;
use crate::replay::{self, Replay};
use crate::report::ChainReport;
use crate::runner_tokens::{self, RunnerToken, TokenGrant};
use crate::search;
use crate::statements::Statements;
use crate::verify::{self, Verification};
use crate::writeback::{self, Finished, Start};
use crate::writer::Write;

/// One ledger. Clones share it; several processes may have it open at once.
#[derive(Clone)]
pub struct Ledger {
    pub(crate) book: Arc<Book>,
}

impl Ledger {
    /// Opens the ledger, makes it where that is allowed, and brings its tables up to date.
    ///
    /// # Errors
    /// When it is missing, newer than this release, damaged, read-only or of unsafe kind; nothing was changed.
    pub async fn open(place: impl Into<Place>, opening: Opening) -> Result<Self, Error> {
        let place = place.into();
        let opened = tokio::task::spawn_blocking(move || Book::open(&place, opening)).await;
        let book = opened.map_err(|_| Error::Invariant { what: "opening the ledger did not finish" })??;
        Ok(Self { book: Arc::new(book) })
    }

    /// The part of the book the model's side may have.
    pub fn notebook(&self) -> Notebook {
        Notebook::new(Arc::clone(&self.book))
    }

    /// Random, made with the file; part of every idempotency key.
    pub fn ledger_id(&self) -> &str {
        &self.book.ledger_id
    }

    /// Where it is kept; of a file, with its folder resolved.
    pub fn place(&self) -> &Place {
        &self.book.place
    }

    /// How often this process has committed to the file. Many changes share one commit.
    pub fn commits(&self) -> u64 {
        self.book.writer.commits()
    }

    /// The proposal a person means: a full id, an unambiguous start of one (with or without `wrp_`), or `latest`.
    ///
    /// # Errors
    /// When no proposal matches, or more than one.
    pub async fn resolve(&self, reference: &str) -> Result<ProposalId, Error> {
        let reference = reference.to_owned();
        self.book.readers.read(move |conn| search::proposal(conn, &reference)).await
    }

    /// One proposal.
    ///
    /// # Errors
    /// When there is none of that id.
    pub async fn proposal(&self, id: &ProposalId) -> Result<StoredProposal, Error> {
        let id = id.clone();
        self.book.readers.read(move |conn| proposals::get(conn, &id)).await
    }

    /// The proposals a filter lets through, newest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn proposals(&self, filter: &ProposalFilter) -> Result<Vec<StoredProposal>, Error> {
        let filter = filter.clone();
        self.book.readers.read(move |conn| proposals::list(conn, &filter)).await
    }

    /// Everything the ledger holds about a proposal, in order.
    ///
    /// # Errors
    /// When there is none of that id, or a part of the record cannot be read back.
    pub async fn replay(&self, id: &ProposalId) -> Result<Replay, Error> {
        let (id, ledger_id) = (id.clone(), self.book.ledger_id.clone());
        self.book.readers.read(move |conn| replay::of(conn, &ledger_id, &id)).await
    }

    /// What was read for a proposal, if it can still be found.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn evidence(&self, id: &EvidenceId) -> Result<Option<EvidenceBundle>, Error> {
        let id = id.clone();
        self.book.readers.read(move |conn| documents::evidence(conn, &id)).await
    }

    /// The call that led to a proposal.
    ///
    /// # Errors
    /// When there is none of that id, or its record cannot be read back.
    pub async fn past_call(&self, id: &ProposalId) -> Result<PastCall, Error> {
        let id = id.clone();
        self.book.readers.read(move |conn| history::of_proposal(conn, &id)).await
    }

    /// The recorded calls a filter lets through, oldest first.
    ///
    /// # Errors
    /// When a part of the record cannot be read back.
    pub async fn history(&self, filter: &HistoryFilter) -> Result<Vec<PastCall>, Error> {
        let filter = filter.clone();
        self.book.search(move |conn| history::list(conn, &filter)).await
    }

    /// Records a person's decision about exactly the content they saw. Repeating it answers the same.
    ///
    /// # Errors
    /// When the stored content is not the sealed or the shown one, the proposal's state does not allow the decision,
    /// a rejection has no reason, or an approval is for a shadow proposal.
    pub async fn decide(&self, decision: &Decision) -> Result<StoredProposal, Error> {
        let decision = decision.clone();
        point!("l.approve.pre");
        let decided = self.book.writer.write(move |write| decide::decide(write, &decision)).await?;
        point!("l.approve.post");
        Ok(decided)
    }

    /// Hands the job of an approved proposal to a runner: the lease is recorded, an earlier one is over.
    ///
    /// # Errors
    /// When the proposal is not approved, or its content is not the approved one.
    pub async fn hand_over(&self, id: &ProposalId, recipient: &Recipient) -> Result<WritebackJob, Error> {
        let (id, recipient) = (id.clone(), recipient.clone());
        self.book.writer.write(move |write| handover::hand_over(write, &id, &recipient)).await
    }

    /// The latest lease of a proposal; none where its job was never handed over.
    ///
    /// # Errors
    /// When the record of it cannot be read back.
    pub async fn handover(&self, id: &ProposalId) -> Result<Option<Handover>, Error> {
        let id = id.clone();
        self.book.readers.read(move |conn| handover::latest(conn, &id)).await
    }

    /// Gives approved proposals of a source to a worker, oldest first: lease and intent are recorded, each of them in one
    /// transaction. What cannot be given out (an edited record, a missing approval, a row that somebody holds on the server)
    /// keeps nobody else from its turn.
    ///
    /// # Errors
    /// When the ledger cannot be read or written.
    pub async fn claim(
        &self,
        source: &str,
        recipient: &Recipient,
        jobs_max: u32,
    ) -> Result<Vec<Assignment>, Error> {
        // Some more than are wanted: another worker may be quicker, and what cannot be given out is passed over.
        let rows_max = usize::try_from(jobs_max.saturating_mul(4)).unwrap_or(usize::MAX);
        let is_enough =
            |claimed: &Vec<Assignment>| u32::try_from(claimed.len()).is_ok_and(|claimed| claimed >= jobs_max);
        let (mut claimed, mut passed_over) = (Vec::new(), BTreeSet::new());
        while !is_enough(&claimed) && passed_over.len() < claims::PASSED_OVER_MAX {
            let (of, now, before) = (source.to_owned(), self.book.clock.now(), passed_over.clone());
            let list = move |conn: &dyn Statements| claims::claimable(conn, &of, now, &before, rows_max);
            let free = self.book.readers.read(list).await?;
            if free.is_empty() {
                break;
            }
            for id in free {
                let (wanted, recipient) = (id.clone(), recipient.clone());
                match self.book.writer.write(move |write| claims::claim(write, &wanted, &recipient)).await {
                    Ok(assignment) => claimed.extend(assignment),
                    Err(error @ (Error::Rule(_) | Error::Unreadable { .. })) => {
                        tracing::warn!(proposal = %id, %error, "an approved proposal cannot be given out");
                    }
                    // What was claimed before is the worker's already.
                    Err(error) if claimed.is_empty() => return Err(error),
                    Err(_) => return Ok(claimed),
                }
                passed_over.insert(id);
                if is_enough(&claimed) {
                    break;
                }
            }
        }
        Ok(claimed)
    }

    /// Lets the latest lease of a job run longer, for the worker that holds it.
    ///
    /// # Errors
    /// When the lease is not the latest one, or is another worker's.
    pub async fn renew_claim(&self, job: &JobId, renewal: &Renewal, runner_id: &str) -> Result<Lease, Error> {
        let (job, renewal, runner_id) = (job.clone(), renewal.clone(), runner_id.to_owned());
        let renew = move |write: &Write<'_>| claims::renew(write, &job, &renewal, &runner_id);
        self.book.writer.write(renew).await
    }

    /// Records how the attempt under the latest lease of a job ended. Repeating it answers the same.
    ///
    /// # Errors
    /// As for [`Ledger::renew_claim`]; and when the receipt is for something else, or contradicts a final state.
    pub async fn end_claim(
        &self,
        job: &JobId,
        result: &JobResult,
        runner_id: &str,
    ) -> Result<StoredProposal, Error> {
        let (job, result, runner_id) = (job.clone(), result.clone(), runner_id.to_owned());
        self.book.writer.write(move |write| claims::end(write, &job, &runner_id, &result)).await
    }

    /// Records for whom a runner token is; the token itself is not kept.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub async fn make_runner_token(&self, grant: &TokenGrant, actor: &str) -> Result<RunnerToken, Error> {
        let (grant, actor) = (grant.clone(), actor.to_owned());
        self.book.writer.write(move |write| runner_tokens::make(write, &grant, &actor)).await
    }

    /// Ends a runner token. Ending it twice changes nothing.
    ///
    /// # Errors
    /// When there is none of that id.
    pub async fn revoke_runner_token(&self, token_id: &str, actor: &str) -> Result<RunnerToken, Error> {
        let (token_id, actor) = (token_id.to_owned(), actor.to_owned());
        self.book.writer.write(move |write| runner_tokens::revoke(write, &token_id, &actor)).await
    }

    /// Every runner token, oldest first, the revoked ones too.
    ///
    /// # Errors
    /// When the ledger cannot be read, or a token's record was edited.
    pub async fn runner_tokens(&self) -> Result<Vec<RunnerToken>, Error> {
        self.book.readers.read(runner_tokens::all).await
    }

    /// The proposals whose apply has started and whose outcome the ledger does not know, oldest first. One may still be
    /// under way in another process.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn unsettled(&self) -> Result<Vec<StoredProposal>, Error> {
        let unsettled = self.book.readers.read(writeback::unsettled).await?;
        point!("recover.scan");
        Ok(unsettled)
    }

    /// Records the intent to apply; to be called before the source is touched.
    ///
    /// # Errors
    /// When the proposal is not approved, or its content is not the approved one.
    pub async fn start_writeback(&self, id: &ProposalId, runner_id: &str) -> Result<Start, Error> {
        let (id, runner_id) = (id.clone(), runner_id.to_owned());
        point!("l.claim.pre");
        let start = self.book.writer.write(move |write| writeback::start(write, &id, &runner_id)).await?;
        point!("l.claim.post");
        Ok(start)
    }

    /// Records how an apply ended, and answers what stands on record. Repeating an equal ending changes nothing.
    ///
    /// # Errors
    /// When the receipt contradicts a final state or names another job.
    pub async fn finish_writeback(&self, receipt: &Receipt) -> Result<Finished, Error> {
        let receipt = receipt.clone();
        point!("l.receipt.pre");
        let finished = self.book.writer.write(move |write| writeback::finish(write, &receipt)).await?;
        point!("l.receipt.post");
        Ok(finished)
    }

    /// Records that an attempt certainly changed nothing and may be repeated; the proposal stays approved.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub async fn interrupt_writeback(&self, job: &WritebackJob, code: Code) -> Result<(), Error> {
        let job = job.clone();
        self.book.writer.write(move |write| writeback::interrupt(write, &job, code)).await
    }

    /// Has an executor of the application try again what came to nothing: the proposal is approved once more, by the
    /// approval it has. Repeating it answers the same until the next attempt has ended.
    ///
    /// # Errors
    /// When the proposal did not end in a conflict or a failure, the runner itself carries it out, an equal proposal is open,
    /// or no reason is given.
    pub async fn reopen(&self, id: &ProposalId, actor: &str, reason: &str) -> Result<StoredProposal, Error> {
        let (id, actor, reason) = (id.clone(), actor.to_owned(), reason.to_owned());
        self.book.writer.write(move |write| reopen::reopen(write, &id, &actor, &reason)).await
    }

    /// Walks the chain and every record bound to it, and names the first that does not fit.
    ///
    /// # Errors
    /// When the file cannot be read at all. An edited record is no error but an answer.
    pub async fn verify(&self) -> Result<ChainReport, Error> {
        self.verify_against(&Verification::default()).await
    }

    /// The same, held against checkpoints that were kept elsewhere, and telling how far it is.
    ///
    /// # Errors
    /// As for [`Ledger::verify`].
    pub async fn verify_against(&self, against: &Verification) -> Result<ChainReport, Error> {
        let (ledger_id, against) = (self.book.ledger_id.clone(), against.clone());
        self.book.readers.read(move |conn| verify::verify(conn, &ledger_id, &against)).await
    }

    /// Signs the head of the chain as it is now. Kept elsewhere, it shows later whether the tail was cut.
    ///
    /// # Errors
    /// When the ledger cannot be read, or not be brought to the disk.
    pub async fn checkpoint(&self, signer: &dyn Signer) -> Result<Checkpoint, Error> {
        let (events, head) = self.book.readers.read(chain::head).await?;
        // Signed is what a loss of power cannot take back.
        self.book.flush().await?;
        let at = self.book.clock.now();
        Checkpoint::sign(self.book.ledger_id.clone(), events, head, at, signer)
            .map_err(chain::no_canonical_form)
    }

    /// How much the ledger holds, and how large it is.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn stats(&self) -> Result<Stats, Error> {
        let path = self.book.place.file().map(Path::to_owned).unwrap_or_default();
        let ledger_id = self.book.ledger_id.clone();
        self.book.readers.read(move |conn| keeping::stats(conn, &path, &ledger_id)).await
    }

    /// The key under which values of this ledger's records were redacted.
    ///
    /// # Errors
    /// When the ledger cannot be read, or holds no key.
    pub async fn redaction_key(&self) -> Result<RedactionKey, Error> {
        self.book.redaction_key(false).await
    }

    /// Copies the ledger as it is now into one file, while everybody goes on, and verifies the copy.
    ///
    /// # Errors
    /// When a file stands there and `force` does not say to replace it, or the copy cannot be written.
    pub async fn backup(&self, to: &Path, force: bool) -> Result<Backup, Error> {
        let (to, progress) = (to.to_owned(), Arc::clone(&self.book.progress));
        self.book.readers.read(move |conn| keeping::backup(conn, &to, force, &progress)).await
    }

    /// Counts what [`Ledger::prune`] would remove.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn prunable(&self, filter: PruneFilter) -> Result<Prunable, Error> {
        self.book.readers.read(move |conn| keeping::prunable(conn, filter)).await
    }

    /// Archives what is old and over in a new file, removes it, and leaves signed events that say so. In steps, each of
    /// them whole, so that others write in between; `steps_max` of them at most. Where nothing is to go no file is made.
    ///
    /// # Errors
    /// When the archive exists or cannot be written, or a record that should be there is not; the steps before stand.
    pub async fn prune(
        &self,
        filter: PruneFilter,
        actor: &str,
        to: &Path,
        signer: Arc<dyn Signer>,
        steps_max: u32,
    ) -> Result<Pruned, Error> {
        let mut pruned = Pruned::default();
        let (mut made, mut from) = (None, 0);
        let work = self.book.progress.at_work("archiving and removing", 0);
        for _ in 0..steps_max {
            let due = self.book.readers.read(move |conn| keeping::due(conn, filter, from)).await?;
            let Some(due) = due else { break };
            if let Due::Calls(first) = due {
                from = first;
            }
            let archive = match &made {
                Some(archive) => Arc::clone(archive),
                None => Arc::new(Mutex::new(Archive::create(to, &self.book.ledger_id)?)),
            };
            made = Some(Arc::clone(&archive));
            let (actor, signer) = (actor.to_owned(), Arc::clone(&signer));
            let step = move |write: &Write<'_>| {
                keeping::prune_step(write, (filter, due), &actor, &archive, signer.as_ref())
            };
            let step = match self.book.writer.write(step).await {
                Ok(step) => step,
                Err(error) => {
                    // Of an archive of which it is certain that everything in it is still there nobody needs the file.
                    if pruned.events == 0 && !matches!(error, Error::Unsettled) {
                        Archive::discard(to);
                    }
                    return Err(error);
                }
            };
            if step.events == 0 {
                break;
            }
            pruned.events += step.events;
            pruned.records += step.records;
            work.moved_to(pruned.events);
        }
        if pruned.events > 0 {
            self.book.writer.write(|write| search::forget_names(write.conn)).await?;
        }
        Ok(pruned)
    }

    /// How far long work of this process on the ledger is, while somebody waits for it.
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.book.progress)
    }

    /// Returns once whatever was read of the ledger before is on the disk, which the record of a read may be a moment after its
    /// answer. For whoever tells others what happened.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub async fn flush(&self) -> Result<(), Error> {
        self.book.flush().await
    }

    /// How far the chain is: the number of its last event.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn position(&self) -> Result<i64, Error> {
        self.book.readers.read(|conn| chain::head(conn).map(|(seq, _)| seq)).await
    }

    /// Refuses to let the file grow beyond `bytes_max`; what would is answered `LEDGER_FULL` and not recorded. The
    /// limit holds for this process until it is set again.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub async fn limit_size(&self, bytes_max: u64) -> Result<(), Error> {
        self.book.writer.write(move |write| connection::limit_size(write, bytes_max)).await
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("place", &self.book.place).finish_non_exhaustive()
    }
}
