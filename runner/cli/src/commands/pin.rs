//! `synapsor validate --write-digest`: writes the digest of the component that is there where another one is pinned.
//!
//! Pinning says "this component is the reviewed one"; it is never done unasked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use synapsor_bundle::Problem;
use synapsor_config::Logic;
use synapsor_protocol::{Code, Digest, Refusal};

use crate::settings::{read_config, usable};

/// The manifest's name in a bundle.
const MANIFEST: &str = "handler.json";

/// Pins in a bundle's manifest, or in a config for every bundle it names. How many pins were written.
pub(crate) fn write(path: &Path) -> Result<usize, Refusal> {
    if path.is_dir() {
        manifest(path)
    } else if super::validate::is_archive(path) {
        Err(Refusal::new(
            Code::InvalidInput,
            format!("`{}` is an archive, which is never changed", path.display()),
        )
        .hint("pin in the bundle's folder, then pack it again"))
    } else {
        config(path)
    }
}

fn manifest(bundle: &Path) -> Result<usize, Refusal> {
    let path = bundle.join(MANIFEST);
    let text = read_config(&path)?;
    let document: serde_json::Value = serde_json::from_str(&text)
        .map_err(|_| Refusal::new(Code::HandlerInvalid, format!("`{}` is not JSON", path.display())))?;
    let pinned = document.pointer("/component/digest").and_then(|digest| digest.as_str()).unwrap_or_default();
    let pinned = Digest::try_from(pinned.to_owned())
        .map_err(|error| Refusal::new(Code::HandlerInvalid, format!("`{}`: {error}", path.display())))?;
    let found = component(bundle)?;
    if found == pinned {
        return Ok(0);
    }
    let repinned = synapsor_bundle::repinned(&text, &pinned, &found).ok_or_else(|| {
        Refusal::new(Code::HandlerInvalid, format!("`{}` names its digest more than once", path.display()))
    })?;
    save(&path, &repinned).map(|()| 1)
}

fn config(path: &Path) -> Result<usize, Refusal> {
    let text = read_config(path)?;
    let config = usable(path, synapsor_config::check(&text))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut wanted: BTreeMap<Digest, (Digest, PathBuf)> = BTreeMap::new();
    let tried: Vec<_> =
        config.capabilities.iter().filter_map(|capability| capability.with_candidate()).collect();
    for capability in config.capabilities.iter().map(AsRef::as_ref).chain(&tried) {
        let Some(Logic::Handler(grant)) = capability.proposal.as_ref().map(|rules| &rules.logic) else {
            continue;
        };
        let found = component(&folder.join(&grant.bundle))?;
        let (known, bundle) =
            wanted.entry(grant.digest.clone()).or_insert_with(|| (found.clone(), grant.bundle.clone()));
        if *known != found {
            return Err(Refusal::new(
                Code::ConfigInvalid,
                format!(
                    "`{}` and `{}` are pinned by one digest and hold different components",
                    bundle.display(),
                    grant.bundle.display()
                ),
            )
            .hint("pin one of them by hand first"));
        }
    }
    replace(path, &text, wanted.into_iter().map(|(pinned, (found, _))| (pinned, found)).collect())
}

fn component(bundle: &Path) -> Result<Digest, Refusal> {
    synapsor_bundle::component_digest(bundle).map_err(|problems| {
        problems
            .first()
            .map_or_else(|| Refusal::bug("a bundle was refused without a problem"), Problem::refusal)
    })
}

/// Everything but the digests stays as it was written, spacing and order included.
fn replace(path: &Path, text: &str, wanted: BTreeMap<Digest, Digest>) -> Result<usize, Refusal> {
    let changed: Vec<_> = wanted.into_iter().filter(|(pinned, found)| pinned != found).collect();
    let text = changed
        .iter()
        .fold(text.to_owned(), |text, (pinned, found)| text.replace(pinned.as_str(), found.as_str()));
    if !changed.is_empty() {
        save(path, &text)?;
    }
    Ok(changed.len())
}

fn save(path: &Path, text: &str) -> Result<(), Refusal> {
    synapsor_bundle::write_whole(path, text.as_bytes()).map_err(|error| error.refusal())
}
