//! Whether key and tenant name what they should: one row, of one tenant, whoever compares. Pure.

use synapsor_config::TableTarget;
use synapsor_protocol::Engine;
use synapsor_source::TableKind;

use super::code::DoctorCode;
use super::finding::Finding;
use super::sql;
use crate::inspect::{InspectedColumn, InspectedTable, Inspection};

/// What is found of the key and the tenant's column of a target.
pub(super) fn scope(target: &TableTarget, table: &InspectedTable, found: &Inspection) -> Vec<Finding> {
    if table.table.kind != TableKind::Table {
        return Vec::new();
    }
    let look = Look { target, table, found };
    [look.key(), look.tenant(), look.collations()].into_iter().flatten().collect()
}

struct Look<'a> {
    target: &'a TableTarget,
    table: &'a InspectedTable,
    found: &'a Inspection,
}

impl Look<'_> {
    fn finding(&self, code: DoctorCode, what: String, fix: String) -> Finding {
        Finding::new(code, format!("{}.{}", self.target.schema, self.target.table), what, fix)
    }

    fn column(&self, name: &str) -> Option<&InspectedColumn> {
        self.table.columns.iter().find(|column| column.column.name == name)
    }

    fn tenant_column(&self) -> Option<&InspectedColumn> {
        self.target.tenant_key.as_deref().and_then(|name| self.column(name))
    }

    fn key(&self) -> Option<Finding> {
        let key = &self.target.primary_key;
        self.column(key)?;
        let within_tenant = |columns: &[String]| match (&self.target.tenant_key, columns) {
            (Some(tenant), [one, other]) => [one, other].contains(&tenant) && [one, other].contains(&key),
            _ => false,
        };
        let is_unique = |columns: &[String]| columns == std::slice::from_ref(key) || within_tenant(columns);
        let known = &self.table.table;
        if is_unique(&known.primary_key) || known.unique.iter().any(|columns| is_unique(columns)) {
            return None;
        }
        let what = format!("nothing keeps `{key}` of `{}` unique", known.name);
        let fix = match known.primary_key.as_slice() {
            [single] => {
                format!("set `primary_key` of `target` to `{single}`, which the database keeps unique")
            }
            _ => {
                let together: Vec<&str> =
                    self.target.tenant_key.iter().chain([key]).map(String::as_str).collect();
                sql::unique(self.found.engine, self.table, &together)
            }
        };
        Some(self.finding(DoctorCode::KeyNotUnique, what, fix))
    }

    fn tenant(&self) -> Option<Finding> {
        let tenant = self.tenant_column().filter(|tenant| tenant.column.nullable)?;
        let what = format!("`{}` of `{}` takes NULL", tenant.column.name, self.table.table.name);
        let fix = sql::not_null(self.found.engine, self.table, tenant)
            .unwrap_or_else(|| "give every row a tenant, and make the column NOT NULL".to_owned());
        Some(self.finding(DoctorCode::TenantNullable, what, fix))
    }

    fn collations(&self) -> Option<Finding> {
        let scope = [self.column(&self.target.primary_key), self.tenant_column()];
        let folding: Vec<&InspectedColumn> =
            scope.into_iter().flatten().filter(|column| column.column.folds).collect();
        if folding.is_empty() {
            return None;
        }
        let named: Vec<String> = folding
            .iter()
            .map(|column| {
                let collation = column.column.collation.as_deref().unwrap_or_default();
                format!("`{}` by `{collation}`", column.column.name)
            })
            .collect();
        let what = format!("`{}` compares {}", self.table.table.name, named.join(" and "));
        let engine = self.found.engine;
        let fix = sql::compared_exactly(engine, self.table, &folding, self.is_referred_to(&folding))
            .unwrap_or_else(|| by_hand(engine));
        Some(self.finding(DoctorCode::CollationFolds, what, fix))
    }

    fn is_referred_to(&self, columns: &[&InspectedColumn]) -> bool {
        let here = &self.table.table;
        let keys = self.found.tables.iter().flat_map(|table| &table.table.foreign_keys);
        let mut here = keys.filter(|key| key.to_schema == here.schema && key.to_table == here.name);
        here.any(|key| {
            key.to_columns.is_empty()
                || columns.iter().any(|column| key.to_columns.contains(&column.column.name))
        })
    }
}

/// Where more than one statement is needed.
fn by_hand(engine: Engine) -> String {
    match engine {
        Engine::Sqlite => {
            "make the table anew without `COLLATE` on these columns, copy its rows, and give it the old name"
        }
        Engine::Mysql => {
            "drop the foreign keys on these columns and their defaults, give the columns on both sides a collation that ends in `_bin`, and make what was dropped again"
        }
        Engine::Postgres => {
            "drop the foreign keys on these columns, give the columns on both sides `COLLATE \"default\"`, and make the keys again"
        }
    }
    .to_owned()
}
