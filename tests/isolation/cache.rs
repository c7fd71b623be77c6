//! The cache as an engine uses it: a warm start compiles nothing, and a file somebody else made is never mapped.

use std::fs;
use std::path::{Path, PathBuf};

use synapsor_handler_host::{
    CacheSettings, Compile, CompileLimits, EngineSettings, Error, Handler, Helper, Limits,
};
use synapsor_protocol::{Code, Digest};

use crate::process::{engine, settings};
use crate::support::{call, guest, no_reads};

fn cached(folder: &Path, settings: EngineSettings) -> EngineSettings {
    let cache = CacheSettings {
        folder: folder.join("handler-cache"),
        key_file: folder.join("handler-cache.key"),
        bytes_max: CacheSettings::BYTES_MAX,
    };
    EngineSettings { cache: Some(cache), ..settings }
}

/// Compiles in a child of the binary.
fn compiling(folder: &Path) -> EngineSettings {
    cached(folder, settings(CompileLimits::default()))
}

/// Has nothing that could compile.
fn warm_only(folder: &Path) -> EngineSettings {
    let compile =
        Compile::InChild { helper: Helper::new("/nowhere/synapsor"), limits: CompileLimits::default() };
    cached(folder, EngineSettings { compile, slots: 4, threads: 2, ..EngineSettings::default() })
}

fn load(settings: EngineSettings, component: &[u8]) -> Result<Handler, Error> {
    engine(settings).load(component, &Digest::of_bytes(component), Limits::default())
}

fn file(folder: &Path) -> PathBuf {
    let files: Vec<_> = fs::read_dir(folder.join("handler-cache"))
        .expect("the cache is there")
        .map(|entry| entry.expect("is listed").path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

#[tokio::test]
async fn a_warm_start_compiles_nothing_and_answers_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let component = guest("waives_fee");
    let cold = load(compiling(folder.path()), &component).expect("compiles");
    let warm = load(warm_only(folder.path()), &component).expect("is in the cache");
    let cold = cold.propose(call(), no_reads()).await.expect("answers");
    let warm = warm.propose(call(), no_reads()).await.expect("answers");
    assert_eq!((cold.answer, cold.usage.fuel), (warm.answer, warm.usage.fuel));
}

#[test]
fn the_forged_cache_file_is_refused_compiled_anew_and_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let component = guest("refuses");
    load(compiling(folder.path()), &component).expect("compiles");
    let path = file(folder.path());
    let whole = fs::read(&path).expect("is ours");
    let mut forged = whole.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    for bytes in [forged.as_slice(), &whole[..whole.len() / 2], b"", b"\x7fELF"] {
        fs::write(&path, bytes).expect("is ours");
        let error =
            load(warm_only(folder.path()), &component).expect_err("nothing to map, nobody to compile");
        assert_eq!(error.refusal().code, Code::HandlerNotLoaded, "{error}");
        load(compiling(folder.path()), &component).expect("compiles anew");
        load(warm_only(folder.path()), &component).expect("the file was replaced");
    }
}

#[test]
fn code_sealed_with_another_key_is_refused() {
    let [ours, theirs] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let component = guest("refuses");
    for folder in [&ours, &theirs] {
        load(compiling(folder.path()), &component).expect("compiles");
    }
    fs::copy(file(theirs.path()), file(ours.path())).expect("is ours");
    assert!(load(warm_only(ours.path()), &component).is_err());
}

#[test]
fn a_cache_that_cannot_be_used_costs_time_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("handler-cache"), "a file in the folder's place").expect("is ours");
    load(compiling(folder.path()), &guest("refuses")).expect("compiles");
}
