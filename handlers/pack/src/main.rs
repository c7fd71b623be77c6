//! `synapsor-pack`: a guest's core module becomes a component, and the contract becomes the Rust SDK's bindings.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use wit_bindgen_core::{Files, WorldGenerator, wit_parser::Resolve};
use wit_component::ComponentEncoder;

const USAGE: &str = "usage: synapsor-pack component CORE.wasm COMPONENT.wasm
       synapsor-pack bindings WIT-FOLDER BINDINGS.rs";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [command, from, to] = arguments.as_slice() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let done = match command.to_str() {
        Some("component") => pack(Path::new(from), Path::new(to)),
        Some("bindings") => generate(Path::new(from), Path::new(to)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("synapsor-pack: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The module's world is in a custom section that the bindings put there; no adapter is linked, so a module that needs
/// WASI is refused here and not first by the runner.
fn pack(core: &Path, component: &Path) -> Result<()> {
    let module = std::fs::read(core).with_context(|| format!("cannot read `{}`", core.display()))?;
    let packed = ComponentEncoder::default()
        .module(&module)
        .with_context(|| format!("`{}` is not a core module with a world", core.display()))?
        .validate(true)
        .encode()
        .with_context(|| format!("`{}` does not fit its world", core.display()))?;
    std::fs::write(component, packed).with_context(|| format!("cannot write `{}`", component.display()))
}

/// Bindings of the `proposer` world, as they are committed in `sdk/rust/src/bindings.rs`. Generated here and not by a
/// macro in each guest, which would cost every guest build the macro's dependencies.
fn generate(wit: &Path, bindings: &Path) -> Result<()> {
    let mut resolve = Resolve::default();
    let (package, _) =
        resolve.push_dir(wit).with_context(|| format!("`{}` does not parse", wit.display()))?;
    let world = resolve.select_world(&[package], Some("proposer"))?;
    let options = wit_bindgen_rust::Opts {
        format: true,
        generate_all: true,
        pub_export_macro: true,
        export_macro_name: Some("export_proposer".to_owned()),
        default_bindings_module: Some("$crate::bindings".to_owned()),
        additional_derive_attributes: vec!["PartialEq".to_owned()],
        ..Default::default()
    };
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files)?;
    let (_, source) = files.iter().next().context("nothing was generated")?;
    std::fs::write(bindings, source).with_context(|| format!("cannot write `{}`", bindings.display()))
}
