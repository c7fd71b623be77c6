//! MCP over HTTP: Streamable HTTP in both eras on one address, and the door every server over HTTP stands behind.
//!
//! A request passes, from the outside in, the room `inbound` (how many, how slow), `exposure` (for which name, from which web
//! page), `admission` (from whom, how many at once), and then what it asks for: `endpoint`, which judges what rmcp would
//! take on trust and hands it on, but for plain calls, which `alone` answers.
//!
//! Invariant: a request that is refused anywhere on this way has read nothing and written nothing, neither in the source
//! nor in the ledger.
//! Absent on purpose: HTTP/2, compression, redirects, cookies; a proxy in front adds what is wanted of them.
//!
//! Modules in reading order.

mod server;
mod door;
mod limits;
mod exposure;
mod admission;
mod endpoint;
mod asked;
mod alone;
mod sessions;
mod tail;
mod answer;
mod headers;
mod health;
mod metrics;
mod well_known;
#[cfg(feature = "conformance")]
mod fixture;

pub(crate) use admission::challenged;
pub(crate) use answer::{document, refused};
pub use door::HttpOptions;
#[cfg(feature = "conformance")]
pub use fixture::FixtureServer;
pub use limits::HttpLimits;
pub use metrics::MetricsPage;
pub use server::{HttpProtocol, HttpServer};
pub use synapsor_inbound::TlsFiles;
