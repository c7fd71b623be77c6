//! What the room's tests work with, except that every engine here runs its guests in a worker.

use synapsor_handler_host::{EngineSettings, Handler, HandlerEngine, Isolation, Limits};

#[path = "../../runner/handler-host/tests/room/support.rs"]
#[expect(dead_code, reason = "its engines run guests on threads")]
mod room;

pub(crate) use room::{Table, call, columns, component, every_type, fixtures, guest, load_with, no_reads};

/// An engine small enough to start in every test.
pub(crate) fn engine() -> HandlerEngine {
    engine_with(EngineSettings { slots: 4, threads: 2, ..EngineSettings::default() })
}

pub(crate) fn engine_with(settings: EngineSettings) -> HandlerEngine {
    let isolation = Isolation::Process(crate::process::helper());
    crate::process::engine(EngineSettings { isolation, ..settings })
}

pub(crate) fn load(name: &str) -> Handler {
    load_with(&engine(), name, Limits::default())
}
