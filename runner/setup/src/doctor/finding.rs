//! A diagnosis: sections in the order a person works through them, each with what was found.

use serde::Serialize;

use super::code::DoctorCode;

/// The schema version of the document.
pub const REPORT_SCHEMA: &str = "synapsor.doctor.v1";

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; nothing has to be done.
    Note,
    /// It works, and somebody should look.
    Warn,
    /// Something does not work.
    Fail,
}

impl Severity {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What is looked at together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionName {
    /// The config's own problems.
    Config,
    /// The variables it names.
    Environment,
    /// Where tenant and principal come from.
    Context,
    /// How the sources are connected to.
    Transport,
    /// The databases against what the config says of them.
    Metadata,
    /// What an apply needs, and what the writing credential may do beyond it.
    Writeback,
    /// What a worker of a fleet needs, where this machine is one's.
    Worker,
    /// Handlers and the engine they run in.
    Handlers,
    /// The record.
    Ledger,
    /// What clients were told.
    Clients,
    /// What a model is shown.
    Exposure,
}

impl SectionName {
    /// Its name on a screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Environment => "environment",
            Self::Context => "context",
            Self::Transport => "transport",
            Self::Metadata => "metadata",
            Self::Writeback => "writeback",
            Self::Worker => "worker",
            Self::Handlers => "handlers",
            Self::Ledger => "ledger",
            Self::Clients => "clients",
            Self::Exposure => "exposure",
        }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which.
    pub code: DoctorCode,
    /// How bad.
    pub severity: Severity,
    /// What it is about: a place in the config, a source, a capability, a file.
    pub about: String,
    /// What was found.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// Exactly what mends it.
    pub fix: String,
}

impl Finding {
    /// A finding with the severity and the reason of its code.
    pub fn new(
        code: DoctorCode,
        about: impl Into<String>,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let (about, what, fix) = (about.into(), what.into(), fix.into());
        Self { code, severity: code.severity(), about, what, why: code.why().to_owned(), fix }
    }

    /// The same, where somebody knows the reason better.
    #[must_use]
    pub fn because(self, why: impl Into<String>) -> Self {
        Self { why: why.into(), ..self }
    }
}

/// What was looked at together, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Which.
    pub name: SectionName,
    /// What was looked at; nothing where it could not be, which a finding of an earlier section explains.
    pub looked_at: Option<String>,
    /// What was found; nothing is good.
    pub findings: Vec<Finding>,
}

impl Section {
    /// What was looked at and what was found there.
    pub fn of(name: SectionName, looked_at: impl Into<String>, findings: Vec<Finding>) -> Self {
        Self { name, looked_at: Some(looked_at.into()), findings }
    }

    /// A section that could not be looked at.
    pub fn skipped(name: SectionName) -> Self {
        Self { name, looked_at: None, findings: Vec::new() }
    }

    /// The worst of it.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// [`REPORT_SCHEMA`].
    pub schema_version: &'static str,
    /// In the order a person works through them.
    pub sections: Vec<Section>,
}

impl Diagnosis {
    /// Sections in their order.
    pub fn of(mut sections: Vec<Section>) -> Self {
        sections.sort_by_key(|section| section.name);
        Self { schema_version: REPORT_SCHEMA, sections }
    }

    /// How many findings are that bad.
    pub fn count(&self, severity: Severity) -> usize {
        self.sections
            .iter()
            .flat_map(|section| &section.findings)
            .filter(|found| found.severity == severity)
            .count()
    }
}
