//! The room against real databases: the same cases on all three engines, and what only one of them can do.

mod door;

mod values;

mod scope;

mod down;

mod shape;
