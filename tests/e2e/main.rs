//! The binary from outside: command line, screens, MCP over stdio, and the databases it works on.
//!
//! Run with both servers up: `tests/with-databases cargo nextest run -p synapsor-cli --test e2e`.
#![expect(clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "a test ends loudly")]

#[macro_use]
mod engines;
mod running;
mod world;

mod audit;
mod bad_input;
mod benchmark;
mod candidates;
mod cloud;
mod commands;
mod configure;
mod demo;
mod documents;
mod terminal;
mod doctor;
mod doors;
mod executors;
mod fleet;
mod handler;
mod history;
mod hostile;
mod http;
mod init;
mod inspect;
mod jobs;
mod keeping;
mod log;
mod migrate;
mod ledger;
mod published_defects;
mod readme;
mod ready;
mod recipes;
mod redaction;
mod reload;
mod report;
mod rounds;
mod screens;
mod shadow;
mod shared;
mod smoke;
mod store;
mod story;
mod transcripts;
mod ui;
mod unsettled;
mod validate;
mod wizard;
mod webhook;
mod writeback;
