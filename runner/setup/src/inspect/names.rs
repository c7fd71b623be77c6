//! What a column's name says it is for.

/// Names of columns that say whose a row is, the surest first.
pub(super) const TENANT: &[&str] = &[
    "tenant_id",
    "account_id",
    "organization_id",
    "organisation_id",
    "org_id",
    "workspace_id",
    "customer_id",
];

/// Tables that whoever owns rows stands in.
pub(super) const TENANT_TABLES: &[&str] =
    &["tenant", "account", "organization", "organisation", "org", "workspace"];

/// Names of columns that say which version of a row it is, the surest first.
pub(super) const VERSION: &[&str] =
    &["row_version", "lock_version", "version", "updated_at", "modified_at", "etag"];

/// Names of columns that nothing should change.
pub(super) const IMMUTABLE: &[&str] = &["id", "uuid", "created_at", "created_by"];

/// Words of names that hold what is nobody else's business, besides those that the ledger refuses to record.
const PERSONAL: &[(&str, &str)] = &[
    ("ssn", "a social security number"),
    ("social_security", "a social security number"),
    ("credit_card", "a card number"),
    ("card_number", "a card number"),
    ("cvv", "a card's code"),
    ("cvc", "a card's code"),
    ("iban", "a bank account"),
    ("passport", "a passport"),
    ("date_of_birth", "a birthday"),
    ("session", "a session"),
    ("oauth", "a token"),
    ("salt", "a part of a password's hash"),
];

/// What a name says its values are about, where that is personal.
pub(super) fn personal(folded: &str) -> Option<&'static str> {
    let framed = format!("_{folded}_");
    PERSONAL.iter().find(|(word, _)| framed.contains(&format!("_{word}_"))).map(|(_, what)| *what)
}

/// Whether a config can name it.
pub(crate) fn is_plain(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_whole() {
        assert_eq!(personal("customer_ssn"), Some("a social security number"));
        assert_eq!(personal("lessons"), None);
        assert_eq!(personal("basalt"), None);
    }
}
