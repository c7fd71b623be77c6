//! What a project is fitted to: a capability of somebody's own, and the columns it sets. The rule it begins with sets each
//! to an argument; manifest and cases say the same.
//!
//! Invariant: names of columns and arguments are identifiers, so that they can stand in every language's text.

use std::path::PathBuf;

use crate::template::Blanks;

/// What a project is fitted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// The capability the handler is for.
    pub capability: String,
    /// What one row is called.
    pub object: String,
    /// What the caller says, in order.
    pub columns: Vec<FitColumn>,
    /// Every column it may set: those, and what it computes.
    pub writes: Vec<String>,
    /// The rule's files where there is one already, by their places in the project; blanks are filled in. Without any, the
    /// language's template sets each column to its argument.
    pub rule: Vec<(PathBuf, String)>,
}

/// A column, and the argument it is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FitColumn {
    /// The column.
    pub column: String,
    /// The argument.
    pub argument: String,
    /// What both hold.
    pub kind: FitKind,
}

/// What a column of a fitted project holds, as far as the rule has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FitKind {
    /// Text, and everything that is written as text.
    Text,
    /// A whole number.
    Integer,
    /// An exact number with a fraction.
    Decimal,
    /// True or false.
    Boolean,
}

impl FitKind {
    /// As the SDKs' methods call it.
    fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
        }
    }

    /// The argument's type in a manifest.
    fn argument_type(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Integer | Self::Decimal => "number",
            Self::Boolean => "boolean",
        }
    }

    fn c_type(self) -> &'static str {
        match self {
            Self::Text | Self::Decimal => "const char *",
            Self::Integer => "int64_t ",
            Self::Boolean => "bool ",
        }
    }

    /// What the first case sets, as JSON.
    fn sample(self) -> &'static str {
        match self {
            Self::Text => "\"as asked\"",
            Self::Integer => "1",
            Self::Decimal => "\"1.50\"",
            Self::Boolean => "true",
        }
    }
}

impl Fit {
    /// Blanks of a whole text.
    pub(crate) fn blanks(&self) -> Blanks {
        let quoted: Vec<String> = self.writes.iter().map(|name| format!("\"{name}\"")).collect();
        let first = self.columns.first().map(|column| column.argument.clone()).unwrap_or_default();
        let is_decimal = |column: &FitColumn| column.kind == FitKind::Decimal;
        let features = if self.columns.iter().any(is_decimal) { ", features = [\"decimal\"]" } else { "" };
        vec![
            ("{{description}}", format!("Sets {} of one {}, as the caller asks.", self.names(), self.object)),
            ("{{summary}}", format!("sets {}", self.names())),
            ("{{capability}}", self.capability.clone()),
            ("{{columns}}", quoted.join(", ")),
            ("{{first_argument}}", first),
            ("{{sdk_features}}", features.to_owned()),
        ]
    }

    /// Blanks of what is repeated, by column.
    pub(crate) fn repeated(&self) -> Vec<Blanks> {
        let last = self.columns.len().saturating_sub(1);
        let of_column = |(at, column): (usize, &FitColumn)| {
            let kind = column.kind;
            let go_value = if kind == FitKind::Decimal { "exact" } else { kind.word() };
            vec![
                ("{{column}}", column.column.clone()),
                ("{{argument}}", column.argument.clone()),
                ("{{Argument}}", capitalised(&column.argument)),
                ("{{argument_type}}", kind.argument_type().to_owned()),
                ("{{kind}}", kind.word().to_owned()),
                ("{{Kind}}", capitalised(kind.word())),
                ("{{go_value}}", capitalised(go_value)),
                ("{{c_type}}", kind.c_type().to_owned()),
                ("{{sample}}", kind.sample().to_owned()),
                ("{{comma}}", if at == last { "" } else { "," }.to_owned()),
            ]
        };
        self.columns.iter().enumerate().map(of_column).collect()
    }

    fn names(&self) -> String {
        self.columns.iter().map(|column| column.column.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// `late_fee` as `LateFee`.
fn capitalised(name: &str) -> String {
    let part = |part: &str| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    name.split('_').map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Case, Manifest, agreement, fitted_project, languages};

    fn fit() -> Fit {
        let column = |column: &str, argument: &str, kind| FitColumn {
            column: column.to_owned(),
            argument: argument.to_owned(),
            kind,
        };
        Fit {
            capability: "shop.propose_order_update".to_owned(),
            object: "order".to_owned(),
            columns: vec![
                column("status", "status", FitKind::Text),
                column("row_version", "new_row_version", FitKind::Integer),
                column("total_eur", "total_eur", FitKind::Decimal),
                column("is_gift", "is_gift", FitKind::Boolean),
            ],
            writes: ["status", "row_version", "total_eur", "is_gift"].map(str::to_owned).into(),
            rule: Vec::new(),
        }
    }

    #[test]
    fn in_every_language_manifest_and_cases_fit_the_columns_and_no_blank_is_left() {
        for language in languages() {
            let folder = tempfile::tempdir().expect("a folder");
            let written = fitted_project(language, "order", folder.path(), &fit()).expect("a project");
            let own = |path: &&std::path::PathBuf| !path.starts_with("sdk") && !path.starts_with("wit");
            let mut rules = 0;
            for path in written.iter().filter(own) {
                let text = std::fs::read_to_string(folder.path().join(path)).expect("a file");
                assert!(!text.contains("{{") && !text.contains("late_fee"), "{language}: {}", path.display());
                rules +=
                    usize::from(text.contains("\"total_eur\"") && path.extension() != Some("json".as_ref()));
            }
            assert_eq!(rules, 1, "{language}: one file sets the columns");
            let read = |path: &str| std::fs::read_to_string(folder.path().join(path)).expect("a file");
            let manifest: Manifest = serde_json::from_str(&read("handler.json")).expect("a manifest");
            assert_eq!(manifest.writes.len(), 4, "{language}");
            for name in ["sets-what-is-asked", "argument-missing"] {
                let case: Case = serde_json::from_str(&read(&format!("cases/{name}.json"))).expect("a case");
                assert!(agreement::case_problems(&manifest, &case).is_empty(), "{language}: {name}");
            }
            assert!(!folder.path().join("cases/not-overdue.json").exists(), "{language}");
        }
    }
}
