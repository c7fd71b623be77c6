//! The room against real components: ordinary ones answer, hostile ones are stopped, and the next call works.

mod calls;
mod hostile;
mod load;
mod reads;
mod support;
