//! A diagnosis: sections in the order a person works through them, each with what was found.

use std::path::PathBuf;

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
    /// The hosted service whose tools are served, in cloud mode.
    Cloud,
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
            Self::Cloud => "cloud",
            Self::Handlers => "handlers",
            Self::Ledger => "ledger",
            Self::Clients => "clients",
            Self::Exposure => "exposure",
        }
    }
}

/// What can be mended in a file without asking what was meant: each takes something away, and allows nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mend {
    /// An item of a capability's list goes out of the config.
    Take {
        /// The capability.
        capability: String,
        /// The list's key.
        list: &'static str,
        /// The item.
        item: String,
    },
    /// A secret in a client's file becomes the name of its variable.
    Name {
        /// The file.
        file: PathBuf,
        /// The keys under which it stands.
        keys: Vec<String>,
        /// The variable.
        variable: String,
    },
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
    /// How it can be mended in a file, if it can.
    #[serde(skip)]
    pub mend: Option<Mend>,
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
        Self { code, severity: code.severity(), about, what, why: code.why().to_owned(), fix, mend: None }
    }

    /// The same, with what can be done about it in a file.
    #[must_use]
    pub fn mended_by(self, mend: Mend) -> Self {
        Self { mend: Some(mend), ..self }
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

/// What it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing fails; somebody may still have to look.
    Healthy,
    /// Something does not work.
    NotHealthy,
}

impl Verdict {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::NotHealthy => "not healthy",
        }
    }
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// [`REPORT_SCHEMA`].
    pub schema_version: &'static str,
    /// What it comes to.
    pub verdict: Verdict,
    /// In the order a person works through them.
    pub sections: Vec<Section>,
}

impl Diagnosis {
    /// Sections in their order.
    pub fn of(mut sections: Vec<Section>) -> Self {
        sections.sort_by_key(|section| section.name);
        let fails = sections.iter().any(|section| section.worst() == Some(Severity::Fail));
        let verdict = if fails { Verdict::NotHealthy } else { Verdict::Healthy };
        Self { schema_version: REPORT_SCHEMA, verdict, sections }
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
