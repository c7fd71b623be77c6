//! Pinning: what the command line needs to write a component's digest into a manifest or a config.

use std::path::Path;

use synapsor_protocol::Digest;

use crate::bundle::MANIFEST_FILE;
use crate::document;
use crate::folder::{COMPONENT_BYTES_MAX, MANIFEST_BYTES_MAX};
use crate::holding::Holding;
use crate::problem::Problem;

/// The digest of the component a bundle holds, whatever its manifest or a config pins.
///
/// # Errors
/// When the manifest is not valid or the component cannot be read.
pub fn component_digest(path: &Path) -> Result<Digest, Vec<Problem>> {
    let one = |problem| vec![problem];
    let holding = Holding::open(path).map_err(one)?;
    let bytes = holding.read(MANIFEST_FILE, MANIFEST_BYTES_MAX).map_err(one)?;
    let manifest = document::manifest(MANIFEST_FILE, &bytes)?;
    let component = holding.read(&manifest.component.file, COMPONENT_BYTES_MAX).map_err(one)?;
    Ok(Digest::of_bytes(&component))
}

/// The text of a manifest with another digest in place of the pinned one; everything else stays byte for byte, spacing
/// included. `None` where the text does not hold the pinned digest exactly once.
pub fn repinned(text: &str, pinned: &Digest, digest: &Digest) -> Option<String> {
    let mut parts = text.split(pinned.as_str());
    match (parts.next(), parts.next(), parts.next()) {
        (Some(before), Some(after), None) => Some(format!("{before}{digest}{after}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_digest_changes_and_only_where_it_is_clear_which() {
        let (old, new) = (Digest::of_bytes(b"old"), Digest::of_bytes(b"new"));
        let text = format!("{{ \"digest\":\t\"{old}\" }}\n");
        assert_eq!(repinned(&text, &old, &new), Some(format!("{{ \"digest\":\t\"{new}\" }}\n")));
        assert_eq!(repinned(&text, &new, &old), None);
        assert_eq!(repinned(&format!("{old} {old}"), &old, &new), None);
    }
}
