//! What a handler author ships: a folder with a manifest, a component and cases; opened, validated, and held against
//! what a config grants.
//!
//! [`open`] is what the runner uses before it loads a handler. [`validate`] is what an author and a reviewer use: it says
//! everything wrong at once, and runs every case against the binary, never the source.
//!
//! [`new_project`] and [`build`] are an author's beginning: a template, and from source to component. [`sign`] and [`pack`]
//! are the end: somebody stands for the content, and it becomes one file.
//!
//! Invariant: validating and loading read nothing outside the bundle's folder, and no file of it without a size limit.
//! Absent on purpose: any write to a config, which is the command line's ([`repinned`] gives it the text).
//!
//! Modules in reading order.

mod problem;
mod code;
mod place;

mod manifest;
mod case;
mod schema;
mod once;
mod document;
mod folder;
mod archive;
mod holding;
mod key;
mod signature;
mod bundle;

mod validate;
mod agreement;
mod run;
mod any_reads;
mod malformed;
mod report;

mod grant;
mod limits;
mod pin;
mod reference;

mod error;
mod write;
mod toolchain;
mod fit;
mod template;
mod component;
mod build;
mod pack;
mod inspect;
mod single;

pub use build::{Built, build};
pub use bundle::{Bundle, open};
pub use case::{Answer, Call, Case};
pub use code::ProblemCode;
pub use error::{Error, MissingTool};
pub use fit::{Fit, FitColumn, FitKind};
pub use grant::{grant_problems, running_reads};
pub use inspect::{Anatomy, Import, ImportKind, Inspection, inspect};
pub use key::{Ed25519, KeyFormatError, PublicKey, SEED_BYTES, SigningKey};
pub use limits::{running_allowance, running_limits};
pub use manifest::{
    ArgumentNeed, ComponentFile, LimitsNeed, Manifest, ReadNeed, SettingNeed, SettingType, Toolchain, WORLD,
};
pub use pack::{Packed, pack, sign};
pub use pin::{component_digest, repinned};
pub use problem::Problem;
pub use reference::problem_reference;
pub use report::{CaseReport, Difference, Report};
pub use schema::{case_schema, manifest_schema};
pub use signature::{Signature, signer, trust_problem};
pub use single::{CaseRun, Outcome, run_case};
pub use template::{fitted_project, new_project};
pub use toolchain::{languages, tools};
pub use validate::{validate, validate_watched};
pub use write::write_whole;
