//! How long a start takes that finds its handlers compiled: ten components, each a file of its own in the cache.

use std::time::{Duration, Instant};

use synapsor_handler_host::{CacheSettings, EngineSettings, HandlerEngine};
use synapsor_protocol::Digest;

use crate::sample::Sample;

const HANDLERS: u32 = 10;
/// As many as a runner loads at once.
const AT_ONCE: usize = 2;
/// What a start may take.
const MOST: Duration = Duration::from_millis(50);
const WARM_STARTS: u32 = 9;

pub(crate) fn cache_in(folder: &tempfile::TempDir) -> CacheSettings {
    CacheSettings {
        folder: folder.path().join("cache"),
        key_file: folder.path().join("key"),
        bytes_max: CacheSettings::BYTES_MAX,
    }
}

/// The engine's own start is not counted; the first pass compiles.
pub(crate) fn print_warm_start(name: &str) {
    let Some(sample) = Sample::find(name) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let components: Vec<Vec<u8>> = (0..HANDLERS).map(|number| numbered(&sample.component, number)).collect();
    let (components, limits) = (&components, sample.limits);
    let start = || {
        let settings = EngineSettings { cache: Some(cache_in(&folder)), ..EngineSettings::default() };
        let engine = &HandlerEngine::new(settings).expect("wasm runs here");
        let started = Instant::now();
        std::thread::scope(|scope| {
            for some in components.chunks(components.len().div_ceil(AT_ONCE)) {
                scope.spawn(move || {
                    for component in some {
                        engine.load(component, &Digest::of_bytes(component), limits).expect("loads");
                    }
                });
            }
        });
        started.elapsed()
    };
    let cold = start();
    let mut warm: Vec<_> = (0..WARM_STARTS).map(|_| start()).collect();
    warm.sort();
    let median = warm[warm.len() / 2];
    let kept = if median <= MOST { "within" } else { "OVER" };
    println!(
        "{HANDLERS} times {name}: {cold:.1?} compiled, {median:.1?} from the cache ({:.1?} to {:.1?}), {kept} {MOST:?}",
        warm[0],
        warm[warm.len() - 1],
    );
}

/// The same program with another digest: a custom section named `n` follows, and nobody reads it.
fn numbered(component: &[u8], number: u32) -> Vec<u8> {
    let mut numbered = component.to_vec();
    numbered.extend([0, 6, 1, b'n']);
    numbered.extend(number.to_le_bytes());
    numbered
}
