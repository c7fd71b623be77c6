//! One call inside the box: a fresh store with its limits, one instance, one answer, and everything dropped again.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use wasmtime::{Engine, Store};

use crate::allotment::Allotment;
use crate::allowance::{Allowance, Wasi};
use crate::limits::Limits;
use crate::messages::{Asks, Ending, HandlerAnswer, HandlerCall};
use crate::notes::Notes;
use crate::stop::{Step, Stop};
use crate::ticker::epochs;
use crate::v0_1::{self, ProposerPre};
use crate::wasi::{Origin, Surroundings, WasiCalls};

/// Fuel between two yields, 20 to 170 µs in the guests that were measured: how long one guest keeps another waiting.
const YIELD_FUEL: u64 = 500_000;
/// The same with WASI, whose calls take the host far longer than their fuel says and are counted at yields.
const YIELD_FUEL_WITH_WASI: u64 = 100_000;
/// Bytes a guest may hand to the host at once. The engine's own default is 128 MiB.
const HANDOVER_BYTES_MAX: usize = 1024 * 1024;

/// A component that can be called, in the process its guests run in.
pub(crate) struct Prepared {
    pub(crate) engine: Engine,
    pub(crate) pre: ProposerPre<GuestState>,
    pub(crate) allowance: Allowance,
}

/// What a guest's store holds.
pub(crate) struct GuestState {
    pub(crate) allotment: Allotment,
    pub(crate) notes: Notes,
    pub(crate) asks: Asks,
    /// Fuel between two yields.
    pub(crate) slice_fuel: u64,
    /// The fuel at which the next host call yields: setting the fuel, as host calls do, starts the engine's own count anew.
    pub(crate) yield_at_fuel: u64,
    /// What WASI shows is made of this, when a guest first looks.
    origin: Origin,
    surroundings: Option<Surroundings>,
    wasi_calls: WasiCalls,
}

impl GuestState {
    /// What WASI shows.
    pub(crate) fn surroundings(&mut self) -> &mut Surroundings {
        let Self { surroundings, origin, notes, wasi_calls, .. } = self;
        wasi_calls.one_more();
        surroundings.get_or_insert_with(|| Surroundings::new(*origin, notes))
    }
}

/// Runs one call to its end, and drops everything it held.
pub(crate) async fn run(prepared: Arc<Prepared>, call: HandlerCall, asks: Asks) -> Ending {
    let started = Instant::now();
    let Allowance { limits, wasi } = prepared.allowance;
    let wasi_calls = WasiCalls::default();
    let slice_fuel = match wasi {
        Wasi::None => YIELD_FUEL,
        Wasi::DenyAll => YIELD_FUEL_WITH_WASI,
    };
    let state = GuestState {
        allotment: Allotment::new(&limits),
        notes: Notes::new(&limits),
        asks,
        slice_fuel,
        yield_at_fuel: limits.fuel.saturating_sub(slice_fuel),
        origin: Origin::of(&call, wasi),
        surroundings: None,
        wasi_calls: wasi_calls.clone(),
    };
    let mut store = Store::new(&prepared.engine, state);
    let timeout = Duration::from_millis(limits.timeout_ms);
    let outcome = match limit(&mut store, &limits) {
        // A guest that goes on without giving its thread away sees the time itself; the timer wakes one that waits.
        Ok(()) => tokio::time::timeout(timeout, async {
            let mut guest = std::pin::pin!(wasi_calls.bound(decide(&prepared, &mut store, call)));
            poll_fn(|context| match guest.as_mut().poll(context) {
                Poll::Pending if started.elapsed() >= timeout => Poll::Ready(Err(Stop::deadline(&limits))),
                polled => polled,
            })
            .await
        })
        .await
        .unwrap_or_else(|_elapsed| Err(Stop::deadline(&limits))),
        Err(error) => Err(Stop::from_engine(&error, Step::Start, &limits)),
    };
    let fuel_left = store.get_fuel().unwrap_or_default();
    let GuestState { allotment, notes, surroundings, .. } = store.into_data();
    if let Some(surroundings) = surroundings {
        surroundings.finish();
    }
    let fuel = limits.fuel.saturating_sub(fuel_left).saturating_add(wasi_calls.fuel());
    let (outcome, output_bytes) = match outcome {
        // Fuel is checked at loops and calls only, so an answer may come a few instructions after it ran out.
        Ok(_) if fuel_left == 0 || fuel >= limits.fuel => (Err(Stop::fuel(&limits)), 0),
        Ok((answer, output_bytes)) => (Ok(answer), output_bytes),
        Err(stop) => (Err(stop), 0),
    };
    Ending {
        outcome,
        fuel: fuel.min(limits.fuel),
        memory_bytes: allotment.memory_bytes(),
        output_bytes,
        wall_us: started.elapsed().as_micros().try_into().unwrap_or(u64::MAX),
        log: notes.into_lines(),
    }
}

/// Everything that limits a store, before any of the guest's code runs.
fn limit(store: &mut Store<GuestState>, limits: &Limits) -> wasmtime::Result<()> {
    store.limiter(|state| &mut state.allotment);
    store.set_fuel(limits.fuel)?;
    store.fuel_async_yield_interval(Some(store.data().slice_fuel))?;
    store.set_epoch_deadline(epochs(limits.timeout_ms));
    store.set_hostcall_fuel(HANDOVER_BYTES_MAX);
    Ok(())
}

/// Instantiates, asks, and reads the answer.
async fn decide(
    prepared: &Prepared,
    store: &mut Store<GuestState>,
    call: HandlerCall,
) -> Result<(HandlerAnswer, u64), Stop> {
    let limits = &prepared.allowance.limits;
    let guest = prepared.pre.instantiate_async(&mut *store).await;
    let guest = guest.map_err(|error| Stop::from_engine(&error, Step::Start, limits))?;
    let (invocation, row) = v0_1::invocation(call);
    let answer = guest.call_propose(&mut *store, &invocation, &row).await;
    let answer = answer.map_err(|error| Stop::from_engine(&error, Step::Call, limits))?;
    v0_1::answer(answer, limits)
}
