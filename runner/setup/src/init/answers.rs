//! What a person has decided, however it came: by flags, from a file, or at a terminal.

use serde::{Deserialize, Serialize};
use synapsor_config::Mode;

/// The schema version of a file of answers.
pub const ANSWERS_SCHEMA: &str = "synapsor.answers.v1";

/// Before the name of a variable, where a file could be meant.
const VARIABLE: &str = "env:";

/// Everything that can be decided; what is not there is asked, suggested or left at its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answers {
    /// [`ANSWERS_SCHEMA`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_version: Option<String>,
    /// The database: a SQLite file, or `env:NAME`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Only this schema of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The source's name in the config. Default: `app`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_name: Option<String>,
    /// What the runner may do. Default: `review` where something may be proposed, else `read_only`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The variable with the URL of the writing credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_url_env: Option<String>,
    /// The variable with the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_env: Option<String>,
    /// The variable with the principal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal_env: Option<String>,
    /// The tenant itself, for development.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dev_tenant: Option<String>,
    /// The principal itself, for development.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dev_principal: Option<String>,
    /// What stands before the dot of every capability's name. Default: `app`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Whether the first suggestion is taken where nothing else is said.
    pub accept_suggested: bool,
    /// The tables, and what holds for each.
    pub tables: Vec<TableAnswers>,
}

/// What was decided for one table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TableAnswers {
    /// Its name, with or without its schema.
    pub table: String,
    /// The column that finds a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_key: Option<String>,
    /// The column that says whose a row is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_key: Option<String>,
    /// Every row belongs to the one tenant there is.
    pub single_tenant_dev: bool,
    /// The column that says which version of a row it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict_column: Option<String>,
    /// No column does: every captured column is compared.
    pub weak_guard: bool,
    /// What a caller and a reviewer see. Default: what is neither sensitive nor large.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub visible_columns: Vec<String>,
    /// What a proposal sets: `column=fixed:VALUE` or `column=arg:NAME`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub patch: Vec<String>,
    /// What a handler may set; of a patch it is what the patch sets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_columns: Vec<String>,
    /// Of a handler's columns those whose new value the caller says, each in an argument of the same name; the handler computes
    /// the others. Default: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asked_columns: Vec<String>,
    /// `column=minimum:maximum`; either may be left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub numeric_bounds: Vec<String>,
    /// `column=from:to|to;from:to`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transition_guards: Vec<String>,
    /// The language of a handler that computes the patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handler: Option<String>,
    /// What one row is called in names. Default: the table's name in the singular.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_name: Option<String>,
    /// The argument that carries the key. Default: `<object>_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lookup_arg: Option<String>,
    /// Whose decision it is, for the reviewer to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_role: Option<String>,
}

impl TableAnswers {
    /// A table of which nothing is decided.
    pub fn of(table: impl Into<String>) -> Self {
        Self { table: table.into(), ..Self::default() }
    }

    /// Whether something of it may be proposed.
    pub fn changes(&self) -> bool {
        !self.patch.is_empty() || self.handler.is_some()
    }
}

/// Why a text is no file of answers.
#[derive(Debug, thiserror::Error)]
pub enum NotAnswers {
    /// It is no JSON, or has keys that are none.
    #[error("expected a document of answers, found something else at line {line}, column {column}")]
    Malformed {
        /// Where.
        line: usize,
        /// Where in it.
        column: usize,
    },
    /// It says that it is something else.
    #[error("expected `schema_version` to be `{ANSWERS_SCHEMA}`, found `{0}`")]
    OtherVersion(String),
}

impl Answers {
    /// Answers from a file's text.
    ///
    /// # Errors
    /// See [`NotAnswers`]; what stands in the file is not repeated, since it may be a secret in the wrong place.
    pub fn read(text: &str) -> Result<Self, NotAnswers> {
        let answers: Self = serde_json::from_str(text)
            .map_err(|error| NotAnswers::Malformed { line: error.line(), column: error.column() })?;
        match &answers.schema_version {
            Some(version) if version != ANSWERS_SCHEMA => Err(NotAnswers::OtherVersion(version.clone())),
            _ => Ok(answers),
        }
    }
}

/// Where the database is, as a config may say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabasePlace {
    /// A SQLite file.
    File(String),
    /// The variable that holds its URL.
    Variable(String),
}

impl DatabasePlace {
    /// As `--from` takes it; `None` is a URL, which has no place there.
    pub fn typed(text: &str) -> Option<Self> {
        if text.contains("://") {
            return None;
        }
        Some(match text.strip_prefix(VARIABLE) {
            Some(variable) => Self::Variable(variable.to_owned()),
            None => Self::File(text.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_file_or_a_variable_and_never_a_url() {
        assert_eq!(DatabasePlace::typed("./app.db"), Some(DatabasePlace::File("./app.db".into())));
        assert_eq!(DatabasePlace::typed("env:APP"), Some(DatabasePlace::Variable("APP".into())));
        assert_eq!(DatabasePlace::typed("postgres://app:hunter2@db/app"), None);
    }

    #[test]
    fn a_file_with_a_key_that_is_none_is_refused_without_its_text() {
        let refused = Answers::read(r#"{ "password": "hunter2" }"#).expect_err("refused");
        assert!(!refused.to_string().contains("hunter2"), "{refused}");
        let refused = Answers::read(r#"{ "schema_version": "other" }"#).expect_err("refused");
        assert_eq!(
            refused.to_string(),
            "expected `schema_version` to be `synapsor.answers.v1`, found `other`"
        );
        assert_eq!(Answers::read("{}").ok(), Some(Answers::default()));
    }
}
