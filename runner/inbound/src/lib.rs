//! Requests from somebody else over HTTP: where they are heard, how many, how slow and how large.
//!
//! The twin of `outbound`. Who may come in, what is asked for and how it is answered is the business of who listens: the model's
//! surface in `mcp`, the person's pages in `review`, the control plane in `fleet`.
//!
//! Invariant: nothing a client sends or leaves unsent holds a connection, or its memory, for longer than the limits say.
//! Absent on purpose: HTTP/2, compression, redirects; a proxy in front adds what is wanted of them.
//!
//! Modules in reading order.

mod bind;
mod names;
mod tls;
mod limits;
mod connections;
mod busy;
mod ending;
mod body;

pub use bind::{Bind, is_local};
pub use body::{BadBody, read_body};
pub use busy::Busy;
pub use connections::Connections;
pub use ending::Ending;
pub use limits::Limits;
pub use names::{Name, Names, check_once};
pub use tls::{Tls, TlsFiles};
