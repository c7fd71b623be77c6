//! Loads a handler component by digest and runs it in a box
