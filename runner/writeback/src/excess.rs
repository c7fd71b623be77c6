//! Excess: what a credential may do beyond what is needed, and the statement that takes it away. Pure.
//!
//! Nothing here stands in the way of an apply. But a right nobody needs is one that whoever has the credential can use
//! without a proposal, so the doctor names each.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use synapsor_protocol::Engine;
use synapsor_source::dialect;

use crate::receipts::RECEIPTS_TABLE;
use crate::rights::Right;

/// One thing a credential holds and nothing needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Excess {
    /// What it is.
    pub what: String,
    /// What an administrator runs, or does, to take it away.
    pub fix: String,
}

/// Everything a credential holds, as the database tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Inventory {
    /// Where the credential looks first, and the receipts table is.
    pub(crate) default_schema: String,
    /// What it holds, on whatever.
    pub(crate) held: Vec<Held>,
}

/// One thing held. Whoever holds it is named as SQL names it: the credential, a role it has, or everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Held {
    /// A right that was granted.
    Grant {
        /// Its name in SQL.
        privilege: String,
        /// On what.
        on: On,
        /// On which column; `None` is all of it.
        column: Option<String>,
        /// To whom.
        to: String,
    },
    /// A power of the role itself, such as `SUPERUSER`.
    Attribute {
        /// Its name in SQL.
        name: String,
        /// Whose.
        role: String,
    },
    /// A role that brings rights of its own.
    Membership {
        /// The role.
        of: String,
        /// Who has it.
        role: String,
    },
    /// A table whose owner it is: an owner may do everything.
    Ownership {
        /// Schema and table.
        table: String,
        /// Who owns it.
        role: String,
        /// Who could own it instead.
        other: String,
    },
}

/// What a right is on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum On {
    /// Every database of the server; MySQL only.
    Everything,
    /// A database; Postgres only.
    Database(String),
    /// A schema; MySQL calls it a database.
    Schema(String),
    /// A table.
    Table {
        /// Where.
        schema: String,
        /// Which.
        table: String,
    },
}

impl On {
    fn sql(&self, engine: Engine) -> String {
        match (self, engine) {
            (Self::Everything, _) => "*.*".to_owned(),
            (Self::Database(name), _) => format!("DATABASE {}", dialect::quoted(engine, name)),
            (Self::Schema(name), Engine::Mysql) => format!("{}.*", dialect::quoted(engine, name)),
            (Self::Schema(name), _) => format!("SCHEMA {}", dialect::quoted(engine, name)),
            (Self::Table { schema, table }, _) => dialect::qualified(engine, schema, table),
        }
    }

    fn described(&self) -> String {
        match self {
            Self::Everything => "every database of the server".to_owned(),
            Self::Database(name) => format!("database `{name}`"),
            Self::Schema(name) => format!("schema `{name}`"),
            Self::Table { schema, table } => format!("`{schema}.{table}`"),
        }
    }
}

/// A right and its column.
type Granted<'a> = (&'a str, Option<&'a str>);

/// Which of a source's two credentials is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential {
    /// What reads connect with: it changes nothing, so that nothing it may look at is too much.
    Read,
    /// What applies connect with.
    Write,
}

impl Credential {
    fn as_str(self) -> &'static str {
        match self {
            Self::Read => "the read credential",
            Self::Write => "the write credential",
        }
    }
}

/// What is needed of one source.
#[derive(Debug, Clone)]
pub(crate) struct Needed<'a> {
    /// By whom.
    pub(crate) credential: Credential,
    /// Its engine.
    pub(crate) engine: Engine,
    /// The rights, one by one, those on the receipts table not among them.
    pub(crate) rights: &'a [Right],
    /// Whether the first apply is to make the receipts table.
    pub(crate) makes_receipts_table: bool,
    /// The statements that give the rights; one is repeated where taking too much away takes it too.
    pub(crate) grants: &'a [String],
}

impl Needed<'_> {
    /// What is held and not needed.
    pub(crate) fn excess(&self, inventory: &Inventory) -> Vec<Excess> {
        let who = self.credential.as_str();
        let mut excess = Vec::new();
        let (mut grants, mut owned) = (BTreeMap::new(), BTreeMap::new());
        for held in &inventory.held {
            match held {
                Held::Grant { privilege, on, column, to } => {
                    let column = column.as_deref();
                    if !self.has_use_for(privilege, on, column, &inventory.default_schema) {
                        let rights: &mut Vec<Granted<'_>> = grants.entry((on, to)).or_default();
                        rights.push((privilege, column));
                    }
                }
                Held::Attribute { name, role } => excess.push(Excess {
                    what: format!("{who} has the attribute {name}"),
                    fix: format!("ALTER ROLE {role} NO{name};"),
                }),
                Held::Membership { of, role } => excess.push(Excess {
                    what: format!("{who} has the role {of}, with all that it may do"),
                    fix: format!("REVOKE {of} FROM {role};"),
                }),
                Held::Ownership { table, role, other } => {
                    let tables: &mut Vec<&str> = owned.entry((role, other)).or_default();
                    tables.push(table);
                }
            }
        }
        excess.extend(owned.into_iter().map(|((role, other), tables)| Excess {
            what: format!("{who} owns {}, and an owner may do everything", named(&tables)),
            fix: format!("REASSIGN OWNED BY {role} TO {other};"),
        }));
        excess.extend(grants.into_iter().map(|((on, to), rights)| self.taken_away(on, to, &rights)));
        excess
    }

    fn has_use_for(&self, privilege: &str, on: &On, column: Option<&str>, default_schema: &str) -> bool {
        match on {
            _ if self.credential == Credential::Read => only_looks(privilege),
            On::Everything | On::Database(_) => false,
            On::Schema(schema) => {
                privilege == "CREATE" && self.makes_receipts_table && schema == default_schema
            }
            On::Table { schema, table } if schema == default_schema && table == RECEIPTS_TABLE => {
                matches!(privilege, "SELECT" | "INSERT")
                    || (privilege == "CREATE" && self.makes_receipts_table)
            }
            On::Table { schema, table } => {
                let mut here = self
                    .rights
                    .iter()
                    .filter(|right| right.schema.as_ref() == Some(schema) && right.table == *table);
                match (privilege, column) {
                    // MySQL shows triggers to whoever may make them.
                    ("TRIGGER", None) => self.engine == Engine::Mysql && here.next().is_some(),
                    (_, None) => false,
                    (_, column) => here.any(|right| {
                        right.privilege.as_str() == privilege && right.column.as_deref() == column
                    }),
                }
            }
        }
    }

    fn taken_away(&self, on: &On, to: &str, rights: &[Granted<'_>]) -> Excess {
        let everybody = if to == "PUBLIC" { ", like everybody," } else { "" };
        let where_columns_would_do = rights.iter().any(|(privilege, column)| {
            column.is_none() && matches!(*privilege, "SELECT" | "UPDATE") && self.is_target(on)
        });
        let why = if where_columns_would_do { ", where columns would do" } else { "" };
        let list = listed(self.engine, rights);
        let place = on.sql(self.engine);
        let mut fix = format!("REVOKE {list} ON {place} FROM {to};");
        // Postgres takes the rights on columns away together with the one on their table.
        let again = self.grants.iter().find(|sql| sql.contains(&format!(" ON {place} TO ")));
        if let Some(again) = again.filter(|_| where_columns_would_do) {
            fix = format!("{fix} {again};");
        }
        let who = self.credential.as_str();
        let what = format!("{who}{everybody} holds {list} on {}{why}", on.described());
        Excess { what, fix }
    }

    fn is_target(&self, on: &On) -> bool {
        matches!(on, On::Table { schema, table }
            if self.rights.iter().any(|right| right.schema.as_ref() == Some(schema) && right.table == *table))
    }
}

/// Whether whoever has the right can only look.
pub(crate) fn only_looks(privilege: &str) -> bool {
    matches!(privilege, "SELECT" | "SHOW VIEW" | "SHOW DATABASES" | "SHOW CREATE ROUTINE")
}

/// Privileges as REVOKE wants them: `DELETE, SELECT ("a", "b")`.
fn listed(engine: Engine, rights: &[Granted<'_>]) -> String {
    let mut columns: BTreeMap<(&str, bool), BTreeSet<String>> = BTreeMap::new();
    for (privilege, column) in rights {
        let names = columns.entry((privilege, column.is_some())).or_default();
        names.extend(column.map(|column| dialect::quoted(engine, column)));
    }
    let one = |((privilege, _), names): ((&str, bool), BTreeSet<String>)| match names.len() {
        0 => privilege.to_owned(),
        _ => format!("{privilege} ({})", names.into_iter().collect::<Vec<_>>().join(", ")),
    };
    columns.into_iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The first few by name.
pub(crate) fn named(tables: &[&str]) -> String {
    const SHOWN_MAX: usize = 3;
    let shown: Vec<String> = tables.iter().take(SHOWN_MAX).map(|table| format!("`{table}`")).collect();
    let shown = shown.join(", ");
    match tables.len().checked_sub(SHOWN_MAX) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more tables"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rights::Privilege;
    use expect_test::{Expect, expect};

    fn right(privilege: Privilege, column: Option<&str>) -> Right {
        Right {
            privilege,
            schema: Some("public".into()),
            table: "invoices".into(),
            column: column.map(str::to_owned),
        }
    }

    fn check(engine: Engine, makes_receipts_table: bool, held: Vec<Held>, expected: &Expect) {
        let rights = [
            right(Privilege::Usage, None),
            right(Privilege::Select, Some("id")),
            right(Privilege::Update, Some("fee")),
        ];
        let place = dialect::qualified(engine, "public", "invoices");
        let grants = [format!("GRANT SELECT (id), UPDATE (fee) ON {place} TO app")];
        let credential = Credential::Write;
        let needed = Needed { credential, engine, rights: &rights, makes_receipts_table, grants: &grants };
        let found = needed.excess(&Inventory { default_schema: "public".into(), held });
        let lines: Vec<_> =
            found.iter().map(|excess| format!("{}\n  {}\n", excess.what, excess.fix)).collect();
        expected.assert_eq(&lines.concat());
    }

    fn held(privilege: &str, on: On, column: Option<&str>) -> Held {
        Held::Grant { privilege: privilege.into(), on, column: column.map(str::to_owned), to: "app".into() }
    }

    fn table(table: &str) -> On {
        On::Table { schema: "public".into(), table: table.into() }
    }

    #[test]
    fn what_is_needed_is_no_excess() {
        for engine in [Engine::Postgres, Engine::Mysql] {
            let exactly = vec![
                held("SELECT", table("invoices"), Some("id")),
                held("UPDATE", table("invoices"), Some("fee")),
                held("SELECT", table(RECEIPTS_TABLE), None),
                held("INSERT", table(RECEIPTS_TABLE), None),
            ];
            check(engine, false, exactly, &expect![""]);
            check(engine, true, vec![held("CREATE", On::Schema("public".into()), None)], &expect![""]);
        }
        check(Engine::Mysql, false, vec![held("TRIGGER", table("invoices"), None)], &expect![""]);
    }

    #[test]
    fn each_right_that_is_not_needed_comes_with_the_statement_that_takes_it_away() {
        check(
            Engine::Postgres,
            false,
            vec![
                held("UPDATE", table("invoices"), None),
                held("DELETE", table("invoices"), None),
                held("SELECT", table("invoices"), Some("note")),
                held("TRIGGER", table("invoices"), None),
                held("SELECT", table("customers"), None),
                held("UPDATE", table(RECEIPTS_TABLE), None),
                held("CREATE", On::Schema("public".into()), None),
                held("CREATE", On::Database("shop".into()), None),
                Held::Attribute { name: "BYPASSRLS".into(), role: "app".into() },
                Held::Membership { of: "pg_write_all_data".into(), role: "app".into() },
            ],
            &expect![[r#"
                the write credential has the attribute BYPASSRLS
                  ALTER ROLE app NOBYPASSRLS;
                the write credential has the role pg_write_all_data, with all that it may do
                  REVOKE pg_write_all_data FROM app;
                the write credential holds CREATE on database `shop`
                  REVOKE CREATE ON DATABASE "shop" FROM app;
                the write credential holds CREATE on schema `public`
                  REVOKE CREATE ON SCHEMA "public" FROM app;
                the write credential holds SELECT on `public.customers`
                  REVOKE SELECT ON "public"."customers" FROM app;
                the write credential holds DELETE, SELECT ("note"), TRIGGER, UPDATE on `public.invoices`, where columns would do
                  REVOKE DELETE, SELECT ("note"), TRIGGER, UPDATE ON "public"."invoices" FROM app; GRANT SELECT (id), UPDATE (fee) ON "public"."invoices" TO app;
                the write credential holds UPDATE on `public.synapsor_writeback_receipts`
                  REVOKE UPDATE ON "public"."synapsor_writeback_receipts" FROM app;
            "#]],
        );
        check(
            Engine::Mysql,
            false,
            vec![
                held("SUPER", On::Everything, None),
                held("INSERT", On::Everything, None),
                held("DROP", On::Schema("shop".into()), None),
            ],
            &expect![[r#"
                the write credential holds INSERT, SUPER on every database of the server
                  REVOKE INSERT, SUPER ON *.* FROM app;
                the write credential holds DROP on schema `shop`
                  REVOKE DROP ON `shop`.* FROM app;
            "#]],
        );
    }

    #[test]
    fn tables_it_owns_are_named_up_to_a_few() {
        let owned =
            |name: &str| Held::Ownership { table: name.into(), role: "app".into(), other: "postgres".into() };
        check(
            Engine::Postgres,
            false,
            ["a", "b", "c", "d", "e"].map(owned).into(),
            &expect![[r#"
                the write credential owns `a`, `b`, `c` and 2 more tables, and an owner may do everything
                  REASSIGN OWNED BY app TO postgres;
            "#]],
        );
    }
}
