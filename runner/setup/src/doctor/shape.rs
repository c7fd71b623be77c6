//! What a source's catalog says against what the config says of it. Pure.

use std::collections::BTreeSet;

use synapsor_config::{Capability, Config, Logic, TableTarget};
use synapsor_protocol::Engine;
use synapsor_source::TableKind;

use super::code::DoctorCode;
use super::finding::{Finding, Mend};
use super::scope::scope;
use super::sql;
use crate::inspect::{InspectedColumn, InspectedTable, Inspection, NoteCode};

/// Everything of one source that the config names, held against an inspection with the reading credential.
pub fn shape(config: &Config, source: &str, found: &Inspection) -> Vec<Finding> {
    let here = config.capabilities.iter().filter(|capability| capability.source.name == source);
    let mut findings: Vec<Finding> = here.flat_map(|capability| of_capability(capability, found)).collect();
    // What is about a table is said once, however many capabilities name it.
    let mut said = BTreeSet::new();
    findings.retain(|finding| said.insert((finding.code, finding.about.clone(), finding.what.clone())));
    findings
}

fn of_capability(capability: &Capability, found: &Inspection) -> Vec<Finding> {
    let mut look = Look { capability, found, findings: Vec::new() };
    let needed = capability.captured_columns();
    if let Some(table) = look.table(&capability.target, &needed) {
        look.columns(table, &needed);
        look.findings.extend(scope(&capability.target, table, found));
        look.shown(table);
        if capability.proposal.is_some() {
            look.changes(table);
        }
    }
    if let Some(Logic::Handler(grant)) = capability.proposal.as_ref().map(|rules| &rules.logic) {
        for read in grant.reads.values() {
            let target = &read.target;
            let scoped = target.tenant_key.iter().chain([&target.primary_key]);
            let needed = read.columns.iter().chain(&read.filters).chain(scoped).map(String::as_str).collect();
            if let Some(table) = look.table(target, &needed) {
                look.columns(table, &needed);
                look.findings.extend(scope(target, table, found));
            }
        }
    }
    look.findings
}

struct Look<'a> {
    capability: &'a Capability,
    found: &'a Inspection,
    findings: Vec<Finding>,
}

impl<'a> Look<'a> {
    fn add(&mut self, code: DoctorCode, what: impl Into<String>, fix: impl Into<String>) {
        self.findings.push(Finding::new(code, self.capability.name.clone(), what, fix));
    }

    /// A finding that an item less in one of the capability's lists mends.
    fn add_taking(&mut self, code: DoctorCode, what: String, fix: String, list: &'static str, item: String) {
        let capability = self.capability.name.clone();
        let finding = Finding::new(code, capability.clone(), what, fix);
        self.findings.push(finding.mended_by(Mend::Take { capability, list, item }));
    }

    fn table(&mut self, target: &TableTarget, needed: &BTreeSet<&str>) -> Option<&'a InspectedTable> {
        let name = format!("{}.{}", target.schema, target.table);
        let is_it =
            |table: &&InspectedTable| table.table.schema == target.schema && table.table.name == target.table;
        let (engine, user) = (self.found.engine, self.found.user.as_deref());
        match self.found.tables.iter().find(is_it) {
            Some(table) if table.table.readable => Some(table),
            Some(table) => {
                let fix = sql::may_select(engine, user, table, needed)
                    .unwrap_or_else(|| "mend what it refers to, so that it can be read".to_owned());
                self.add(
                    DoctorCode::TableNotReadable,
                    format!("the reading credential may read nothing of `{name}`"),
                    fix,
                );
                None
            }
            None => {
                let fix = match engine {
                    // A MySQL server shows a table to whoever has a right on it, and to nobody else.
                    Engine::Mysql => {
                        "correct `target` in the config, or grant SELECT on the table; `synapsor inspect` lists what is visible"
                    }
                    Engine::Postgres | Engine::Sqlite => {
                        "correct `target` in the config; `synapsor inspect` lists what there is"
                    }
                };
                self.add(
                    DoctorCode::TableMissing,
                    format!("no table `{name}` is visible to the reading credential"),
                    fix,
                );
                None
            }
        }
    }

    fn columns(&mut self, table: &InspectedTable, names: &BTreeSet<&str>) {
        let of = &table.table.name;
        let mut hidden = BTreeSet::new();
        for name in names {
            match column(table, name) {
                None => self.add(
                    DoctorCode::ColumnMissing,
                    format!("`{of}` has no column `{name}` that is visible to the reading credential"),
                    match self.found.engine {
                        Engine::Mysql => "correct the name in the config, or grant SELECT on the column",
                        Engine::Postgres | Engine::Sqlite => "correct the name in the config",
                    },
                ),
                Some(column) if !column.column.readable => drop(hidden.insert(*name)),
                Some(column) if !column.exact => self.add(
                    DoctorCode::ColumnNotExact,
                    format!("`{name}` of `{of}` has the type `{}`", column.column.type_name),
                    format!(
                        "take `{name}` out of the capability, or make a view that casts it to an exact type"
                    ),
                ),
                Some(_) => {}
            }
        }
        let user = self.found.user.as_deref();
        if let Some(fix) =
            sql::may_select(self.found.engine, user, table, &hidden).filter(|_| !hidden.is_empty())
        {
            let named = hidden.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let what = format!("the reading credential may not read {named} of `{of}`");
            self.add(DoctorCode::ColumnNotReadable, what, fix);
        }
    }

    fn shown(&mut self, table: &InspectedTable) {
        let shown =
            self.capability.visible_columns.iter().filter(|name| !self.capability.redact.contains(name));
        let sensitive: Vec<(String, String)> = shown
            .filter_map(|name| {
                let suggestion =
                    table.suggestions.sensitive_columns.iter().find(|found| found.column == *name)?;
                Some((name.clone(), suggestion.reason.clone()))
            })
            .collect();
        for (name, reason) in sensitive {
            let fix = format!("take `{name}` out of `visible_columns`, or put it into `redact` too");
            let what = format!("`{name}` is shown, and {reason}");
            self.add_taking(DoctorCode::SensitiveColumn, what, fix, "visible_columns", name);
        }
    }

    fn changes(&mut self, table: &InspectedTable) {
        if table.table.kind != TableKind::Table {
            let what = format!("`{}` is a view", table.table.name);
            self.add(DoctorCode::TargetNotATable, what, "name the table itself in `target`");
        }
        let written = self.capability.proposal.iter().flat_map(|rules| rules.written_columns());
        let computed: Vec<String> = written
            .filter(|name| column(table, name).is_some_and(|column| column.column.generated))
            .map(str::to_owned)
            .collect();
        for name in computed {
            let what = format!("`{name}` of `{}` is computed by the database itself", table.table.name);
            let fix = format!("take `{name}` out of `allowed_columns`");
            self.add_taking(DoctorCode::ColumnComputed, what, fix, "allowed_columns", name);
        }
        for note in &table.notes {
            let code = match note.code {
                NoteCode::RowSecurity => DoctorCode::RowSecurityBinds,
                NoteCode::Triggers => DoctorCode::TriggersAct,
                _ => continue,
            };
            let acknowledged =
                self.capability.proposal.iter().any(|rules| !rules.target_acknowledgements.is_empty());
            // What was acknowledged is compared with the source by the writing credential, which sees more.
            if !acknowledged {
                let fix = "run `synapsor writeback doctor`, read what it prints, and acknowledge it in `target_acknowledgements`";
                self.add(code, note.text.clone(), fix);
            }
        }
    }
}

fn column<'t>(table: &'t InspectedTable, name: &str) -> Option<&'t InspectedColumn> {
    table.columns.iter().find(|column| column.column.name == name)
}
