//! The rules of an audit by their codes: how bad, what it means, what to do instead.
//!
//! Invariant: a code is never renamed or reused.

use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Risk {
    /// The model, or whoever writes what it reads, can do damage.
    High,
    /// Damage is not prevented, or not noticed.
    Medium,
    /// Nobody can tell from the list.
    Low,
}

impl Risk {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
            Self::Low => "LOW",
        }
    }
}

macro_rules! audit_codes {
    ($($name:ident = $wire:literal, $risk:ident, $meaning:literal, $instead:literal;)+) => {
        /// A rule of an audit; `SCREAMING_SNAKE` in documents.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum AuditCode {
            $(#[doc = $meaning] #[serde(rename = $wire)] $name,)+
        }

        impl AuditCode {
            /// Every rule, the worst first.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code in documents.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)+ }
            }

            /// How bad it is.
            pub fn risk(self) -> Risk {
                match self { $(Self::$name => Risk::$risk,)+ }
            }

            /// What it means, in one line.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)+ }
            }

            /// What to do instead.
            pub fn recommendation(self) -> &'static str {
                match self { $(Self::$name => $instead,)+ }
            }
        }
    };
}

audit_codes! {
    GenericSqlTool = "GENERIC_SQL_TOOL", High,
        "the tool runs statements of the model's own making",
        "serve one reviewed capability for each thing an agent has to know or ask for";
    WriteToolAcceptsArbitrarySql = "WRITE_TOOL_ACCEPTS_ARBITRARY_SQL", High,
        "the tool takes SQL as an argument, and nothing keeps it from writing",
        "take business values as arguments, and keep statements on the server's side";
    ArbitraryIdentifierInput = "ARBITRARY_IDENTIFIER_INPUT", High,
        "the model names a table, column, schema or database",
        "fix them in the tool; what may be chosen is an enum of business words";
    ModelControlledTrustScope = "MODEL_CONTROLLED_TRUST_SCOPE", High,
        "the model says whose data it is, or on whose behalf it acts",
        "take tenant and principal from the session, never from arguments";
    ModelCallableCommitOrApproval = "MODEL_CALLABLE_COMMIT_OR_APPROVAL", High,
        "the model can approve or carry out a change",
        "let the model propose, and a person decide outside MCP";
    WriteWithoutProposalBoundary = "WRITE_WITHOUT_PROPOSAL_BOUNDARY", High,
        "a call changes data at once",
        "let the call make a proposal, and apply it after a person has approved exactly that";
    NoStructuredOutputSchema = "NO_STRUCTURED_OUTPUT_SCHEMA", Medium,
        "nothing says what a result may hold",
        "declare an `outputSchema`";
    NoIdempotencyField = "NO_IDEMPOTENCY_FIELD", Medium,
        "a call that is repeated writes twice",
        "take an idempotency key, or make a proposal that is one however often it is made";
    NoConflictGuard = "NO_CONFLICT_GUARD", Medium,
        "a call overwrites what somebody else has changed meanwhile",
        "compare the row's version in the same statement";
    AmbiguousReadWriteTool = "AMBIGUOUS_READ_WRITE_TOOL", Medium,
        "the tool reads and writes, so that allowing the one allows the other",
        "make two tools of it";
    NoToolsFound = "NO_TOOLS_FOUND", Medium,
        "there was no tool to judge",
        "name a `tools/list` result, a config, or a server that has tools";
    MissingBusinessDescription = "MISSING_BUSINESS_DESCRIPTION", Low,
        "nothing says in business words what the tool is for",
        "describe what it does and when to use it";
    MissingRiskAnnotations = "MISSING_RISK_ANNOTATIONS", Low,
        "the tool does not say whether it reads or writes",
        "set `readOnlyHint` and `destructiveHint`";
    MissingTestFixture = "MISSING_TEST_FIXTURE", Low,
        "the tool writes, or may, and shows no call that it is tested by",
        "give `examples` in its schema, or name its cases in `_meta`";
}

/// The page of rules.
pub fn reference() -> String {
    let mut page = "# Rules of an audit\n\nGenerated from the list in `runner/setup/src/audit/code.rs`; a test compares.\n".to_owned();
    page.push_str("\n| Risk | Code | Means | Instead |\n| --- | --- | --- | --- |\n");
    for code in AuditCode::ALL {
        let (risk, name) = (code.risk().as_str(), code.as_str());
        page.push_str(&format!("| {risk} | `{name}` | {} | {} |\n", code.meaning(), code.recommendation()));
    }
    page
}
