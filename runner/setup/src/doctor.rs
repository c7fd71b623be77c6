//! Doctor: everything that would stand in the way of a call, an approval or an apply, found before it does.
//!
//! Each finding says what was found, why it matters and exactly what mends it: a fix that ends in a semicolon is SQL, to be
//! run as it stands by whoever administers the database. Checks are pure where they can be: what they
//! look at (a config, an environment, a catalog, texts of files) is handed in.
//!
//! Invariant: nothing is changed. Invariant: no value of a variable, no URL and no row value stands in a finding.
//! Absent on purpose: what only the writing credential can see, which `writeback` looks at and `cli` adds as a section.

mod code;
mod finding;
mod settings;
mod transport;
mod shape;
mod scope;
mod server;
mod sql;
mod clients;
mod exposure;

pub use clients::leaks;
pub use code::{DoctorCode, reference};
pub use exposure::exposure;
pub use finding::{Diagnosis, Finding, Mend, REPORT_SCHEMA, Section, SectionName, Severity, Verdict};
pub use server::server;
pub use settings::{config, context, environment};
pub use shape::shape;
pub use transport::transport;
