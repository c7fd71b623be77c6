//! One spelling of a name, whoever wrote it.

/// The name in small words joined by `_`, so that `tenantId`, `TenantID` and `Tenant Id` are one name.
pub(crate) fn folded(name: &str) -> String {
    let mut folded = String::with_capacity(name.len() + 4);
    let mut letters = name.chars().peekable();
    let mut before = '_';
    while let Some(c) = letters.next() {
        let next_is_small = letters.peek().is_some_and(|next| next.is_lowercase());
        let begins = c.is_uppercase()
            && (before.is_lowercase() || before.is_numeric() || (before.is_uppercase() && next_is_small));
        let is_word = c.is_alphanumeric();
        if (begins || !is_word) && !folded.is_empty() && !folded.ends_with('_') {
            folded.push('_');
        }
        if is_word {
            folded.extend(c.to_lowercase());
        }
        before = c;
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_makes_no_other_name() {
        for name in ["tenant_id", "tenantId", "TenantID", "TENANT_ID", "Tenant Id", "tenant-id"] {
            assert_eq!(folded(name), "tenant_id", "{name}");
        }
        for (name, expected) in
            [("HTTPStatus", "http_status"), ("line2Text", "line2_text"), ("", ""), ("é À", "é_à")]
        {
            assert_eq!(folded(name), expected);
        }
    }
}
