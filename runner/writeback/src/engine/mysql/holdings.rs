//! What a MySQL or MariaDB account holds. The rights of a role it has are not shown to it, so the role itself is named.

use super::{Mysql, fault};
use crate::engine::inventory::Holdings;
use crate::error::Fault;
use crate::excess::{Held, Inventory, On};

/// `ER_UNKNOWN_TABLE`.
const UNKNOWN_TABLE: u16 = 1109;

/// Privilege, whether it may be passed on, schema, table, column, and the account as GRANT names it.
const HOLDINGS: &str = r#"
SELECT CAST(p.privilege_type AS CHAR) AS privilege, CAST(p.is_grantable AS CHAR) AS passed_on,
       CAST(p.table_schema AS CHAR) AS in_schema, CAST(p.table_name AS CHAR) AS on_table,
       CAST(p.column_name AS CHAR) AS on_column, CAST(p.grantee AS CHAR) AS account
FROM (
  SELECT grantee, privilege_type, is_grantable, NULL AS table_schema, NULL AS table_name, NULL AS column_name
  FROM information_schema.user_privileges
  UNION ALL
  SELECT grantee, privilege_type, is_grantable, table_schema, NULL, NULL FROM information_schema.schema_privileges
  UNION ALL
  SELECT grantee, privilege_type, is_grantable, table_schema, table_name, NULL FROM information_schema.table_privileges
  UNION ALL
  SELECT grantee, privilege_type, is_grantable, table_schema, table_name, column_name
  FROM information_schema.column_privileges
) p
WHERE p.privilege_type <> 'USAGE'
  AND p.grantee = CONCAT("'", SUBSTRING_INDEX(CURRENT_USER(), '@', 1), "'@'", SUBSTRING_INDEX(CURRENT_USER(), '@', -1), "'")"#;

/// The roles of the account, quoted.
const ROLES: &str = r#"
SELECT CAST(CONCAT('`', REPLACE(role_name, '`', '``'), '`') AS CHAR) AS role,
       CAST(CONCAT("'", SUBSTRING_INDEX(CURRENT_USER(), '@', 1), "'@'", SUBSTRING_INDEX(CURRENT_USER(), '@', -1), "'") AS CHAR) AS account
FROM information_schema.applicable_roles"#;

/// One row of [`HOLDINGS`].
type Row = (String, String, Option<String>, Option<String>, Option<String>, String);

impl Holdings for Mysql {
    async fn inventory(&mut self) -> Result<Inventory, Fault> {
        let default_schema: Option<String> = sqlx::query_scalar("SELECT CAST(DATABASE() AS CHAR)")
            .fetch_one(&mut self.connection)
            .await
            .map_err(fault)?;
        let found: Vec<Row> =
            sqlx::query_as(HOLDINGS).fetch_all(&mut self.connection).await.map_err(fault)?;
        let roles: Vec<(String, String)> = match sqlx::query_as(ROLES).fetch_all(&mut self.connection).await {
            // MySQL before 8.0.19 knows no such table, and before 8.0 no roles.
            Err(error) if super::dialect::mysql::error_number(&error) == Some(UNKNOWN_TABLE) => Vec::new(),
            found => found.map_err(fault)?,
        };
        let roles = roles.into_iter().map(|(of, role)| Held::Membership { of, role });
        Ok(Inventory {
            default_schema: default_schema.unwrap_or_default(),
            held: found.into_iter().flat_map(held).chain(roles).collect(),
        })
    }
}

/// The right, and the one to pass it on, which is another.
fn held((privilege, passed_on, schema, table, column, to): Row) -> Vec<Held> {
    let on = match (schema, table) {
        (Some(schema), Some(table)) => On::Table { schema, table },
        (Some(schema), None) => On::Schema(schema),
        (None, _) => On::Everything,
    };
    let pass_on = (passed_on == "YES" && column.is_none()).then(|| Held::Grant {
        privilege: "GRANT OPTION".into(),
        on: on.clone(),
        column: None,
        to: to.clone(),
    });
    std::iter::once(Held::Grant { privilege, on, column, to }).chain(pass_on).collect()
}
