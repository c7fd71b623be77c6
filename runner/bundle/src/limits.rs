//! What a handler is loaded with: what the config grants, and no more than the manifest says it needs.

use synapsor_config::{HandlerGrant, HandlerLimits, WasiGrant};
use synapsor_handler_host::{Allowance, Limits, Wasi};

use crate::manifest::{LimitsNeed, Manifest};

/// What a granted handler is loaded with: its limits, and WASI where manifest and config both say so.
pub fn running_allowance(manifest: &Manifest, granted: &HandlerGrant) -> Allowance {
    let wasi = manifest.wasi.and(granted.wasi);
    Allowance { limits: running_limits(manifest, &granted.limits), wasi: linked(wasi) }
}

/// What a validation loads it with: exactly what the manifest asks for.
pub(crate) fn needed_allowance(manifest: &Manifest) -> Allowance {
    Allowance { limits: needed_limits(&manifest.limits), wasi: linked(manifest.wasi) }
}

fn linked(wasi: Option<WasiGrant>) -> Wasi {
    match wasi {
        None => Wasi::None,
        Some(WasiGrant::DenyAll) => Wasi::DenyAll,
    }
}

/// The limits a granted handler runs with, limit by limit: the config's, or the runner's default where it sets none; but
/// never more than the manifest asks for. The engine caps them by its own maxima.
pub fn running_limits(manifest: &Manifest, granted: &HandlerLimits) -> Limits {
    let (granted, need) = (granted_limits(granted), &manifest.limits);
    Limits {
        fuel: granted.fuel.min(need.fuel.unwrap_or(u64::MAX)),
        memory_bytes: granted.memory_bytes.min(need.memory_bytes.unwrap_or(u64::MAX)),
        timeout_ms: granted.timeout_ms.min(need.timeout_ms.unwrap_or(u64::MAX)),
        reads_max: granted.reads_max.min(need.reads_max.unwrap_or(u32::MAX)),
        output_bytes: granted.output_bytes.min(need.output_bytes.unwrap_or(u64::MAX)),
        ..granted
    }
}

/// The manifest's limits, and the runner's defaults where it names none.
fn needed_limits(need: &LimitsNeed) -> Limits {
    let default = Limits::default();
    Limits {
        fuel: need.fuel.unwrap_or(default.fuel),
        memory_bytes: need.memory_bytes.unwrap_or(default.memory_bytes),
        timeout_ms: need.timeout_ms.unwrap_or(default.timeout_ms),
        reads_max: need.reads_max.unwrap_or(default.reads_max),
        output_bytes: need.output_bytes.unwrap_or(default.output_bytes),
        ..default
    }
}

/// What a config grants.
pub(crate) fn granted_limits(granted: &HandlerLimits) -> Limits {
    let HandlerLimits { fuel, memory_bytes, timeout_ms, reads_max, output_bytes } = *granted;
    needed_limits(&LimitsNeed { fuel, memory_bytes, timeout_ms, reads_max, output_bytes })
}

/// The needs beyond a limit: name, need, limit.
pub(crate) fn beyond(need: &LimitsNeed, limits: &Limits) -> Vec<(&'static str, u64, u64)> {
    let all = [
        ("fuel", need.fuel, limits.fuel),
        ("memory_bytes", need.memory_bytes, limits.memory_bytes),
        ("timeout_ms", need.timeout_ms, limits.timeout_ms),
        ("reads_max", need.reads_max.map(u64::from), u64::from(limits.reads_max)),
        ("output_bytes", need.output_bytes, limits.output_bytes),
    ];
    all.into_iter()
        .filter_map(|(name, need, limit)| Some((name, need?, limit)))
        .filter(|(_, need, limit)| need > limit)
        .collect()
}
