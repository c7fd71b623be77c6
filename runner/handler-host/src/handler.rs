//! A loaded handler, and the host's side of one call: a slot, a guest, its reads answered, and how it ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use synapsor_protocol::{Code, Digest, Usage};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::breaker::{Breaker, Suspension};
use crate::call::{self, Prepared};
use crate::engine::Shared;
use crate::error::GuestError;
use crate::limits::Limits;
use crate::messages::{DeclaredReads, Ending, HandlerCall, HandlerRun};
use crate::reads::{ReadDesk, ReadsMade};
use crate::slots::Slot;
use crate::stop::Stop;
use crate::turns::Turns;
use crate::worker::Resident;

/// How long a guest may run on its caller's thread. An ordinary rule is done by then, and another thread would cost it more
/// than it takes; a longer one goes on where it keeps no socket waiting.
const ON_CALLERS_THREAD: Duration = Duration::from_micros(500);

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

    /// Runs one call in a fresh guest, unless the component is suspended. Must be called in a runtime that has timers.
    ///
    /// A guest begins on the caller's thread and goes on, if it takes long, on the engine's; or it runs in a process of its
    /// own. Its reads are answered here, on the caller's thread. Dropping the future stops the guest at its next yield.
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
        let mut desk = ReadDesk::new(reads, self.loaded.limits);
        let ended = match &self.loaded.program {
            Program::Here(prepared) => run_here(engine, Arc::clone(prepared), call, slot, &mut desk).await,
            Program::There(resident) => resident.run(call, slot, &mut desk).await,
        };
        settle(ended.unwrap_or_else(Ending::without_a_start), desk.finish())
    }
}

/// In this process, holding the slot until everything of the guest's is dropped.
///
/// The guest and the desk that answers it take turns in one task: a read that is answered at once wakes nobody.
async fn run_here(
    engine: &Arc<Shared>,
    prepared: Arc<Prepared>,
    call: HandlerCall,
    slot: Slot,
    desk: &mut ReadDesk,
) -> Result<Ending, Stop> {
    let started = Instant::now();
    let (asks, mut inbox) = mpsc::channel(1);
    let mut guest = Turns::new(async move {
        let ending = call::run(prepared, call, asks).await;
        drop(slot);
        Ok(ending)
    });
    let mut moved = false;
    loop {
        let ask = tokio::select! {
            biased;
            ended = guest.run_while(|| started.elapsed() < ON_CALLERS_THREAD) => match ended {
                Some(ended) => return ended,
                None if moved => continue,
                None => {
                    guest = Turns::new(run_on(Arc::clone(engine), guest));
                    moved = true;
                    continue;
                }
            },
            Some(ask) = inbox.recv() => ask,
        };
        tokio::select! {
            biased;
            answered = desk.answer(ask) => guest.before_a_turn(|| answered.give()),
            // Its deadline goes on while the source takes its time.
            ended = guest.run(|| false) => return ended,
        }
    }
}

/// Goes on with a guest on the engine's threads. Dropping this drops the guest there.
async fn run_on(engine: Arc<Shared>, mut guest: Turns<Result<Ending, Stop>>) -> Result<Ending, Stop> {
    let mut task = JoinSet::new();
    let threads = engine.guests().clone();
    let going_on = async move {
        let mut member = engine.crowd.join();
        guest.run(|| member.goes_on()).await
    };
    task.spawn_on(going_on, &threads);
    match task.join_next().await {
        Some(Ok(ended)) => ended,
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
