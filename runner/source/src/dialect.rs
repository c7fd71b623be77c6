//! The three SQL dialects: quoting, exact reading, typed binding. Reads here and writes in `writeback` share it.
//!
//! Invariant: SQL text is made of literals, quoted names and casts to catalog types; a value is always bound. The one
//! way to build it is [`Statement`], whose free text is `&'static str`.
//!
//! Types of sqlx and rusqlite appear in the engine modules below, and nowhere else in this room's signatures: their
//! only reader outside is `writeback`, the drivers' other home.
//!
//! Modules in reading order.

mod statement;
mod parameter;
mod text_form;
mod url;
pub mod postgres;
pub mod mysql;
pub mod sqlite;
mod tls;

pub use parameter::Parameter;
pub use statement::{Statement, qualified, quoted};
pub use text_form::Unreadable;
pub use tls::{Tls, tls};
