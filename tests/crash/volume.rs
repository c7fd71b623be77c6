//! How much is tried, and from which seed moments are drawn.

/// Multiplies the number of drawn moments; beyond 1 every frame of the wire is cut, not only every request.
const VOLUME: &str = "SYNAPSOR_CRASH_VOLUME";
/// Draws the same moments again.
const SEED: &str = "SYNAPSOR_CRASH_SEED";

/// 1 in CI.
pub(crate) fn volume() -> u64 {
    number(VOLUME).unwrap_or(1).max(1)
}

/// Drawn numbers that a seed repeats.
pub(crate) struct Draw {
    seed: u64,
    state: u64,
}

impl Draw {
    /// From the seed given, or a fresh one.
    pub(crate) fn new() -> Self {
        let seed = number(SEED).unwrap_or_else(|| {
            let mut bytes = [0; 8];
            getrandom::fill(&mut bytes).expect("the system gives random bytes");
            u64::from_le_bytes(bytes)
        });
        Self { seed, state: seed }
    }

    /// What repeats it.
    pub(crate) fn setting(&self) -> String {
        format!("{SEED}={}", self.seed)
    }

    /// The next number below `bound`, by splitmix64.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn number(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "tests have no wiring that could hand the environment in")]
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("`{name}` is `{value}`, expected a whole number")))
}
