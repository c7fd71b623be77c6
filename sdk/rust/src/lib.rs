//! What a Rust handler is written with: typed access to the call and the row, a builder for the change, and the
//! contract's two imports.
//!
//! A handler decides one call of one proposal capability. It is a pure function of what it is given and what its
//! declared reads return; there is no clock, no randomness and no file behind this crate.
//!
//! ```
//! use synapsor_handler::{Call, Change, Columns, Refusal, refuse};
//!
//! synapsor_handler::handler!(propose);
//!
//! fn propose(call: &Call, row: &Columns) -> Result<Change, Refusal> {
//!     let fee_cents = row.integer("late_fee_cents")?;
//!     if fee_cents == 0 {
//!         return refuse("NOTHING_TO_WAIVE", "the invoice has no late fee");
//!     }
//!     Ok(Change::new()
//!         .set("late_fee_cents", 0)
//!         .set("waiver_reason", call.arguments.text("reason")?)
//!         .summary(format!("waives a late fee of {fee_cents} cents")))
//! }
//! ```
//!
//! Absent on purpose: floats. A database number is an integer or an exact decimal (feature `decimal`).
//!
//! Modules in reading order.

mod call;
mod columns;
mod value;
mod day;
mod change;
mod refusal;
pub mod reads;
pub mod log;

#[doc(hidden)]
pub mod export;
#[doc(hidden)]
#[rustfmt::skip]
#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::all, clippy::restriction, reason = "generated")]
pub mod bindings;

pub use bindings::synapsor::handler::types::Value;
pub use call::Call;
pub use change::Change;
pub use columns::Columns;
pub use day::Day;
pub use refusal::{Refusal, refuse};

/// Exact decimals of any size.
#[cfg(feature = "decimal")]
pub use bigdecimal::{BigDecimal as Decimal, RoundingMode};
