//! The room against a stand-in for the hosted service, which follows the published protocol and fails in every way.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test ends loudly")]

mod standin;

mod asked;
mod calls;
mod connect;
mod lists;
