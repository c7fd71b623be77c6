//! Names a model may never give a value to: whose row it is, which row version, which table.

/// Compared without case and without anything that is not a letter or digit, so that `tenant_id`, `tenantId` and
/// `Tenant-ID` are one name.
const RESERVED: &[&str] = &[
    "tenantid",
    "principal",
    "principalid",
    "projectid",
    "sourceid",
    "allowedcolumns",
    "rowversion",
    "currentversion",
    "expectedversion",
    "approvalidentity",
    "table",
    "tablename",
    "schema",
    "schemaname",
    "column",
    "columns",
    "columnname",
    "database",
    "databasename",
];

/// Whether only the runner may set a value of that name.
pub fn is_reserved(name: &str) -> bool {
    let folded: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    RESERVED.contains(&folded.as_str())
}

#[cfg(test)]
mod tests {
    use super::is_reserved;

    #[test]
    fn spelling_does_not_get_around_it() {
        for name in
            ["tenant_id", "tenantId", "Tenant-ID", "TENANT ID", "table", "rowVersion", "allowed.columns"]
        {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["tenant_note", "invoice_id", "tables", "reason", ""] {
            assert!(!is_reserved(name), "{name}");
        }
    }
}
