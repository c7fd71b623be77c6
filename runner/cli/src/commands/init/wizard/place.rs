//! Where the database is: a file in this folder, the variable that is set already, or another one.

use std::path::Path;

use synapsor_protocol::{Code, Refusal};
use synapsor_setup::init::DatabasePlace;

use super::ask;
use crate::env;
use crate::settings::Settings;

/// Ends of names that SQLite files usually have.
const ENDS: [&str; 3] = ["db", "sqlite", "sqlite3"];
/// How many files of a folder are offered.
const FILES_MAX: usize = 50;

/// Asks for it.
pub(in crate::commands::init) fn place(settings: &Settings) -> Result<DatabasePlace, Refusal> {
    let variable = env::DATABASE_READ_URL;
    let mut places: Vec<DatabasePlace> = files().into_iter().map(DatabasePlace::File).collect();
    if settings.environment.get(variable).is_some() {
        places.insert(0, DatabasePlace::Variable(variable.to_owned()));
    }
    let mut choices: Vec<String> = places.iter().map(shown).collect();
    choices.push("another SQLite file".to_owned());
    choices.push("a server, by the variable that holds its URL".to_owned());
    loop {
        match ask::one_of("Where is the database?", choices.clone())? {
            Some(at) if at < places.len() => {
                if let Some(chosen) = places.get(at) {
                    return Ok(chosen.clone());
                }
            }
            Some(at) if at == places.len() => {
                if let Some(path) = ask::text("Which file?")? {
                    return typed(&path);
                }
            }
            Some(_) => {
                if let Some(name) = ask::text("Which variable? Its name, not the URL.")? {
                    return typed(&format!("env:{name}"));
                }
            }
            None => {
                return Err(Refusal::new(
                    Code::ConfirmationRequired,
                    "left before the end; nothing was written",
                ));
            }
        }
    }
}

fn shown(place: &DatabasePlace) -> String {
    match place {
        DatabasePlace::File(path) => path.clone(),
        DatabasePlace::Variable(name) => format!("the server in {name}, which is set"),
    }
}

fn typed(text: &str) -> Result<DatabasePlace, Refusal> {
    DatabasePlace::typed(text).ok_or_else(|| {
        Refusal::new(Code::InvalidInput, "a URL has no place here: it would stay on this screen")
            .hint("`export SYNAPSOR_DATABASE_READ_URL=…`, then `synapsor init --from env:SYNAPSOR_DATABASE_READ_URL`")
    })
}

/// Files of this folder that look like databases, by name.
fn files() -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(".") else { return Vec::new() };
    let is_database = |path: &Path| {
        path.extension().and_then(|end| end.to_str()).is_some_and(|end| ENDS.contains(&end)) && path.is_file()
    };
    let paths = entries.flatten().map(|entry| entry.path()).filter(|path| is_database(path));
    let mut names: Vec<String> = paths.filter_map(|path| path.to_str().map(str::to_owned)).collect();
    names.sort();
    names.truncate(FILES_MAX);
    names
}
