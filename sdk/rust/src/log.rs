//! Notes to the operator, kept with the call's evidence and never shown to the agent.

use crate::bindings::synapsor::handler::log::{Level, write};

/// Of interest when something is wrong.
pub fn debug(line: &str) {
    write(Level::Debug, line);
}

/// Of interest.
pub fn info(line: &str) {
    write(Level::Info, line);
}

/// Somebody should look.
pub fn warn(line: &str) {
    write(Level::Warn, line);
}
