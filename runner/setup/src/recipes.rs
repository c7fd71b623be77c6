//! Recipes: decisions for a domain that many have, ready for one's own table. Where a rule has to compute, its handler too.
//!
//! Invariant: a recipe decides nothing that answers could not; a draft of one is judged as ever.

use std::collections::BTreeMap;
use std::path::PathBuf;

use include_dir::{Dir, include_dir};
use serde::{Deserialize, Serialize};

use crate::init::Answers;

/// The schema version of a recipe.
pub const RECIPE_SCHEMA: &str = "synapsor.recipe.v1";

static RECIPES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/recipes");
const DOCUMENT: &str = "recipe.json";

/// One recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// [`RECIPE_SCHEMA`].
    pub schema_version: String,
    /// What it is called: a domain, a dot, and what happens.
    pub id: String,
    /// The same in words.
    pub title: String,
    /// What a model may propose, and what a person decides.
    pub summary: String,
    /// What a row of the table is about.
    pub expected_table_type: String,
    /// The columns it needs, each with what it holds.
    pub required_columns: BTreeMap<String, String>,
    /// What to know first.
    pub notes: Vec<String>,
    /// The decisions.
    pub answers: Answers,
    /// The files of the handler's project, where a rule has to compute; blanks are filled in when it is written.
    #[serde(skip)]
    pub rule: Vec<(PathBuf, String)>,
}

/// Why a text is no recipe.
#[derive(Debug, thiserror::Error)]
pub enum NotARecipe {
    /// It is no JSON, or has keys that are none.
    #[error("expected a recipe, found something else at line {line}, column {column}")]
    Malformed {
        /// Where.
        line: usize,
        /// Where in it.
        column: usize,
    },
    /// It says that it is something else.
    #[error("expected `schema_version` to be `{RECIPE_SCHEMA}`, found `{0}`")]
    OtherVersion(String),
}

impl Recipe {
    /// A recipe from a file's text; what it needs beside it is not read.
    ///
    /// # Errors
    /// See [`NotARecipe`].
    pub fn read(text: &str) -> Result<Self, NotARecipe> {
        let recipe: Self = serde_json::from_str(text)
            .map_err(|error| NotARecipe::Malformed { line: error.line(), column: error.column() })?;
        if recipe.schema_version == RECIPE_SCHEMA {
            Ok(recipe)
        } else {
            Err(NotARecipe::OtherVersion(recipe.schema_version))
        }
    }

    /// The language of its handler; none where the change is declared.
    pub fn handler(&self) -> Option<&str> {
        self.answers.tables.iter().find_map(|table| table.handler.as_deref())
    }
}

/// Every recipe there is, by name.
pub fn recipes() -> Vec<Recipe> {
    let of_folder = |folder: &Dir<'_>| {
        let document = folder.get_file(folder.path().join(DOCUMENT))?.contents_utf8()?;
        let mut recipe = Recipe::read(document).ok()?;
        rule(folder, folder, &mut recipe.rule);
        Some(recipe)
    };
    let mut recipes: Vec<Recipe> = RECIPES.dirs().filter_map(of_folder).collect();
    recipes.sort_by(|one, other| one.id.cmp(&other.id));
    recipes
}

/// Everything in the folder that is not the document.
fn rule(root: &Dir<'_>, folder: &Dir<'_>, files: &mut Vec<(PathBuf, String)>) {
    for file in folder.files() {
        let path = file.path().strip_prefix(root.path()).unwrap_or(file.path());
        if let (true, Some(text)) = (path.as_os_str() != DOCUMENT, file.contents_utf8()) {
            files.push((path.to_owned(), text.to_owned()));
        }
    }
    for inner in folder.dirs() {
        rule(root, inner, files);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_is_a_recipe_and_half_of_them_have_a_handler() {
        let recipes = recipes();
        let folders: Vec<&str> = RECIPES.dirs().filter_map(|folder| folder.path().to_str()).collect();
        assert_eq!(recipes.iter().map(|recipe| recipe.id.as_str()).collect::<Vec<_>>(), folders);
        let with_rule: Vec<&Recipe> = recipes.iter().filter(|recipe| recipe.handler().is_some()).collect();
        assert_eq!((recipes.len(), with_rule.len()), (10, 5));
        for recipe in &recipes {
            assert_eq!(recipe.handler().is_some(), !recipe.rule.is_empty(), "{}", recipe.id);
            let table = &recipe.answers.tables[0];
            let needed = [&table.tenant_key, &table.conflict_column].into_iter().flatten();
            for column in table.visible_columns.iter().chain(needed) {
                assert!(recipe.required_columns.contains_key(column), "{}: {column}", recipe.id);
            }
        }
    }

    #[test]
    fn another_document_is_refused_without_its_text() {
        let refused = Recipe::read(r#"{ "password": "hunter2" }"#).expect_err("refused");
        assert!(!refused.to_string().contains("hunter2"), "{refused}");
    }
}
