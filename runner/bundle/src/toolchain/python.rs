//! Python: componentize-py loads the handler's module in CPython, and the component is what the interpreter then is.

use include_dir::{Dir, include_dir};

use super::{CONTRACT, Carried, Made, Tool, Toolchain, Workshop};
use crate::error::Error;

static TEMPLATE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/python");
static SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/python/synapsor_handler");

macro_rules! sdk_file {
    ($name:literal) => {
        Carried::File(concat!("sdk/", $name), include_str!(concat!("../../../../sdk/python/", $name)))
    };
}

/// The Python that makes the environment, where it is not `python3` in `PATH`.
const COMMAND: &str = "SYNAPSOR_PYTHON";

pub(super) static PYTHON: Toolchain = Toolchain {
    language: "python",
    template: &TEMPLATE,
    sdk: &[
        sdk_file!("README.md"),
        sdk_file!("pyproject.toml"),
        sdk_file!("requirements.txt"),
        Carried::Folder("sdk/synapsor_handler", &SDK),
        CONTRACT,
    ],
    fuel: 5_000_000,
    memory_bytes: 32 * 1024 * 1024,
    tools: &[
        Tool {
            name: "python3",
            present: |workshop| workshop.succeeds(workshop.command(COMMAND, "python3").arg("--version")),
            install: "apt-get install python3",
        },
        Tool {
            name: "python3-venv",
            // Debian's Python has `venv` without the package that makes it work.
            present: |workshop| {
                let imports = ["-c", "import ensurepip, venv"];
                workshop.succeeds(workshop.command(COMMAND, "python3").args(imports))
            },
            install: "apt-get install python3-venv",
        },
    ],
    make,
};

fn make(workshop: &Workshop<'_>) -> Result<Made, Error> {
    if !workshop.folder.join(".venv/bin/componentize-py").is_file() {
        workshop.run(workshop.command(COMMAND, "python3").args(["-m", "venv", "--clear", ".venv"]))?;
        let pip =
            ["install", "--quiet", "--disable-pip-version-check", "--requirement", "sdk/requirements.txt"];
        workshop.run(workshop.of_project(".venv/bin/pip").args(pip))?;
    }
    let output = workshop.output_in("build", "handler.wasm")?;
    let mut componentize = workshop.of_project(".venv/bin/componentize-py");
    componentize
        .args(["--quiet", "--wit-path", "wit", "--world", "proposer", "componentize", "--stub-wasi"])
        .args(["--python-path", "sdk", "--python-path", ".", "--output"])
        .arg(&output)
        .arg("synapsor_handler.component");
    workshop.run(&mut componentize)?;
    Ok(Made::Component(workshop.made(&output)?))
}
