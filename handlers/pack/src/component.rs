//! A core module becomes a component of the world that its bindings named in it.
//!
//! `synapsor handler build` does the same in `runner/bundle/src/component.rs`, and the two share no code on purpose: this
//! package's own lock file decides the bytes of the components that are committed here and pinned by digest. With the host's
//! versions an update of the host would change every one of them.

use std::path::Path;

use anyhow::{Context, Result};
use wit_bindgen_core::wit_parser::{PackageId, Resolve};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata, metadata};

/// Answers a language runtime's WASI calls inside the component.
const WASI: &str = include_str!("../wasi.wat");

/// What that adapter may import.
const WASI_WORLD: &str = "package synapsor:pack; world wasi { import synapsor:handler/log@0.1.0; }";

/// The module's world is in a custom section that the bindings of Rust and C put there; for Go it is put there here.
///
/// The adapter is linked only where the module asks for WASI, and answers all of it, so that a component never imports
/// any.
pub(crate) fn pack(core: &Path, wit: &Path, component: &Path) -> Result<()> {
    let mut module = std::fs::read(core).with_context(|| format!("cannot read `{}`", core.display()))?;
    let (of_bindings, _) =
        metadata::decode(&module).with_context(|| format!("`{}` is not a core module", core.display()))?;
    if of_bindings.is_none() {
        let (resolve, package) = contract(wit)?;
        let world = resolve.select_world(&[package], Some("proposer"))?;
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    }
    let packed = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .with_context(|| format!("`{}` is not a core module with a world", core.display()))?
        .adapter("wasi_snapshot_preview1", &adapter(wit)?)?
        .encode()
        .with_context(|| format!("`{}` does not fit its world", core.display()))?;
    std::fs::write(component, packed).with_context(|| format!("cannot write `{}`", component.display()))
}

fn contract(wit: &Path) -> Result<(Resolve, PackageId)> {
    let mut resolve = Resolve::default();
    let (package, _) =
        resolve.push_dir(wit).with_context(|| format!("`{}` does not parse", wit.display()))?;
    Ok((resolve, package))
}

fn adapter(wit: &Path) -> Result<Vec<u8>> {
    let (mut resolve, _) = contract(wit)?;
    let package = resolve.push_str("wasi.wit", WASI_WORLD)?;
    let world = resolve.select_world(&[package], Some("wasi"))?;
    let mut adapter = wat::parse_str(WASI)?;
    embed_component_metadata(&mut adapter, &resolve, world, StringEncoding::UTF8, false)?;
    Ok(adapter)
}
