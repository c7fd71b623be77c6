//! Objects and tables as people name them: `invoice:INV-3001`, `invoices`, `public.invoices`.

use super::table::Field;

/// Which business object: a type, a key, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectFilter {
    /// The type: a table's name, with or without its plural and its schema.
    pub kind: Option<String>,
    /// The row's key as people write it.
    pub key: Option<String>,
}

impl ObjectFilter {
    /// From `invoice:INV-3001`. A key may hold colons, a type does not. `None` where either side is empty.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, key) = text.split_once(':')?;
        let filled = |part: &str| Some(part.to_owned()).filter(|part| !part.is_empty());
        Some(Self { kind: Some(filled(kind)?), key: Some(filled(key)?) })
    }

    pub(super) fn terms(&self) -> impl Iterator<Item = (Field, String)> {
        let table = self.kind.as_deref().map(TableFilter::parse);
        let schema = table.as_ref().and_then(|table| table.schema.clone());
        let kind = table.map(|table| (Field::ObjectType, singular(&table.name)));
        let key = self.key.clone().map(|key| (Field::ObjectKey, key));
        kind.into_iter().chain(schema.map(|schema| (Field::Schema, schema))).chain(key)
    }
}

/// Which table, in one schema or in any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFilter {
    /// Only in this schema.
    pub schema: Option<String>,
    /// The table's own name.
    pub name: String,
}

impl TableFilter {
    /// From `invoices` or `public.invoices`.
    pub fn parse(text: &str) -> Self {
        match text.split_once('.') {
            Some((schema, name)) if !schema.is_empty() && !name.is_empty() => {
                Self { schema: Some(schema.to_owned()), name: name.to_owned() }
            }
            _ => Self { schema: None, name: text.to_owned() },
        }
    }

    /// The type is asked for as well because it is what the index holds; it follows from the name.
    pub(super) fn terms(&self) -> impl Iterator<Item = (Field, String)> {
        let schema = self.schema.clone().map(|schema| (Field::Schema, schema));
        let name = [(Field::ObjectType, singular(&self.name)), (Field::Table, self.name.clone())];
        name.into_iter().chain(schema)
    }
}

/// A table's name as `object_type` has it: lower case, without its plural. The schema's expression is the twin of this.
pub(super) fn singular(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let cut = |ending: &str| name.strip_suffix(ending).map(str::to_owned);
    if let Some(stem) = cut("ies") {
        return format!("{stem}y");
    }
    if ["sses", "ches", "shes", "xes"].iter().any(|ending| name.ends_with(ending)) {
        return cut("es").unwrap_or(name);
    }
    if name.ends_with("ss") { name } else { cut("s").unwrap_or(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_and_plural_are_one_type() {
        for (one, many) in [
            ("invoice", "Invoices"),
            ("category", "categories"),
            ("class", "classes"),
            ("batch", "batches"),
            ("dish", "dishes"),
            ("box", "boxes"),
            ("address", "addresses"),
            ("status", "status"),
        ] {
            assert_eq!(singular(one), singular(many), "{one} {many}");
        }
        assert_ne!(singular("invoice"), singular("invoicing"));
    }

    #[test]
    fn an_object_is_a_type_and_a_key_and_a_key_may_hold_colons() {
        let parsed = |text: &str| ObjectFilter::parse(text).map(|object| (object.kind, object.key));
        let some = |kind: &str, key: &str| Some((Some(kind.to_owned()), Some(key.to_owned())));
        assert_eq!(parsed("invoice:INV-3001"), some("invoice", "INV-3001"));
        assert_eq!(parsed("file:a:b"), some("file", "a:b"));
        for text in ["invoice", "invoice:", ":INV-3001", ""] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn a_table_may_name_its_schema() {
        let parsed = |text: &str| (TableFilter::parse(text).schema, TableFilter::parse(text).name);
        assert_eq!(parsed("public.invoices"), (Some("public".to_owned()), "invoices".to_owned()));
        assert_eq!(parsed("invoices"), (None, "invoices".to_owned()));
        assert_eq!(parsed(".invoices"), (None, ".invoices".to_owned()));
    }
}
