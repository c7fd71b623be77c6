//! The jobs a worker has in hand: each begun once while it is there, and let go however it ends.

use std::collections::BTreeMap;

use synapsor_protocol::JobId;
use tokio::task::{Id, JoinError, JoinSet};

/// Jobs under way.
pub(crate) struct InHand {
    tasks: JoinSet<&'static str>,
    jobs: BTreeMap<Id, JobId>,
}

impl InHand {
    pub(crate) fn new() -> Self {
        Self { tasks: JoinSet::new(), jobs: BTreeMap::new() }
    }

    pub(crate) fn count(&self) -> usize {
        self.tasks.len()
    }

    pub(crate) fn has(&self, job: &JobId) -> bool {
        self.jobs.values().any(|known| known == job)
    }

    /// Begins a job that is not in hand; its end is a word for what came of it.
    pub(crate) fn begin(&mut self, job: JobId, work: impl Future<Output = &'static str> + Send + 'static) {
        self.jobs.insert(self.tasks.spawn(work).id(), job);
    }

    /// The next to end, with what came of it, or nothing where it broke off; none where nothing is in hand.
    pub(crate) async fn next(&mut self) -> Option<Option<&'static str>> {
        let ended = self.tasks.join_next_with_id().await?;
        Some(self.let_go(ended))
    }

    /// The same of one that has ended already.
    pub(crate) fn next_ended(&mut self) -> Option<Option<&'static str>> {
        let ended = self.tasks.try_join_next_with_id()?;
        Some(self.let_go(ended))
    }

    /// Ends what is left, wherever it is.
    pub(crate) fn abort(&mut self) {
        self.tasks.abort_all();
    }

    fn let_go(&mut self, ended: Result<(Id, &'static str), JoinError>) -> Option<&'static str> {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let job = self.jobs.remove(&id);
        match ended {
            Ok((_, status)) => Some(status),
            Err(error) => {
                let job = job.as_ref().map(JobId::as_str);
                tracing::error!(job, %error, "a job broke off; it is given out again when its lease is over");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_broke_off_is_let_go_like_one_that_ended() {
        let (mut in_hand, job) = (InHand::new(), JobId::from_stored("wbj_1".to_owned()));
        in_hand.begin(job.clone(), async { std::future::pending().await });
        assert!(in_hand.has(&job) && in_hand.next_ended().is_none());
        in_hand.abort();
        assert_eq!(in_hand.next().await, Some(None));
        assert!(!in_hand.has(&job), "it may be begun again");
        in_hand.begin(job.clone(), async { "applied" });
        assert_eq!((in_hand.next().await, in_hand.count()), (Some(Some("applied")), 0));
        assert!(!in_hand.has(&job) && in_hand.next().await.is_none());
    }
}
