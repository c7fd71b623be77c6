//! Bindings of the `proposer` world, as the SDKs commit them. Generated here and not in each guest's build, which would
//! cost every guest build the generator.

use std::path::Path;

use anyhow::{Context, Result, bail};
use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator};

/// The Go SDK carries the generator's small runtime in a folder of its own, so that a handler needs no module proxy.
const GO_RUNTIME: (&str, &str) = ("go.bytecodealliance.org/pkg/wit", "synapsor/handler/internal/wit");

/// The Go SDK's own module, which holds the bindings as a library.
const GO_PACKAGE: &str = "synapsor/handler/internal/bindings";

/// Writes the bindings of one language into a folder.
pub(crate) fn generate(language: &Path, wit: &Path, folder: &Path) -> Result<()> {
    let mut generator = match language.to_str() {
        Some("rust") => rust(),
        Some("c") => c(),
        Some("go") => go(),
        _ => bail!("bindings are made for `rust`, `c` and `go`, found `{}`", language.display()),
    };
    let mut resolve = Resolve::default();
    let (package, _) =
        resolve.push_dir(wit).with_context(|| format!("`{}` does not parse", wit.display()))?;
    let world = resolve.select_world(&[package], Some("proposer"))?;
    let mut files = Files::default();
    generator.generate(&mut resolve, world, &mut files)?;
    for (name, contents) in files.iter() {
        let path = folder.join(file_name(language, name));
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let contents = match std::str::from_utf8(contents) {
            Ok(text) if name.ends_with(".go") => text.replace(GO_RUNTIME.0, GO_RUNTIME.1).into_bytes(),
            _ => contents.to_vec(),
        };
        std::fs::write(&path, contents).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(())
}

/// Rust's one file has the name of the module it is.
fn file_name<'a>(language: &Path, name: &'a str) -> &'a str {
    if language.as_os_str() == "rust" { "bindings.rs" } else { name }
}

fn rust() -> Box<dyn WorldGenerator> {
    let options = wit_bindgen_rust::Opts {
        format: true,
        generate_all: true,
        pub_export_macro: true,
        export_macro_name: Some("export_proposer".to_owned()),
        default_bindings_module: Some("$crate::bindings".to_owned()),
        additional_derive_attributes: vec!["PartialEq".to_owned()],
        ..Default::default()
    };
    Box::new(options.build())
}

/// The world's types travel in an object file beside the source, which the linker puts into the module.
fn c() -> Box<dyn WorldGenerator> {
    wit_bindgen_c::Opts::default().build()
}

/// Not formatted here: the caller has the compiler and with it the formatter.
fn go() -> Box<dyn WorldGenerator> {
    wit_bindgen_go::Opts {
        format: wit_bindgen_go::Format::False,
        pkg_name: Some(GO_PACKAGE.to_owned()),
        quiet: true,
        ..Default::default()
    }
    .build()
}
