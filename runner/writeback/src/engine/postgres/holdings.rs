//! What a PostgreSQL role holds: of its own, through roles it has, and like everybody.

use super::{Postgres, fault};
use crate::engine::inventory::Holdings;
use crate::error::Fault;
use crate::excess::{Held, Inventory, On};

/// Kind, privilege, schema, name, column, and who holds it. Of a superuser only that it is one.
///
/// What belongs to an owner is not granted, so ownership comes as itself. The first role of a server, which always has the
/// number 10, could own the table instead.
const HOLDINGS: &str = r"
WITH me AS (
  SELECT r.* FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
), relation AS (
  SELECT c.oid, c.relname::text AS name, c.relacl, c.relowner, n.nspname::text AS schema
  FROM me, pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE NOT me.rolsuper AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
), granted (on_what, privilege, schema, name, on_column, grantee) AS (
  SELECT 'table', x.privilege_type, r.schema, r.name, NULL, x.grantee
  FROM relation r, pg_catalog.aclexplode(r.relacl) x WHERE x.grantee <> r.relowner
  UNION ALL
  SELECT 'table', x.privilege_type, r.schema, r.name, a.attname::text, x.grantee
  FROM relation r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid, pg_catalog.aclexplode(a.attacl) x
  WHERE NOT a.attisdropped AND x.grantee <> r.relowner
  UNION ALL
  SELECT 'schema', x.privilege_type, n.nspname::text, NULL, NULL, x.grantee
  FROM me, pg_catalog.pg_namespace n,
       pg_catalog.aclexplode(COALESCE(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) x
  WHERE NOT me.rolsuper AND x.privilege_type = 'CREATE' AND n.nspname NOT LIKE 'pg\_%'
  UNION ALL
  SELECT 'database', x.privilege_type, d.datname::text, NULL, NULL, x.grantee
  FROM me, pg_catalog.pg_database d,
       pg_catalog.aclexplode(COALESCE(d.datacl, pg_catalog.acldefault('d', d.datdba))) x
  WHERE NOT me.rolsuper AND x.privilege_type = 'CREATE' AND d.datname = pg_catalog.current_database()
)
SELECT 'attribute', a.name, NULL, NULL, NULL, pg_catalog.quote_ident(me.rolname)
FROM me, (VALUES ('SUPERUSER'), ('CREATEROLE'), ('CREATEDB'), ('REPLICATION'), ('BYPASSRLS')) a (name)
WHERE CASE a.name WHEN 'SUPERUSER' THEN me.rolsuper
                  WHEN 'CREATEROLE' THEN me.rolcreaterole AND NOT me.rolsuper
                  WHEN 'CREATEDB' THEN me.rolcreatedb AND NOT me.rolsuper
                  WHEN 'REPLICATION' THEN me.rolreplication AND NOT me.rolsuper
                  ELSE me.rolbypassrls AND NOT me.rolsuper END
UNION ALL
SELECT 'membership', pg_catalog.quote_ident(g.rolname), NULL, NULL, NULL, pg_catalog.quote_ident(me.rolname)
FROM me JOIN pg_catalog.pg_auth_members m ON m.member = me.oid JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
WHERE g.rolname LIKE 'pg\_%' AND NOT me.rolsuper
UNION ALL
SELECT 'ownership', pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(10)), r.schema, r.name, NULL,
       pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(r.relowner))
FROM relation r WHERE pg_catalog.pg_has_role(r.relowner, 'USAGE')
UNION ALL
SELECT g.on_what, g.privilege, g.schema, g.name, g.on_column,
       CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END
FROM granted g WHERE CASE g.grantee WHEN 0 THEN true ELSE pg_catalog.pg_has_role(g.grantee, 'USAGE') END";

/// One row of [`HOLDINGS`].
type Row = (String, String, Option<String>, Option<String>, Option<String>, String);

impl Holdings for Postgres {
    async fn inventory(&mut self) -> Result<Inventory, Fault> {
        let default_schema: Option<String> = sqlx::query_scalar("SELECT pg_catalog.current_schema()::text")
            .fetch_one(&mut self.connection)
            .await
            .map_err(fault)?;
        let found: Vec<Row> =
            sqlx::query_as(HOLDINGS).fetch_all(&mut self.connection).await.map_err(fault)?;
        let default_schema = default_schema.unwrap_or_default();
        Ok(Inventory { default_schema, held: found.into_iter().map(held).collect() })
    }
}

fn held((kind, privilege, schema, table, column, to): Row) -> Held {
    let (schema, table) = (schema.unwrap_or_default(), table.unwrap_or_default());
    match kind.as_str() {
        "attribute" => Held::Attribute { name: privilege, role: to },
        "membership" => Held::Membership { of: privilege, role: to },
        "ownership" => Held::Ownership { table: format!("{schema}.{table}"), role: to, other: privilege },
        "schema" => Held::Grant { privilege, on: On::Schema(schema), column, to },
        "database" => Held::Grant { privilege, on: On::Database(schema), column, to },
        _ => Held::Grant { privilege, on: On::Table { schema, table }, column, to },
    }
}
