//! JavaScript and TypeScript: the SDK's `componentize.mjs` bundles the handler and puts it into QuickJS.

use include_dir::{Dir, include_dir};

use super::{CONTRACT, Carried, Made, Tool, Toolchain, Workshop};
use crate::error::Error;

static JAVASCRIPT_TEMPLATE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/javascript");
static TYPESCRIPT_TEMPLATE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/typescript");
static SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/javascript/src");

macro_rules! sdk_file {
    ($name:literal) => {
        Carried::File(concat!("sdk/", $name), include_str!(concat!("../../../../sdk/javascript/", $name)))
    };
}

const CARRIED: &[Carried] = &[
    sdk_file!("README.md"),
    sdk_file!("componentize.mjs"),
    sdk_file!("integers.mjs"),
    sdk_file!("package.json"),
    sdk_file!("package-lock.json"),
    sdk_file!("tsconfig.json"),
    Carried::Folder("sdk/src", &SDK),
    CONTRACT,
];

const TOOLS: &[Tool] = &[
    Tool {
        name: "node 20",
        present: |workshop| {
            let recent = "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)";
            workshop.succeeds(workshop.in_path("node").args(["--eval", recent]))
        },
        install: "apt-get install nodejs, or the installer of https://nodejs.org",
    },
    Tool {
        name: "npm",
        present: |workshop| workshop.succeeds(workshop.in_path("npm").arg("--version")),
        install: "apt-get install npm; the installer of https://nodejs.org brings it",
    },
];

pub(super) static JAVASCRIPT: Toolchain = Toolchain {
    language: "javascript",
    template: &JAVASCRIPT_TEMPLATE,
    sdk: CARRIED,
    fuel: 5_000_000,
    memory_bytes: 8 * 1024 * 1024,
    tools: TOOLS,
    make: |workshop| make(workshop, "handler.js"),
};

pub(super) static TYPESCRIPT: Toolchain = Toolchain {
    language: "typescript",
    template: &TYPESCRIPT_TEMPLATE,
    make: |workshop| make(workshop, "handler.ts"),
    ..JAVASCRIPT
};

fn make(workshop: &Workshop<'_>, entry: &str) -> Result<Made, Error> {
    if !workshop.folder.join("sdk/node_modules/componentize-qjs").is_dir() {
        // Not `ci`: componentize-qjs names packages for other systems that are not published, and `ci` insists on them.
        let mut npm = workshop.in_path("npm");
        npm.args("install --prefix sdk --no-save --no-audit --no-fund --loglevel error".split(' '));
        workshop.run(&mut npm)?;
    }
    let output = workshop.output_in("build", "handler.wasm")?;
    let mut node = workshop.in_path("node");
    node.args(["sdk/componentize.mjs", "--wit", "wit", entry]).arg(&output);
    workshop.run(&mut node)?;
    Ok(Made::Component(workshop.made(&output)?))
}
