//! Everything a guest may use, with its unit: per call, and for the engine as a whole.
//!
//! What the guest languages need was measured: a rule takes 10 thousand fuel in Rust, 250 thousand in Python or JavaScript,
//! a million in Go; memory 1 to 16 MiB. What an author sees of this is in `docs/guides/handlers.md`.

use serde::{Deserialize, Serialize};
use synapsor_protocol::Budget;

use crate::cache::CacheSettings;
use crate::compile::Compile;
use crate::helper::Helper;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// What one call of a handler may use.
///
/// Fuel is the limit that decides, because it is the same on every machine; `timeout_ms` is the net under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Fuel: about one per wasm instruction, 1,000 per host call and one per byte it moves.
    pub fuel: u64,
    /// Bytes of linear memory, summed over all memories of the component.
    pub memory_bytes: u64,
    /// Elements, summed over all tables of the component.
    pub table_elements: u64,
    /// Wall-clock milliseconds of the whole call, its reads included.
    pub timeout_ms: u64,
    /// Declared reads.
    pub reads_max: u32,
    /// Rows those reads return, summed.
    pub rows_max: u32,
    /// Bytes one read returns.
    pub read_bytes: u64,
    /// Bytes all reads return, summed.
    pub reads_bytes: u64,
    /// Bytes of the answer: names, values and text.
    pub output_bytes: u64,
    /// Log lines kept.
    pub log_lines: u32,
    /// Bytes kept of one log line.
    pub log_line_bytes: u32,
}

impl Limits {
    /// The most any handler is given, whatever its config says.
    pub const MAX: Self = Self {
        fuel: 2_000_000_000,
        memory_bytes: 128 * MIB,
        table_elements: 100_000,
        timeout_ms: 10_000,
        reads_max: 64,
        rows_max: 10_000,
        read_bytes: MIB,
        reads_bytes: 4 * MIB,
        output_bytes: 256 * KIB,
        log_lines: 256,
        log_line_bytes: 4096,
    };

    /// What the record keeps of them, beside what a call used.
    #[must_use]
    pub fn budget(&self) -> Budget {
        let &Self { fuel, memory_bytes, output_bytes, timeout_ms, .. } = self;
        Budget { fuel, memory_bytes, output_bytes, timeout_ms }
    }

    /// The smaller of both, limit by limit.
    #[must_use]
    pub fn capped_by(self, other: &Self) -> Self {
        Self {
            fuel: self.fuel.min(other.fuel),
            memory_bytes: self.memory_bytes.min(other.memory_bytes),
            table_elements: self.table_elements.min(other.table_elements),
            timeout_ms: self.timeout_ms.min(other.timeout_ms),
            reads_max: self.reads_max.min(other.reads_max),
            rows_max: self.rows_max.min(other.rows_max),
            read_bytes: self.read_bytes.min(other.read_bytes),
            reads_bytes: self.reads_bytes.min(other.reads_bytes),
            output_bytes: self.output_bytes.min(other.output_bytes),
            log_lines: self.log_lines.min(other.log_lines),
            log_line_bytes: self.log_line_bytes.min(other.log_line_bytes),
        }
    }
}

/// Enough for a rule in a compiled language; the templates of the interpreted ones ask for more fuel and memory.
impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 50_000_000,
            memory_bytes: 32 * MIB,
            table_elements: 20_000,
            timeout_ms: 2_000,
            reads_max: 16,
            rows_max: 1_000,
            read_bytes: 256 * KIB,
            reads_bytes: MIB,
            output_bytes: 64 * KIB,
            log_lines: 64,
            log_line_bytes: 1024,
        }
    }
}

/// What the engine as a whole may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineSettings {
    /// The most any handler is given.
    pub limits_max: Limits,
    /// Bytes of a component file.
    pub component_bytes_max: u64,
    /// Calls that run at once.
    pub slots: u32,
    /// Calls that wait for a slot; one more is refused at once.
    pub queue_max: u32,
    /// How long a call waits for a slot.
    pub queue_wait_ms: u64,
    /// Threads that run guests. They are the engine's own, so that a busy guest never keeps a socket waiting.
    pub threads: usize,
    /// Where guests run.
    pub isolation: Isolation,
    /// Where components are compiled.
    pub compile: Compile,
    /// Where their native code is kept between starts; without it every load compiles.
    pub cache: Option<CacheSettings>,
}

/// Where guests run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Isolation {
    /// In a process of their own, with no environment, no descriptors but its two pipes, no files and no network: somebody who
    /// breaks out of wasm finds no credential and no way out.
    Process(Helper),
    /// On threads of the host. Wasm alone is between a guest and what the host holds.
    InProcess,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            limits_max: Limits::MAX,
            component_bytes_max: 32 * MIB,
            slots: 64,
            queue_max: 128,
            queue_wait_ms: 1_000,
            threads: std::thread::available_parallelism().map_or(2, usize::from),
            isolation: Isolation::InProcess,
            compile: Compile::InThread,
            cache: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_capped_one_by_one_and_the_defaults_are_within_the_maxima() {
        let asked = Limits { fuel: u64::MAX, reads_max: 1, ..Limits::default() };
        let given = asked.capped_by(&Limits::MAX);
        assert_eq!(given, Limits { fuel: Limits::MAX.fuel, reads_max: 1, ..Limits::default() });
        assert_eq!(Limits::default().capped_by(&Limits::MAX), Limits::default());
    }
}
