//! The cache against files that were changed, swapped, cut or put there by somebody else.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

const ENGINE: [u8; 32] = [1; 32];

struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn settings(&self) -> CacheSettings {
        CacheSettings {
            folder: self.folder.path().join("code"),
            key_file: self.folder.path().join("key"),
            bytes_max: 10_000,
        }
    }

    fn cache(&self) -> Cache {
        self.cache_for(ENGINE)
    }

    fn cache_for(&self, engine: [u8; 32]) -> Cache {
        Cache::open_for(&self.settings(), blake3::Hash::from_bytes(engine)).expect("opens")
    }
}

#[expect(clippy::disallowed_methods, reason = "never mapped")]
fn code(bytes: &[u8]) -> Code {
    Code::vouched_for(bytes.to_vec())
}

fn digest(of: &str) -> Digest {
    Digest::of_bytes(of.as_bytes())
}

#[test]
fn what_is_kept_is_found_by_the_next_start_and_by_nothing_else() {
    let world = World::new();
    world.cache().keep(&digest("a"), &code(b"native code"));
    assert_eq!(world.cache().find(&digest("a")), Some(code(b"native code")));
    assert_eq!(world.cache().find(&digest("b")), None);
    assert_eq!(world.cache_for([2; 32]).find(&digest("a")), None, "another engine");
}

#[test]
fn a_forged_or_damaged_file_is_refused_and_replaced() {
    let world = World::new();
    let cache = world.cache();
    cache.keep(&digest("a"), &code(b"native code"));
    let path = cache.path(&digest("a"));
    let whole = fs::read(&path).expect("is there");
    let forged = |at: usize| {
        let mut forged = whole.clone();
        forged[at] ^= 1;
        forged
    };
    let mut wrong: Vec<Vec<u8>> = (0..whole.len()).map(forged).collect();
    wrong.extend((0..whole.len()).map(|length| whole[..length].to_vec()));
    wrong.push([whole.as_slice(), b"more"].concat());
    for bytes in wrong {
        fs::write(&path, &bytes).expect("is ours");
        assert_eq!(cache.find(&digest("a")), None, "{bytes:?}");
    }
    cache.keep(&digest("a"), &code(b"native code"));
    assert_eq!(fs::read(&path).expect("is there"), whole);
}

#[test]
fn a_file_of_another_component_or_another_engine_or_another_key_is_refused() {
    let world = World::new();
    let cache = world.cache();
    let place = cache.path(&digest("a"));
    let put = |from: &Cache, of: &str| {
        from.keep(&digest(of), &code(b"native code"));
        let file = fs::read(from.path(&digest(of))).expect("is there");
        fs::write(&place, file).expect("is ours");
    };
    put(&cache, "b");
    assert_eq!(cache.find(&digest("a")), None, "another component");
    put(&world.cache_for([2; 32]), "a");
    assert_eq!(cache.find(&digest("a")), None, "another engine");
    put(&World::new().cache(), "a");
    assert_eq!(cache.find(&digest("a")), None, "another key");
    put(&cache, "a");
    assert_eq!(cache.find(&digest("a")), Some(code(b"native code")));
}

#[test]
fn a_folder_key_or_file_that_others_can_reach_is_not_used() {
    let world = World::new();
    let cache = world.cache();
    cache.keep(&digest("a"), &code(b"native code"));
    let settings = world.settings();
    let engine = blake3::Hash::from_bytes(ENGINE);
    for path in [&settings.folder, &settings.key_file] {
        let before = fs::metadata(path).expect("is there").permissions();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("is ours");
        assert!(matches!(Cache::open_for(&settings, engine), Err(Problem::NotPrivate { .. })), "{path:?}");
        fs::set_permissions(path, before).expect("is ours");
    }
    fs::set_permissions(cache.path(&digest("a")), fs::Permissions::from_mode(0o640)).expect("is ours");
    assert_eq!(world.cache().find(&digest("a")), None);
}

#[test]
fn a_link_in_the_place_of_the_folder_the_key_or_a_file_is_not_followed() {
    let world = World::new();
    world.cache().keep(&digest("a"), &code(b"native code"));
    let settings = world.settings();
    let engine = blake3::Hash::from_bytes(ENGINE);
    let linked = |path: &Path| {
        let aside = path.with_extension("aside");
        fs::rename(path, &aside).expect("is ours");
        symlink(&aside, path).expect("is ours");
    };
    linked(&world.cache().path(&digest("a")));
    assert_eq!(world.cache().find(&digest("a")), None);
    linked(&settings.key_file);
    assert!(Cache::open_for(&settings, engine).is_err());
    fs::remove_file(&settings.key_file).expect("is ours");
    linked(&settings.folder);
    assert!(Cache::open_for(&settings, engine).is_err());
}

#[test]
fn a_key_that_is_no_key_is_refused_and_left_alone() {
    let world = World::new();
    let settings = world.settings();
    drop(world.cache());
    for bytes in [b"".as_slice(), &[0; 31], &[0; 33]] {
        fs::write(&settings.key_file, bytes).expect("is ours");
        assert!(Cache::open_for(&settings, blake3::Hash::from_bytes(ENGINE)).is_err(), "{bytes:?}");
        assert_eq!(fs::read(&settings.key_file).expect("is there"), bytes);
    }
}

#[test]
fn past_its_size_the_cache_drops_the_oldest_and_what_a_killed_runner_left() {
    let world = World::new();
    let cache = world.cache();
    fs::write(world.settings().folder.join("left-half-written"), [0; 4_000]).expect("is ours");
    for of in ["a", "b", "c"] {
        cache.keep(&digest(of), &code(&[7; 4_000]));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let found = ["a", "b", "c"].map(|of| cache.find(&digest(of)).is_some());
    assert_eq!(found, [false, true, true]);
    assert!(!world.settings().folder.join("left-half-written").exists());
}

#[test]
fn runners_that_start_at_once_share_one_key_and_one_file() {
    let world = World::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let cache = world.cache();
                cache.keep(&digest("a"), &code(b"native code"));
                assert_eq!(cache.find(&digest("a")), Some(code(b"native code")));
            });
        }
    });
    assert_eq!(fs::read_dir(world.settings().folder).expect("a folder").count(), 1);
}
