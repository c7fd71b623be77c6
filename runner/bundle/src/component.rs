//! A core module becomes a component of the contract's world; what a language's runtime asks of WASI is answered inside it.
//!
//! Invariant: an import that neither the world nor the stand-in for WASI answers is refused here, and not first by the
//! runner.

use std::fmt::Display;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata, metadata};
use wit_parser::{PackageId, Resolve};

use crate::error::Error;
use crate::toolchain::Made;

/// The contract, whose world is `proposer`.
const CONTRACT: &str = include_str!("../../../wit/v0_1/handler.wit");

/// The stand-in for WASI, and the module its functions are imported from.
const WASI: &str = include_str!("../../../handlers/pack/wasi.wat");
const WASI_MODULE: &str = "wasi_snapshot_preview1";
/// All that it may import.
const WASI_WORLD: &str = "package synapsor:build; world wasi { import synapsor:handler/log@0.1.0; }";

/// What the tools made, as a component.
pub(crate) fn component(made: Made) -> Result<Vec<u8>, Error> {
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    match made {
        Made::Component(component) => return Ok(component),
        Made::Core(module) => {
            encoder.module(&module).map_err(no_component)?;
        }
        Made::CoreOnWasi(module) => {
            encoder.module(&with_world(module)?).map_err(no_component)?;
            encoder.adapter(WASI_MODULE, &wasi()?).map_err(no_component)?;
        }
    }
    encoder.encode().map_err(no_component)
}

/// The bindings of C put the world into the module; for Go it is put there here.
fn with_world(mut module: Vec<u8>) -> Result<Vec<u8>, Error> {
    let (of_bindings, _) = metadata::decode(&module).map_err(no_component)?;
    if of_bindings.is_none() {
        let mut resolve = Resolve::default();
        let contract = resolve.push_str("handler.wit", CONTRACT).map_err(no_component)?;
        embed(&mut module, &resolve, contract, "proposer")?;
    }
    Ok(module)
}

/// The stand-in as an adapter: a core module that says what it imports.
fn wasi() -> Result<Vec<u8>, Error> {
    let mut adapter = wat::parse_str(WASI).map_err(no_component)?;
    let mut resolve = Resolve::default();
    resolve.push_str("handler.wit", CONTRACT).map_err(no_component)?;
    let package = resolve.push_str("wasi.wit", WASI_WORLD).map_err(no_component)?;
    embed(&mut adapter, &resolve, package, "wasi")?;
    Ok(adapter)
}

/// Puts a package's world into a module.
fn embed(module: &mut Vec<u8>, resolve: &Resolve, package: PackageId, world: &str) -> Result<(), Error> {
    let world = resolve.select_world(&[package], Some(world)).map_err(no_component)?;
    embed_component_metadata(module, resolve, world, StringEncoding::UTF8, false).map_err(no_component)
}

fn no_component(error: impl Display) -> Error {
    Error::NotAComponent(format!("{error:#}"))
}
