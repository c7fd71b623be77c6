//! The `synapsor` binary.
fn main() {}
