//! WASI 0.2 with nothing behind it, for components whose language runtime links it whether it is used or not.
//!
//! Invariant: what a guest sees of it is a function of the call. There is no folder, environment variable, argument,
//! socket or input; the clocks stand still at the call's `now`, so that a sleep is over at once; randomness is drawn from
//! the call. Two runs of a call see the same, on every machine and with every later version of this host.
//! Invariant: it is linked only for a handler whose manifest asks for it and whose config grants it, and only by the
//! names below.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use synapsor_protocol::{Code, Digest, Moment};
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::{self, DynPollable, Pollable, subscribe};
use wasmtime_wasi::{HostWallClock, WasiCtx, WasiCtxView, WasiView, async_trait};

use crate::allowance::Wasi;
use crate::call::GuestState;
use crate::console::Console;
use crate::messages::HandlerCall;
use crate::notes::Notes;
use crate::stop::Stop;
use crate::v0_1::HOST_CALL_FUEL;

/// Every interface that is linked, by package.
const OFFERED: [(&str, &[&str]); 6] = [
    (
        "cli",
        &[
            "environment",
            "exit",
            "stdin",
            "stdout",
            "stderr",
            "terminal-input",
            "terminal-output",
            "terminal-stdin",
            "terminal-stdout",
            "terminal-stderr",
        ],
    ),
    ("clocks", &["monotonic-clock", "wall-clock"]),
    ("filesystem", &["preopens", "types"]),
    ("io", &["error", "poll", "streams"]),
    ("random", &["insecure", "insecure-seed", "random"]),
    (
        "sockets",
        &[
            "instance-network",
            "ip-name-lookup",
            "network",
            "tcp",
            "tcp-create-socket",
            "udp",
            "udp-create-socket",
        ],
    ),
];
/// The newest version of WASI 0.2 whose interfaces are known here.
const PATCH_MAX: u8 = 12;

/// Bytes of randomness one host call returns; a runtime seeds itself with less.
const RANDOM_BYTES_MAX: u64 = 4096;
/// Handles a guest holds at once.
const HANDLES_MAX: usize = 1_000;
/// Calls of WASI in one call of a handler.
const CALLS_MAX: u32 = 20_000;
/// Domain tag of what randomness is drawn from.
const SEED_SCHEMA: &str = "synapsor.handler-randomness.v1";

/// Whether an import is one of the interfaces above, in a version that is known here.
pub(crate) fn offers(import: &str) -> bool {
    let named = || {
        let (package, interface) = import.strip_prefix("wasi:")?.split_once('/')?;
        let (interface, version) = interface.split_once("@0.2.")?;
        let known = OFFERED.iter().any(|(p, all)| *p == package && all.contains(&interface));
        Some(known && version.parse::<u8>().is_ok_and(|v| v <= PATCH_MAX && v.to_string() == version))
    };
    named().unwrap_or(false)
}

/// Adds the interfaces to what a guest can reach.
pub(crate) fn link(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    p2::add_to_linker_async(linker)?;
    // The library's clock would wait for real.
    linker.allow_shadowing(true);
    monotonic_clock::add_to_linker::<GuestState, Standstill>(linker, |state| {
        let Surroundings { table, now, .. } = state.surroundings();
        Standing { table, now: *now }
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

/// What one guest finds around it.
pub(crate) struct Surroundings {
    context: WasiCtx,
    table: ResourceTable,
    now: StillClock,
    consoles: [Console; 2],
}

/// What a guest's surroundings are made of: nothing but the call.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    now: Moment,
    seed: [u8; 32],
}

/// How often a guest has called WASI. A clone is the same count.
#[derive(Clone, Default)]
pub(crate) struct WasiCalls(Arc<AtomicU32>);

impl WasiCalls {
    pub(crate) fn one_more(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// What they cost, like any host call.
    pub(crate) fn fuel(&self) -> u64 {
        u64::from(self.0.load(Ordering::Relaxed)).saturating_mul(HOST_CALL_FUEL)
    }

    /// Lets a guest run until it has called too often.
    ///
    /// Its calls cost the host far more than the few instructions they take, and the library that answers them cannot take
    /// fuel. So they are counted; their fuel is added when the call ends, and the count is looked at whenever the guest yields, which it does by its fuel.
    pub(crate) async fn bound<T>(&self, guest: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
        let mut guest = pin!(guest);
        poll_fn(|context| match guest.as_mut().poll(context) {
            Poll::Pending if self.0.load(Ordering::Relaxed) > CALLS_MAX => Poll::Ready(Err(Stop::new(
                Code::GuestFuel,
                format!("the handler called WASI more than {CALLS_MAX} times"),
            ))),
            polled => polled,
        })
        .await
    }
}

impl Origin {
    /// Digesting the call costs something, so it is done where somebody may look.
    pub(crate) fn of(call: &HandlerCall, wasi: Wasi) -> Self {
        let seed = match wasi {
            Wasi::None => [0; 32],
            // A call always has a canonical form: none of its values is a float.
            Wasi::DenyAll => {
                Digest::of(SEED_SCHEMA, call).map(|digest| digest.to_bytes()).unwrap_or_default()
            }
        };
        Self { now: call.now, seed }
    }
}

impl Surroundings {
    pub(crate) fn new(Origin { now, seed }: Origin, notes: &Notes) -> Self {
        let now = StillClock::at(now);
        let consoles = [Console::new("stdout", notes), Console::new("stderr", notes)];
        let [stdout, stderr] = consoles.clone();
        let stream = |number: u64| {
            let mut random = ChaCha20Rng::from_seed(seed);
            random.set_stream(number);
            random
        };
        let context = WasiCtx::builder()
            .stdout(stdout)
            .stderr(stderr)
            .wall_clock(now)
            .secure_random(stream(0))
            .insecure_random(stream(1))
            .insecure_random_seed(seed.iter().fold(0, |seed, byte| (seed << 8) ^ u128::from(*byte)))
            .max_random_size(RANDOM_BYTES_MAX)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES_MAX);
        Self { context, table, now, consoles }
    }

    /// Keeps what was printed without an end of line.
    pub(crate) fn finish(self) {
        self.consoles.iter().for_each(Console::end_line);
    }
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let Surroundings { context, table, .. } = self.surroundings();
        WasiCtxView { ctx: context, table }
    }
}

/// A clock that shows the call's `now`.
#[derive(Clone, Copy)]
struct StillClock(Duration);

impl StillClock {
    fn at(now: Moment) -> Self {
        Self(Duration::from_micros(now.micros().try_into().unwrap_or_default()))
    }
}

impl HostWallClock for StillClock {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

/// Gives the clock below its view of a guest's store.
struct Standstill;

impl HasData for Standstill {
    type Data<'a> = Standing<'a>;
}

struct Standing<'a> {
    table: &'a mut ResourceTable,
    now: StillClock,
}

/// No time passes during a call, so whatever a guest waits for is over at once. One that waits in a loop until time has
/// passed runs out of fuel, on every machine at the same instruction.
impl monotonic_clock::Host for Standing<'_> {
    fn now(&mut self) -> wasmtime::Result<monotonic_clock::Instant> {
        Ok(self.now.0.as_nanos().try_into().unwrap_or(u64::MAX))
    }

    fn resolution(&mut self) -> wasmtime::Result<monotonic_clock::Duration> {
        Ok(1_000)
    }

    fn subscribe_instant(
        &mut self,
        _when: monotonic_clock::Instant,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        let over = self.table.push(Over)?;
        subscribe(self.table, over)
    }

    fn subscribe_duration(
        &mut self,
        duration: monotonic_clock::Duration,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        self.subscribe_instant(duration)
    }
}

/// A wait that is over.
struct Over;

#[async_trait]
impl Pollable for Over {
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_is_offered_by_its_exact_name_and_a_version_known_here() {
        for name in ["wasi:cli/environment@0.2.0", "wasi:io/streams@0.2.12", "wasi:sockets/tcp@0.2.3"] {
            assert!(offers(name), "{name}");
        }
        for name in [
            "wasi:io/streams@0.2.13",
            "wasi:io/streams@0.2.01",
            "wasi:io/streams@0.2.+1",
            "wasi:io/streams@0.2.1-rc",
            "wasi:io/streams@0.3.0",
            "wasi:io/streams",
            "wasi:http/outgoing-handler@0.2.0",
            "wasi:cli/run@0.2.0",
            "wasi:clocks/timezone@0.2.0",
            "wasi:clocks/environment@0.2.0",
            "other:cli/environment@0.2.0",
        ] {
            assert!(!offers(name), "{name}");
        }
    }
}
