//! Every rule over every tool.

use super::code::AuditCode;
use super::report::Finding;
use super::tool::{Input, Tool};
use super::wording::{self, Wording};

/// Inputs that are SQL.
const SQL_INPUTS: &[&str] = &["sql", "query", "statement", "rawsql", "sqlquery"];

/// Inputs that name things of the database.
const IDENTIFIER_INPUTS: &[&str] = &[
    "table",
    "tables",
    "tablename",
    "schema",
    "schemaname",
    "column",
    "columns",
    "columnname",
    "columnnames",
    "database",
    "databasename",
    "dbname",
    "relation",
];

/// Inputs that say whose data it is or on whose behalf.
const TRUST_INPUTS: &[&str] = &[
    "tenant",
    "tenantid",
    "principal",
    "principalid",
    "actingas",
    "onbehalfof",
    "sourceid",
    "databaseid",
    "allowedcolumns",
    "approvalidentity",
    "approvedby",
    "approver",
    "approverid",
];

/// Inputs that say the same, unless the tool is about them.
const SUBJECT_INPUTS: &[(&str, &str)] = &[
    ("userid", "user"),
    ("user", "user"),
    ("projectid", "project"),
    ("accountid", "account"),
    ("organizationid", "organization"),
    ("orgid", "org"),
    ("workspaceid", "workspace"),
];

/// Inputs that say which version a row has: the server's to know where it reads the row itself, and a guard where the caller did.
const VERSION_INPUTS: &[&str] = &["rowversion", "currentversion", "expectedversion"];

/// What else guards a write.
const GUARD_INPUTS: &[&str] = &[
    "version",
    "lockversion",
    "etag",
    "ifmatch",
    "expectedupdatedat",
    "updatedat",
    "lastmodified",
    "expectedstatus",
];

/// What makes a repeated write one.
const IDEMPOTENCY_INPUTS: &[&str] =
    &["idempotencykey", "idempotencytoken", "requestid", "clientrequestid", "clienttoken", "dedupekey"];

/// The shortest text that can describe something.
const DESCRIPTION_CHARS_MIN: usize = 12;

pub(super) fn findings(tools: &[Tool]) -> Vec<Finding> {
    if tools.is_empty() {
        return vec![Finding::new(AuditCode::NoToolsFound, "", Vec::new())];
    }
    let mut findings = Vec::new();
    for tool in tools {
        let mut judged = Judged { tool, findings: &mut findings };
        judged.judge(&wording::of(tool));
    }
    findings
}

struct Judged<'a> {
    tool: &'a Tool,
    findings: &'a mut Vec<Finding>,
}

impl Judged<'_> {
    fn judge(&mut self, wording: &Wording) {
        let runs_sql = self.sql(wording);
        self.scope(wording);
        self.add_if(AuditCode::ModelCallableCommitOrApproval, wording.decides.clone());
        let writes = if runs_sql || wording.proposes && wording.decides.is_none() {
            None
        } else {
            let hinted =
                (self.tool.destructive == Some(true)).then(|| "it says it is destructive".to_owned());
            wording.writes.clone().or(hinted)
        };
        if let Some(evidence) = &writes {
            self.write(evidence);
        } else if !runs_sql {
            self.add_if(AuditCode::AmbiguousReadWriteTool, wording.mixes.clone());
        }
        self.documented(runs_sql || writes.is_some());
    }

    fn sql(&mut self, wording: &Wording) -> bool {
        let inputs: Vec<String> = self.tool.inputs_named(SQL_INPUTS).map(taken).collect();
        // A search takes a `query` as well; SQL by name is SQL.
        let by_input = self.tool.inputs_named(&["sql", "rawsql", "sqlquery"]).next().map(taken);
        let Some(evidence) = wording.runs_sql.clone().or(by_input) else { return false };
        self.add(AuditCode::GenericSqlTool, vec![evidence]);
        if !inputs.is_empty() {
            self.add(AuditCode::WriteToolAcceptsArbitrarySql, inputs);
        }
        true
    }

    fn scope(&mut self, wording: &Wording) {
        let open = |input: &&Input| !input.is_listed;
        let identifiers: Vec<String> =
            self.tool.inputs_named(IDENTIFIER_INPUTS).filter(open).map(taken).collect();
        if !identifiers.is_empty() {
            self.add(AuditCode::ArbitraryIdentifierInput, identifiers);
        }
        let about = |subject: &str| self.tool.words.iter().any(|word| word.trim_end_matches('s') == subject);
        let others = SUBJECT_INPUTS.iter().filter(|(_, subject)| !about(subject)).map(|(bare, _)| *bare);
        let mut bare: Vec<&str> = TRUST_INPUTS.iter().copied().chain(others).collect();
        if wording.proposes {
            bare.extend(VERSION_INPUTS);
        }
        let trusted: Vec<String> = self.tool.inputs_named(&bare).map(taken).collect();
        if !trusted.is_empty() {
            self.add(AuditCode::ModelControlledTrustScope, trusted);
        }
    }

    fn write(&mut self, evidence: &str) {
        self.add(AuditCode::WriteWithoutProposalBoundary, vec![evidence.to_owned()]);
        let repeats = self.tool.inputs_named(IDEMPOTENCY_INPUTS).next().is_none();
        if repeats && self.tool.idempotent != Some(true) {
            self.add(AuditCode::NoIdempotencyField, vec!["no input is an idempotency key".to_owned()]);
        }
        let guards: Vec<&str> = GUARD_INPUTS.iter().chain(VERSION_INPUTS).copied().collect();
        if self.tool.inputs_named(&guards).next().is_none() {
            self.add(AuditCode::NoConflictGuard, vec!["no input says which version was seen".to_owned()]);
        }
    }

    fn documented(&mut self, may_write: bool) {
        let tool = self.tool;
        if !tool.has_output_schema {
            self.add(AuditCode::NoStructuredOutputSchema, vec!["it has no `outputSchema`".to_owned()]);
        }
        if tool.description.trim().chars().count() < DESCRIPTION_CHARS_MIN {
            self.add(
                AuditCode::MissingBusinessDescription,
                vec!["its description is empty or a word".to_owned()],
            );
        }
        if tool.read_only.is_none() && tool.destructive.is_none() {
            self.add(AuditCode::MissingRiskAnnotations, vec!["it has neither hint".to_owned()]);
        }
        if may_write && !tool.has_fixture {
            self.add(AuditCode::MissingTestFixture, vec!["it shows no example of a call".to_owned()]);
        }
    }

    fn add_if(&mut self, code: AuditCode, evidence: Option<String>) {
        if let Some(evidence) = evidence {
            self.add(code, vec![evidence]);
        }
    }

    fn add(&mut self, code: AuditCode, evidence: Vec<String>) {
        self.findings.push(Finding::new(code, &self.tool.name, evidence));
    }
}

fn taken(input: &Input) -> String {
    format!("it takes `{}`", input.name)
}
