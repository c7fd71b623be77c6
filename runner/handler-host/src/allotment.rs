//! What one store may hold of memory, tables and instances, summed over everything its component makes.
//!
//! The engine's own limits count per memory; a component with five memories would get five times its limit.

use synapsor_protocol::Code;
use wasmtime::ResourceLimiter;

use crate::limits::Limits;
use crate::stop::Stop;

/// Core instances of one component.
pub(crate) const INSTANCES_MAX: u32 = 64;
/// Memories of one component.
pub(crate) const MEMORIES_MAX: u32 = 8;
/// Tables of one component.
pub(crate) const TABLES_MAX: u32 = 16;

/// What is allowed, and what is in use.
pub(crate) struct Allotment {
    memory_bytes_max: u64,
    table_elements_max: u64,
    memory_bytes: u64,
    table_elements: u64,
}

impl Allotment {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory_bytes_max: limits.memory_bytes,
            table_elements_max: limits.table_elements,
            memory_bytes: 0,
            table_elements: 0,
        }
    }

    /// Bytes of memory in use. Memory never shrinks, so this is also the peak.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }
}

/// Going over ends the call instead of answering -1: a guest whose allocation fails seldom does anything useful.
impl ResourceLimiter for Allotment {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.memory_bytes.saturating_add(grown(current, desired));
        if total > self.memory_bytes_max {
            let message =
                format!("expected at most {} bytes of memory, found {total}", self.memory_bytes_max);
            return Err(Stop::new(Code::GuestMemory, message).into());
        }
        Ok(fits(desired, maximum) && take(&mut self.memory_bytes, total))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.table_elements.saturating_add(grown(current, desired));
        if total > self.table_elements_max {
            let message =
                format!("expected at most {} table elements, found {total}", self.table_elements_max);
            return Err(Stop::new(Code::GuestTable, message).into());
        }
        Ok(fits(desired, maximum) && take(&mut self.table_elements, total))
    }

    fn instances(&self) -> usize {
        INSTANCES_MAX as usize
    }

    fn tables(&self) -> usize {
        TABLES_MAX as usize
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX as usize
    }
}

fn grown(current: usize, desired: usize) -> u64 {
    desired.saturating_sub(current).try_into().unwrap_or(u64::MAX)
}

/// Beyond its own maximum a memory does not grow, and the guest is told so as in any wasm.
fn fits(desired: usize, maximum: Option<usize>) -> bool {
    maximum.is_none_or(|maximum| desired <= maximum)
}

fn take(in_use: &mut u64, total: u64) -> bool {
    *in_use = total;
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_summed_and_a_refused_growth_is_not_counted() {
        let mut allotment = Allotment::new(&Limits { memory_bytes: 100, ..Limits::default() });
        assert!(allotment.memory_growing(0, 60, None).is_ok_and(|grown| grown));
        assert!(allotment.memory_growing(0, 40, Some(10)).is_ok_and(|grown| !grown));
        assert!(allotment.memory_growing(0, 40, None).is_ok_and(|grown| grown));
        assert_eq!(allotment.memory_bytes(), 100);
        let stop = allotment.memory_growing(60, 61, None).expect_err("one over");
        assert_eq!(stop.downcast_ref::<Stop>().map(|stop| stop.code), Some(Code::GuestMemory));
    }
}
