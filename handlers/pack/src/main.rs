//! `synapsor-pack`: a guest's core module becomes a component, and the contract becomes the bindings of an SDK.

mod bindings;
mod component;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: synapsor-pack component CORE.wasm WIT-FOLDER COMPONENT.wasm
       synapsor-pack bindings rust|c|go WIT-FOLDER BINDINGS-FOLDER";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let arguments: Vec<&Path> = arguments.iter().map(Path::new).collect();
    let done = match arguments.as_slice() {
        [command, core, wit, to] if is(command, "component") => component::pack(core, wit, to),
        [command, language, wit, to] if is(command, "bindings") => bindings::generate(language, wit, to),
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

fn is(argument: &Path, word: &str) -> bool {
    argument.as_os_str() == word
}
