//! The binary the other tests break from outside is the one that ships: it has no point at which it could be broken from
//! inside.
//!
//! `tests/failpoints` finds all of them in the binary it is about, so that this looks for the right thing.

#[path = "../failpoints/names.rs"]
mod names;

use names::{MARK, POINTS, VARIABLE, held};

#[test]
fn the_binary_has_no_failpoints() {
    let named = POINTS.map(|point| format!("{MARK}{point}"));
    let mut texts: Vec<&str> = named.iter().map(String::as_str).collect();
    // What is there shows that the search finds something.
    texts.extend([MARK, VARIABLE, "SYNAPSOR_LOCAL_STORE"]);
    let held = held(env!("CARGO_BIN_EXE_synapsor"), &texts);
    assert_eq!(held.into_iter().collect::<Vec<_>>(), ["SYNAPSOR_LOCAL_STORE"]);
}
