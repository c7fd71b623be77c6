//! What a source's catalog says against what the config says of it. Pure.

use synapsor_config::{Capability, Config, Logic, TableTarget};
use synapsor_source::TableKind;

use super::code::DoctorCode;
use super::finding::Finding;
use crate::inspect::{InspectedColumn, InspectedTable, Inspection, NoteCode};

/// Everything of one source that the config names, held against an inspection with the reading credential.
pub fn shape(config: &Config, source: &str, found: &Inspection) -> Vec<Finding> {
    let here = config.capabilities.iter().filter(|capability| capability.source.name == source);
    here.flat_map(|capability| of_capability(capability, found)).collect()
}

fn of_capability(capability: &Capability, found: &Inspection) -> Vec<Finding> {
    let mut look = Look { capability, findings: Vec::new() };
    let needed = capability.captured_columns();
    if let Some(table) = look.table(&capability.target, found) {
        look.columns(table, needed.iter().copied());
        look.scope(table, &capability.target);
        look.shown(table);
        if capability.proposal.is_some() {
            look.changes(table);
        }
    }
    if let Some(Logic::Handler(grant)) = capability.proposal.as_ref().map(|rules| &rules.logic) {
        for read in grant.reads.values() {
            if let Some(table) = look.table(&read.target, found) {
                let filters = read.filters.iter().map(String::as_str);
                look.columns(table, read.columns.iter().map(String::as_str).chain(filters));
                look.scope(table, &read.target);
            }
        }
    }
    look.findings
}

struct Look<'a> {
    capability: &'a Capability,
    findings: Vec<Finding>,
}

impl Look<'_> {
    fn add(&mut self, code: DoctorCode, what: impl Into<String>, fix: impl Into<String>) {
        self.findings.push(Finding::new(code, self.capability.name.clone(), what, fix));
    }

    fn table<'t>(&mut self, target: &TableTarget, found: &'t Inspection) -> Option<&'t InspectedTable> {
        let name = format!("{}.{}", target.schema, target.table);
        let is_it =
            |table: &&InspectedTable| table.table.schema == target.schema && table.table.name == target.table;
        match found.tables.iter().find(is_it) {
            Some(table) if table.table.readable => Some(table),
            Some(_) => {
                let fix = format!("an administrator runs: GRANT SELECT ON {name} TO the reading credential");
                self.add(
                    DoctorCode::TableNotReadable,
                    format!("the reading credential may read nothing of `{name}`"),
                    fix,
                );
                None
            }
            None => {
                let fix = "correct `target` in the config, or grant SELECT on the table; `synapsor inspect --source` lists what is visible";
                self.add(
                    DoctorCode::TableMissing,
                    format!("no table `{name}` is visible to the reading credential"),
                    fix,
                );
                None
            }
        }
    }

    fn columns<'n>(&mut self, table: &InspectedTable, names: impl Iterator<Item = &'n str>) {
        let of = &table.table.name;
        for name in names {
            match column(table, name) {
                None => self.add(
                    DoctorCode::ColumnMissing,
                    format!("`{of}` has no column `{name}` that is visible to the reading credential"),
                    "correct the name in the config, or grant SELECT on the column",
                ),
                Some(column) if !column.exact => self.add(
                    DoctorCode::ColumnNotExact,
                    format!("`{name}` of `{of}` has the type `{}`", column.column.type_name),
                    "leave it out of the capability, or make a view that casts it to an exact type",
                ),
                Some(_) => {}
            }
        }
    }

    /// Whether key and tenant name what they should.
    fn scope(&mut self, table: &InspectedTable, target: &TableTarget) {
        let key = std::slice::from_ref(&target.primary_key);
        let found = &table.table;
        let within_tenant = |columns: &Vec<String>| match (&target.tenant_key, columns.as_slice()) {
            (Some(tenant), [one, other]) => {
                [one, other].contains(&tenant) && [one, other].contains(&&target.primary_key)
            }
            _ => false,
        };
        let is_unique = |columns: &Vec<String>| columns == key || within_tenant(columns);
        let vouched = is_unique(&found.primary_key) || found.unique.iter().any(is_unique);
        if !vouched && found.kind == TableKind::Table {
            let what = format!("nothing keeps `{}` of `{}` unique", target.primary_key, found.name);
            let fix =
                "add a unique constraint on it, with the tenant's column where ids repeat among tenants";
            self.add(DoctorCode::KeyNotUnique, what, fix);
        }
        let tenant = target.tenant_key.as_deref().and_then(|name| column(table, name));
        if tenant.is_some_and(|tenant| tenant.column.nullable) && found.kind == TableKind::Table {
            let what = format!(
                "`{}` of `{}` takes NULL",
                target.tenant_key.as_deref().unwrap_or_default(),
                found.name
            );
            self.add(
                DoctorCode::TenantNullable,
                what,
                "make the column NOT NULL once every row has a tenant",
            );
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
            self.add(DoctorCode::SensitiveColumn, format!("`{name}` is shown, and {reason}"), fix);
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
            self.add(DoctorCode::ColumnComputed, what, format!("take `{name}` out of `allowed_columns`"));
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
