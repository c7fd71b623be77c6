//! The compiler's own process: a component on standard input, native code on standard output, under limits it sets itself
//! before it reads the first byte.
//!
//! It runs the compiler and none of a guest's code, so its own limits can be trusted to stay.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use rustix::process::Resource;

use crate::compile::in_thread;
use crate::{confine, wasm};

/// Exit code: the bytes are no component; standard output says what the compiler said.
pub(crate) const NOT_COMPILED: u8 = 1;
/// Exit code: not started by a host, or not able to limit itself.
const NOT_STARTED: u8 = 2;
/// Exit code: out of time.
const OUT_OF_TIME: i32 = 3;
/// Exit code: the compiler panicked.
const PANICKED: u8 = 4;
/// Bytes of what the compiler may say.
pub(crate) const MESSAGE_BYTES_MAX: usize = 4096;

/// Runs the child. `words` are the parent's process id and the limits, as numbers.
pub(crate) fn run(words: impl Iterator<Item = String>) -> ExitCode {
    let numbers: Vec<u64> = words.map_while(|word| word.parse().ok()).collect();
    let [parent, memory_bytes, cpu_s, wall_s] = numbers.as_slice() else {
        return ExitCode::from(NOT_STARTED);
    };
    match confine(*parent, *memory_bytes, *cpu_s, *wall_s).and_then(|()| compile()) {
        Ok(end) => end,
        Err(_) => ExitCode::from(NOT_STARTED),
    }
}

fn confine(parent: u64, memory_bytes: u64, cpu_s: u64, wall_s: u64) -> std::io::Result<()> {
    confine::end_with_parent(u32::try_from(parent).unwrap_or_default())?;
    confine::leave_no_image()?;
    confine::limit(Resource::As, memory_bytes)?;
    confine::limit(Resource::Cpu, cpu_s)?;
    confine::limit(Resource::Fsize, 0)?;
    std::thread::Builder::new().name("handler-compile-clock".into()).spawn(move || {
        std::thread::sleep(Duration::from_secs(wall_s));
        std::process::exit(OUT_OF_TIME);
    })?;
    Ok(())
}

/// The component's size was checked by the host, and the address space holds no more than its limit.
fn compile() -> std::io::Result<ExitCode> {
    let mut component = Vec::new();
    std::io::stdin().read_to_end(&mut component)?;
    let Ok(engine) = wasm::compiler() else { return Ok(ExitCode::from(NOT_STARTED)) };
    let compiled = in_thread(|| engine.precompile_component(&component));
    let mut stdout = std::io::stdout().lock();
    match compiled {
        Ok(Ok(code)) => {
            stdout.write_all(&code)?;
            stdout.flush()?;
            Ok(ExitCode::SUCCESS)
        }
        Ok(Err(error)) => {
            let message = format!("{error:#}");
            stdout.write_all(message.as_bytes().get(..MESSAGE_BYTES_MAX).unwrap_or(message.as_bytes()))?;
            stdout.flush()?;
            Ok(ExitCode::from(NOT_COMPILED))
        }
        Err(_) => Ok(ExitCode::from(PANICKED)),
    }
}
