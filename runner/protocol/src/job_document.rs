//! A job as it arrives in a file: our own form, or one of the two published ones. All three are read; only ours is written.
//!
//! Invariant: reading proves nothing. A document is only ever compared with the proposal in the ledger, and what is
//! applied is what the ledger says; so a document can ask for less than was approved and never for more.

mod published;
mod scalar;

use serde::Deserialize;

pub use published::{PublishedGuard, PublishedJob, job_v1_schema, legacy_job_schema};
pub use scalar::Scalar;

use crate::job::{HANDOVER_SCHEMA, JOB_SCHEMA, WritebackJob};

/// Longest document that is read, in bytes.
pub const JOB_BYTES_MAX: usize = 1024 * 1024;

/// What a job file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobDocument {
    /// [`JOB_SCHEMA`]; complete only with its [`crate::Handover`].
    Ours(WritebackJob),
    /// `synapsor.writeback-job.v1`, or the older form with `protocol_version`.
    Published(PublishedJob),
}

/// Why a file is no job.
#[derive(Debug, thiserror::Error)]
pub enum JobInvalid {
    /// More than [`JOB_BYTES_MAX`].
    #[error("the document takes more than {JOB_BYTES_MAX} bytes")]
    TooLarge,
    /// It is not JSON, or names no format.
    #[error(
        "the document names no known format, expected `{JOB_SCHEMA}`, `{}` or `protocol_version` `{}`",
        published::V1,
        published::LEGACY
    )]
    UnknownFormat,
    /// It names a format and does not follow it.
    #[error("the document does not follow `{format}` (line {line}, column {column}): {what}")]
    Malformed {
        /// The format it names.
        format: &'static str,
        /// Where the reading stopped.
        line: usize,
        /// Where the reading stopped.
        column: usize,
        /// What was expected and found; names only.
        what: &'static str,
    },
    /// It has every field, and one of them holds what the format does not allow.
    #[error("`{field}`: {what}")]
    Field {
        /// Which field.
        field: &'static str,
        /// What was expected.
        what: &'static str,
    },
}

impl JobDocument {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is too large, names no known format, or does not follow the one it names.
    pub fn parse(text: &str) -> Result<Self, JobInvalid> {
        #[derive(Deserialize)]
        struct Header {
            schema_version: Option<String>,
            protocol_version: Option<String>,
        }
        if text.len() > JOB_BYTES_MAX {
            return Err(JobInvalid::TooLarge);
        }
        let header: Header = serde_json::from_str(text).map_err(|_| JobInvalid::UnknownFormat)?;
        match (header.schema_version.as_deref(), header.protocol_version.as_deref()) {
            (Some(JOB_SCHEMA), None) => ours(text).map(Self::Ours),
            (Some(published::V1), None) => published::v1(text).map(Self::Published),
            (None, Some(published::LEGACY)) => published::legacy(text).map(Self::Published),
            _ => Err(JobInvalid::UnknownFormat),
        }
    }

    /// The format's name.
    pub fn format(&self) -> &'static str {
        match self {
            Self::Ours(_) => JOB_SCHEMA,
            Self::Published(job) => job.format,
        }
    }

    /// The proposal it names.
    pub fn proposal_id(&self) -> &crate::ProposalId {
        match self {
            Self::Ours(job) => &job.proposal_id,
            Self::Published(job) => &job.proposal_id,
        }
    }
}

/// The schema of our own form.
pub fn job_schema() -> serde_json::Value {
    schemars::schema_for!(WritebackJob).into()
}

fn ours(text: &str) -> Result<WritebackJob, JobInvalid> {
    let job: WritebackJob = serde_json::from_str(text).map_err(|error| malformed(JOB_SCHEMA, &error))?;
    let known = job.handover.as_ref().is_none_or(|handover| handover.schema_version == HANDOVER_SCHEMA);
    if known {
        Ok(job)
    } else {
        Err(JobInvalid::Field {
            field: "handover.schema_version",
            what: "expected `synapsor.writeback-handover.v1`",
        })
    }
}

/// Says where, and never repeats what the document holds.
fn malformed(format: &'static str, error: &serde_json::Error) -> JobInvalid {
    let what = match error.classify() {
        serde_json::error::Category::Data => "a field is missing, unknown, twice there or of another type",
        _ => "it is not well-formed JSON",
    };
    JobInvalid::Malformed { format, line: error.line(), column: error.column(), what }
}
