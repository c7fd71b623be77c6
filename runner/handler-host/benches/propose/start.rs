//! How long a start takes that finds its handlers compiled: ten components, each a file of its own in the cache.

use std::time::Instant;

use synapsor_handler_host::{CacheSettings, EngineSettings, HandlerEngine};
use synapsor_protocol::Digest;

use crate::sample::Sample;

const HANDLERS: u32 = 10;

/// The engine's own start is not counted; the first pass compiles.
pub(crate) fn print_warm_start(name: &str) {
    let Some(sample) = Sample::find(name) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let cache = CacheSettings {
        folder: folder.path().join("cache"),
        key_file: folder.path().join("key"),
        bytes_max: CacheSettings::BYTES_MAX,
    };
    let components: Vec<Vec<u8>> = (0..HANDLERS).map(|number| numbered(&sample.component, number)).collect();
    let start = || {
        let settings = EngineSettings { cache: Some(cache.clone()), ..EngineSettings::default() };
        let engine = HandlerEngine::new(settings).expect("wasm runs here");
        let started = Instant::now();
        for component in &components {
            engine.load(component, &Digest::of_bytes(component), sample.limits).expect("loads");
        }
        started.elapsed()
    };
    let (cold, warm) = (start(), start());
    println!("{HANDLERS} times {name}: {cold:.1?} compiled, {warm:.1?} from the cache");
}

/// The same program with another digest: a custom section named `n` follows, and nobody reads it.
fn numbered(component: &[u8], number: u32) -> Vec<u8> {
    let mut numbered = component.to_vec();
    numbered.extend([0, 6, 1, b'n']);
    numbered.extend(number.to_le_bytes());
    numbered
}
