//! The components of every version of the contract keep running, with the answers they always gave.

use std::fs;
use std::path::Path;

use synapsor_bundle::validate;
use synapsor_protocol::Digest;

use crate::copy::engine;

/// The frozen component of each version, by its digest: a file that was built again is not the frozen one.
const FROZEN: &[(&str, &str)] =
    &[("0.1.0", "sha256:a763ec3a74333efb6efc6f43fe2e59788fb44479b6fa20b1ae216fbe99822ce9")];

#[tokio::test]
async fn the_component_of_every_version_still_gives_the_answers_it_gave() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/frozen");
    let kept = fs::read_dir(&folder).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
    assert_eq!(kept, FROZEN.len(), "a version is frozen for ever, and named here");
    for (version, digest) in FROZEN {
        let report = validate(&folder.join(version), engine()).await;
        assert_eq!(report.problems, [], "{version}");
        assert!(!report.cases.is_empty(), "{version}");
        assert_eq!(report.component_digest.as_ref().map(Digest::as_str), Some(*digest), "{version}");
    }
}
