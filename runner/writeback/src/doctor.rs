//! Doctor: whether applies to a source will work, looked at before anybody approves anything.
//!
//! Invariant: nothing is changed. The one thing that is written, a receipt of no proposal, is rolled back: no other look tells
//! whether a trigger, a constraint or a read-only server stands in its way.

use serde::Serialize;
use synapsor_config::{Capability, Config, ReceiptsMode, Source};
use synapsor_protocol::{Code, Engine};
use synapsor_source::{ColumnKind, Connect, TableShape};

use crate::desk::WriteSettings;
use crate::driver::abandon;
use crate::effects::Reviewed;
use crate::engine::{Holdings, Mysql, Postgres, Purpose, Session, Sqlite, connected, within};
use crate::error::Obstacle;
use crate::excess::{Credential, Excess, Needed};
use crate::receipts::{self, ReceiptsTable};
use crate::rights::{self, Privilege, Right};

/// One thing that stands in the way of an apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The code an apply would be refused with.
    pub code: Code,
    /// Whose target it is about; `None` is the source as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capability: Option<String>,
    /// What was found.
    pub what: String,
    /// What that means.
    pub why: String,
    /// What to do about it.
    pub fix: String,
}

/// What was found on one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checkup {
    /// The source's name in the config.
    pub source: String,
    /// Its engine.
    pub engine: Engine,
    /// The capabilities whose targets were looked at.
    pub capabilities: Vec<String>,
    /// What stands in the way; nothing is good.
    pub findings: Vec<Finding>,
    /// What the credential may do beyond what is needed; nothing is better.
    pub excess: Vec<Excess>,
    /// Whether a receipt was written and rolled back; without a receipts table there is nowhere to write one.
    pub receipt_rolled_back: bool,
}

impl Finding {
    fn new(code: Code, what: impl Into<String>, fix: impl Into<String>) -> Self {
        let (what, why, fix) = (what.into(), code.meaning().to_owned(), fix.into());
        Self { code, capability: None, what, why, fix }
    }

    fn of(obstacle: &Obstacle, source: &str) -> Self {
        let refusal = obstacle.refusal(source);
        let fix = refusal.hint.unwrap_or_else(|| "bring the config and the table together".to_owned());
        Self::new(refusal.code, obstacle.to_string(), fix)
    }

    fn about(self, capability: &Capability) -> Self {
        Self { capability: Some(capability.name.clone()), ..self }
    }
}

/// Looks at everything an apply to this source needs: the credential, the receipts table, every target and every right.
/// `role` is whom the statements that would mend it name, `reader` what the reads connect with.
pub async fn examine(
    config: &Config,
    source: &Source,
    writer: Option<&WriteSettings>,
    reader: &Connect,
    role: &str,
) -> Checkup {
    let writes = |capability: &&Capability| {
        capability.source.name == source.name && Reviewed::of_capability(capability).is_some()
    };
    let capabilities: Vec<&Capability> =
        config.capabilities.iter().map(AsRef::as_ref).filter(writes).collect();
    let patient = Patient { config, source, role, capabilities };
    let found = match writer {
        _ if patient.capabilities.is_empty() => Ok(Found::default()),
        None => Ok(missing(Finding::new(
            Code::WritebackDisabled,
            format!("source `{}` has no write credential", source.name),
            "name the variable that holds its URL in `write_url_env`",
        ))),
        Some(WriteSettings { connect: Connect::Missing { env }, .. }) => Ok(missing(Finding::new(
            Code::WritebackDisabled,
            format!("`{env}` is not set"),
            format!("set `{env}` to the URL of the writing credential"),
        ))),
        Some(writer) => match source.engine {
            Engine::Sqlite => patient.look::<Sqlite>(writer).await,
            Engine::Postgres => patient.look::<Postgres>(writer).await,
            Engine::Mysql => patient.look::<Mysql>(writer).await,
        },
    };
    let Found { findings, mut excess, receipt_rolled_back } =
        found.unwrap_or_else(|obstacle| missing(Finding::of(&obstacle, &source.name)));
    excess.extend(writer.filter(|writer| rights::is_same_credential(writer, reader)).map(|_| Excess {
        what: format!("reads and writes of source `{}` use the same credential", source.name),
        fix: "give the variable in `read_url_env` the URL of a role that may only SELECT".to_owned(),
    }));
    Checkup {
        source: source.name.clone(),
        engine: source.engine,
        capabilities: patient.capabilities.iter().map(|capability| capability.name.clone()).collect(),
        findings,
        excess,
        receipt_rolled_back,
    }
}

/// Without a connection nothing else can be said.
fn missing(finding: Finding) -> Found {
    Found { findings: vec![finding], ..Found::default() }
}

/// What stands in the way, and what is more than needed.
#[derive(Default)]
struct Found {
    findings: Vec<Finding>,
    excess: Vec<Excess>,
    receipt_rolled_back: bool,
}

struct Patient<'a> {
    config: &'a Config,
    source: &'a Source,
    role: &'a str,
    capabilities: Vec<&'a Capability>,
}

impl Patient<'_> {
    async fn look<S: Holdings>(&self, writer: &WriteSettings) -> Result<Found, Obstacle> {
        let mut session = connected::<S>(writer).await?;
        let mut findings = Vec::new();
        for capability in &self.capabilities {
            let found = self.target(&mut session, writer, capability).await;
            findings.extend(found.into_iter().map(|finding| finding.about(capability)));
        }
        let rights = rights::rights(self.config, self.source);
        for right in &rights {
            findings.extend(self.right(&mut session, writer, right).await?);
        }
        let excess = self.excess(&mut session, writer, &rights).await?;
        let (stands, table) = self.receipts(&mut session, writer).await?;
        let usable = table.filter(|_| stands.is_empty());
        findings.extend(stands);
        let mut receipt_rolled_back = false;
        if let Some(table) = usable {
            let refused = self.receipt(&mut session, writer, &table).await;
            receipt_rolled_back = refused.is_none();
            findings.extend(refused);
        }
        // The last thing on this connection: leaving it is what rolls the receipt back.
        abandon(session).await;
        Ok(Found { findings, excess, receipt_rolled_back })
    }

    /// Writes a receipt of no proposal, in a transaction that nobody commits.
    async fn receipt<S: Session>(
        &self,
        session: &mut S,
        writer: &WriteSettings,
        table: &ReceiptsTable,
    ) -> Option<Finding> {
        let written = async {
            session.begin(Purpose::Apply).await?;
            session.insert_receipt(table, &receipts::OF_NO_PROPOSAL).await
        };
        let fault = within(writer, written).await.err()?;
        let obstacle = Obstacle::Fault(fault);
        let mut finding = Finding::of(&obstacle, &self.source.name);
        finding.what = format!("a receipt cannot be written: {obstacle}");
        finding.fix = "take away what was added to the table `synapsor_writeback_receipts`, triggers and constraints too: `synapsor writeback migration` prints it as it has to be".to_owned();
        Some(finding)
    }

    async fn excess<S: Holdings>(
        &self,
        session: &mut S,
        writer: &WriteSettings,
        rights: &[Right],
    ) -> Result<Vec<Excess>, Obstacle> {
        // A table that is there, and be it of the wrong shape, is not made again.
        let is_there = !matches!(within(writer, session.receipts_table(false)).await, Ok(None));
        let grants = rights::grants(self.config, self.source, self.role);
        let needed = Needed {
            credential: Credential::Write,
            engine: self.source.engine,
            rights,
            makes_receipts_table: !is_there && self.source.receipts == ReceiptsMode::Auto,
            grants: &grants,
        };
        let inventory = within(writer, session.inventory()).await?;
        Ok(needed.excess(&inventory))
    }

    async fn target<S: Session>(
        &self,
        session: &mut S,
        writer: &WriteSettings,
        capability: &Capability,
    ) -> Vec<Finding> {
        let Some(reviewed) = Reviewed::of_capability(capability) else { return Vec::new() };
        let shape = match within(writer, session.shape(&reviewed.site)).await {
            Ok(shape) => shape,
            Err(obstacle) => return vec![Finding::of(&obstacle, &self.source.name)],
        };
        let mut findings = columns(capability, &reviewed, &shape);
        let effects = within(writer, session.effects(&reviewed.site)).await;
        if let Err(obstacle) = effects.and_then(|found| reviewed.check(&found)) {
            findings.push(Finding::of(&obstacle, &self.source.name));
        }
        findings
    }

    async fn right<S: Session>(
        &self,
        session: &mut S,
        writer: &WriteSettings,
        right: &Right,
    ) -> Result<Option<Finding>, Obstacle> {
        if within(writer, session.may(right)).await? {
            return Ok(None);
        }
        let privilege = right.privilege.as_str();
        let what = match (&right.column, &right.schema, right.privilege) {
            (Some(column), ..) => {
                format!("the write credential lacks {privilege} on column `{column}` of `{}`", right.table)
            }
            (None, Some(schema), Privilege::Usage) => {
                format!("the write credential lacks {privilege} on schema `{schema}`")
            }
            _ => format!("the write credential lacks {privilege} on `{}`", right.table),
        };
        Ok(Some(Finding::new(Code::PermissionDenied, what, self.grant_for(right))))
    }

    /// The printed statement that gives a right.
    fn grant_for(&self, right: &Right) -> String {
        let about = match right.privilege {
            Privilege::Usage => "USAGE ON SCHEMA".to_owned(),
            _ => synapsor_source::dialect::quoted(self.source.engine, &right.table),
        };
        let plain = format!("ON {} ", right.table);
        let mut grants = rights::grants(self.config, self.source, self.role).into_iter();
        grants
            .find(|sql| {
                (sql.contains(&about) || sql.contains(&plain)) && sql.contains(right.privilege.as_str())
            })
            .map_or_else(|| "run what `synapsor writeback grants` prints".to_owned(), |sql| format!("{sql};"))
    }

    async fn receipts<S: Session>(
        &self,
        session: &mut S,
        writer: &WriteSettings,
    ) -> Result<(Vec<Finding>, Option<ReceiptsTable>), Obstacle> {
        let found = match within(writer, session.receipts_table(false)).await {
            Ok(found) => found,
            Err(obstacle @ Obstacle::Fault(_)) => return Err(obstacle),
            // MySQL shows nothing of a table to whoever has no right on it.
            Err(obstacle) => return Ok((vec![Finding::of(&obstacle, &self.source.name)], None)),
        };
        let mut findings = Vec::new();
        if found.is_some() {
            for right in rights::receipts_rights() {
                findings.extend(self.right(session, writer, &right).await?);
            }
        } else if self.source.receipts == ReceiptsMode::Precreated {
            findings.push(Finding::of(&Obstacle::NotPrecreated, &self.source.name));
        } else if !within(writer, session.may(&rights::receipts_right(Privilege::Create))).await? {
            findings.push(Finding::of(&Obstacle::NoReceiptsTable, &self.source.name));
        }
        Ok((findings, found))
    }
}

/// Columns that are not there, or cannot be read or written exactly.
fn columns(capability: &Capability, reviewed: &Reviewed, shape: &TableShape) -> Vec<Finding> {
    let mut names = capability.captured_columns();
    names.extend(reviewed.site.written.iter().map(String::as_str));
    let wrong = names.into_iter().filter_map(|name| match shape.columns.get(name) {
        None => Some((Code::SourceShapeMismatch, format!("column `{name}` is not in `{}`", shape.table))),
        Some(column) if column.kind == ColumnKind::Unsupported => {
            let what =
                format!("column `{name}` has the type `{}`, which cannot be kept exact", column.type_name);
            Some((Code::ColumnTypeUnsupported, what))
        }
        Some(column) if column.generated && reviewed.site.written.contains(name) => {
            Some((Code::SourceShapeMismatch, format!("column `{name}` is computed by the database itself")))
        }
        Some(_) => None,
    });
    wrong
        .map(|(code, what)| Finding::new(code, what, "leave it out of the capability, or change the table"))
        .collect()
}
