//! `synapsor recipes list|show|init`: decisions for a domain that many have, for one's own table.

use std::path::Path;

use serde_json::json;
use synapsor_protocol::{Code, Refusal};
use synapsor_setup::recipes::{Recipe, recipes};

use super::init::{self, Base};
use crate::args::{RecipeInit, Recipes};
use crate::next::After;
use crate::print::document::with;
use crate::print::{Report, inert, style, table::table};
use crate::settings::{Settings, unreadable};

pub(crate) async fn run(command: Recipes, settings: &Settings, json: bool) -> Result<Report, Refusal> {
    match command {
        Recipes::List => Ok(list()),
        Recipes::Show { recipe } => show(&named(&recipe)?),
        Recipes::Init(wanted) => self::init(&wanted, settings, json).await,
    }
}

fn list() -> Report {
    let recipes = recipes();
    let how = |recipe: &Recipe| match recipe.handler() {
        Some(language) => format!("a handler in {language}"),
        None => "declared".to_owned(),
    };
    let rows: Vec<_> = recipes
        .iter()
        .map(|recipe| {
            [recipe.id.clone(), recipe.title.clone(), recipe.expected_table_type.clone(), how(recipe)]
        })
        .collect();
    let entries: Vec<_> = recipes
        .iter()
        .map(|recipe| json!({ "id": recipe.id, "title": recipe.title, "summary": recipe.summary, "handler": recipe.handler() }))
        .collect();
    let text = table(["recipe", "what", "table of", "the change is"], &rows);
    Report::done(json!({ "recipes": entries }), text).next(After::RecipesListed, "")
}

fn show(recipe: &Recipe) -> Result<Report, Refusal> {
    let column = |(name, holds): (&String, &String)| [inert::text(name), inert::text(holds)];
    let columns: Vec<_> = recipe.required_columns.iter().map(column).collect();
    let mut lines = vec![
        format!("{}  {}", style::strong(inert::text(&recipe.id)), inert::text(&recipe.summary)),
        table(["needs a column", "that"], &columns),
    ];
    lines.extend(recipe.notes.iter().map(|note| inert::text(note)));
    let files: Vec<_> = recipe.rule.iter().map(|(path, _)| path.display().to_string()).collect();
    let document = serde_json::to_value(recipe).map_err(Refusal::bug)?;
    let document = with(json!({ "handler_files": files }), [("recipe", document)]);
    Ok(Report::done(document, lines.join("\n")).next(After::RecipeShown, &recipe.id))
}

async fn init(wanted: &RecipeInit, settings: &Settings, json: bool) -> Result<Report, Refusal> {
    if wanted.init.answers.is_some() {
        return Err(Refusal::new(
            Code::InvalidInput,
            "a recipe and a file of answers decide the same things",
        )
        .hint(format!(
            "add what the recipe leaves open by flags; or copy the `answers` that `synapsor recipes show {} --json` prints into the file",
            shlex::try_quote(&wanted.recipe).unwrap_or_default()
        )));
    }
    let recipe = named(&wanted.recipe)?;
    let mut answers = recipe.answers;
    // One table named is the recipe's own, under the name it has here.
    if let ([name], [only]) = (wanted.init.tables.table.as_slice(), answers.tables.as_mut_slice()) {
        only.table.clone_from(name);
    }
    init::from_base(Base { answers, rule: recipe.rule }, &wanted.init, settings, json).await
}

/// A recipe by its name, or from a file of one's own.
fn named(name: &str) -> Result<Recipe, Refusal> {
    let all = recipes();
    if let Some(found) = all.iter().find(|recipe| recipe.id == name) {
        return Ok(found.clone());
    }
    let path = Path::new(name);
    if path.extension().is_some_and(|end| end == "json") {
        let text = super::configure::file::read(path)?
            .ok_or_else(|| unreadable("recipe", path, &std::io::ErrorKind::NotFound.into()))?;
        return Recipe::read(&text)
            .map_err(|error| Refusal::new(Code::InvalidInput, format!("`{}`: {error}", path.display())));
    }
    let names: Vec<String> = all.iter().map(|recipe| format!("`{}`", recipe.id)).collect();
    Err(Refusal::new(Code::InvalidInput, format!("no recipe is called `{}`", inert::text(name)))
        .hint(format!("expected {}, or a file that ends in `.json`", names.join(", "))))
}
