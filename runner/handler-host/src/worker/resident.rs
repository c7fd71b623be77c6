//! A handler whose guests run in the worker: what every new worker is given of it, and its calls.

use std::io;
use std::sync::Arc;

use super::keeper::Worker;
use super::link::{NotLoaded, lost};
use crate::allowance::Allowance;
use crate::code::Code;
use crate::error::Error;
use crate::messages::{Ending, HandlerCall};
use crate::reads::ReadDesk;
use crate::slots::Slot;
use crate::stop::Stop;

/// A loaded handler; the worker forgets it when this is dropped.
pub(crate) struct Resident {
    worker: Arc<Worker>,
    handler: u64,
    /// Kept for the next worker.
    code: Code,
    allowance: Allowance,
}

impl Resident {
    pub(super) fn new(worker: Arc<Worker>, handler: u64, code: Code, allowance: Allowance) -> Self {
        Self { worker, handler, code, allowance }
    }

    /// The first time a worker gets it, which is where its world is checked.
    pub(super) async fn give(&self) -> Result<(), Error> {
        let gone = || Error::Worker(io::ErrorKind::BrokenPipe.into());
        let link = self.worker.link().await.map_err(|_lost| gone())?;
        link.give(self.handler, &self.code, self.allowance).await.map_err(|problem| match problem {
            NotLoaded::Lost => gone(),
            NotLoaded::Refused(words) => Error::world(words.into()),
        })
    }

    /// One call. A worker that is new since the last one is given the handler first.
    pub(crate) async fn run(
        &self,
        call: HandlerCall,
        slot: Slot,
        desk: &mut ReadDesk,
    ) -> Result<Ending, Stop> {
        let link = self.worker.link().await?;
        // What one worker took, the next one takes; where it does not, something is wrong with it and not with the call.
        link.give(self.handler, &self.code, self.allowance).await.map_err(|_problem| lost())?;
        link.call(self.handler, &self.allowance.limits, call, slot, desk).await
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        if let Some(link) = self.worker.now() {
            link.drop_handler(self.handler);
        }
    }
}
