//! A loaded handler, and the host's side of one call: a slot, a guest, its reads answered, and how it ended.

use std::sync::Arc;

use synapsor_protocol::{Code, Digest, Usage};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::breaker::{Breaker, Suspension};
use crate::call::{self, Prepared};
use crate::engine::Shared;
use crate::error::GuestError;
use crate::limits::Limits;
use crate::messages::{Asks, DeclaredReads, Ending, HandlerCall, HandlerRun};
use crate::reads::{ReadDesk, ReadsMade};
use crate::slots::Slot;
use crate::stop::Stop;
use crate::worker::Resident;

/// A component that passed every check and is compiled. A clone is the same handler.
#[derive(Clone)]
pub struct Handler {
    loaded: Arc<Loaded>,
}

/// What a call needs of its handler.
pub(crate) struct Loaded {
    pub(crate) engine: Arc<Shared>,
    pub(crate) program: Program,
    pub(crate) digest: Digest,
    pub(crate) limits: Limits,
    /// There where the engine suspends what keeps breaking.
    pub(crate) breaker: Option<Arc<Breaker>>,
}

/// The component, in the process its guests run in.
pub(crate) enum Program {
    Here(Arc<Prepared>),
    There(Resident),
}

impl Handler {
    pub(crate) fn new(loaded: Loaded) -> Self {
        Self { loaded: Arc::new(loaded) }
    }

    /// The digest of the component that runs.
    pub fn digest(&self) -> &Digest {
        &self.loaded.digest
    }

    /// The limits every call has: what was asked for, capped by the engine's maxima.
    pub fn limits(&self) -> Limits {
        self.loaded.limits
    }

    /// Whether the component is not run for now, after it was stopped again and again.
    pub fn suspension(&self) -> Option<Suspension> {
        self.loaded.breaker.as_ref()?.suspension()
    }

    /// Runs one call in a fresh guest, unless the component is suspended.
    ///
    /// The guest runs on the engine's threads or in its process; its reads are answered here, on the caller's. Dropping
    /// the future stops the guest at its next yield.
    ///
    /// # Errors
    /// [`GuestError`] for every end without an answer, with what was used by then. The handler stays usable.
    pub async fn propose(
        &self,
        call: HandlerCall,
        reads: Arc<dyn DeclaredReads>,
    ) -> Result<HandlerRun, GuestError> {
        let Some(breaker) = &self.loaded.breaker else {
            return self.run(call, reads).await;
        };
        let watched = breaker.admit().map_err(not_started)?;
        let outcome = self.run(call, reads).await;
        watched.settle(outcome.as_ref().err());
        outcome
    }

    async fn run(&self, call: HandlerCall, reads: Arc<dyn DeclaredReads>) -> Result<HandlerRun, GuestError> {
        let engine = &self.loaded.engine;
        let slot = engine.slots.take().await.map_err(not_started)?;
        let (asks, inbox) = mpsc::channel(1);
        let mut desk = ReadDesk::new(reads, self.loaded.limits);
        let guest = async {
            match &self.loaded.program {
                Program::Here(prepared) => run_here(engine, Arc::clone(prepared), call, asks, slot).await,
                Program::There(resident) => resident.run(call, asks, slot).await,
            }
        };
        let ended = tokio::select! {
            ended = guest => ended,
            never = desk.serve(inbox) => match never {},
        };
        settle(ended.unwrap_or_else(Ending::without_a_start), desk.finish())
    }
}

/// On the engine's threads, holding the slot until everything of the guest's is dropped.
async fn run_here(
    engine: &Shared,
    prepared: Arc<Prepared>,
    call: HandlerCall,
    asks: Asks,
    slot: Slot,
) -> Result<Ending, Stop> {
    let mut guest = JoinSet::new();
    let run = async move {
        let ending = call::run(prepared, call, asks).await;
        drop(slot);
        ending
    };
    guest.spawn_on(run, engine.guests());
    match guest.join_next().await {
        Some(Ok(ending)) => Ok(ending),
        // The host's own code panicked or the engine was shut down; the guest cannot do either.
        Some(Err(_)) | None => {
            Err(Stop::new(Code::Internal, "internal error: a handler's call ended without a result"))
        }
    }
}

impl std::fmt::Debug for Handler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handler").field("digest", self.digest()).field("limits", &self.loaded.limits).finish()
    }
}

/// Both sides of a call, put together. A read the source did not answer outweighs whatever the guest made of it.
fn settle(ending: Ending, made: ReadsMade) -> Result<HandlerRun, GuestError> {
    let Ending { outcome, fuel, memory_bytes, output_bytes, wall_us, log } = ending;
    let ReadsMade { asked, rows, record: reads, unavailable } = made;
    let usage = Usage { fuel, memory_bytes, reads: asked, rows, output_bytes, wall_us };
    let outcome = if unavailable {
        Err(Stop::new(Code::GuestReadFailed, "the source did not answer one of the handler's declared reads"))
    } else {
        outcome
    };
    match outcome {
        Ok(answer) => Ok(HandlerRun { answer, usage, log, reads }),
        Err(Stop { code, message }) => Err(GuestError { code, message, usage, log, reads }),
    }
}

fn not_started(stop: Stop) -> GuestError {
    let Stop { code, message } = stop;
    GuestError { code, message, usage: Usage::default(), log: Vec::new(), reads: Vec::new() }
}
