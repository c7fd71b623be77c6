//! What stands in the files of clients that should not: URLs with passwords, and values where names of variables belong. Pure.

use std::path::Path;

use serde_json::Value as Json;
use synapsor_protocol::{Environment, Value};

use super::code::DoctorCode;
use super::finding::{Finding, Mend};

/// A secret that stands where it should not.
struct Leak {
    place: String,
    /// Whose value it is, as far as the place says.
    variable: String,
    /// The keys above it, where it stands under the name of a variable.
    keys: Option<Vec<String>>,
}

/// Every secret a client's file holds, by the place where it stands; `secrets` are variables whose values belong nowhere.
/// `is_known` is a file in which names of variables can take their place.
pub fn leaks(
    file: &Path,
    text: &str,
    environment: &Environment,
    secrets: &[String],
    is_known: bool,
) -> Vec<Finding> {
    let mut found = Vec::new();
    match serde_json::from_str::<Json>(text) {
        Ok(document) => walk(&document, "$", Some(&[]), &mut found),
        // Not JSON, or JSON with comments: line by line.
        Err(_) => found.extend(lines(text)),
    }
    let values = secrets.iter().filter_map(|name| Some((name, environment.get(name)?)));
    for (name, _) in values.filter(|(_, value)| value.len() >= 8 && text.contains(value)) {
        found.push(Leak { place: format!("the value of `{name}`"), variable: name.clone(), keys: None });
    }
    found.into_iter().map(|leak| finding(file, leak, is_known)).collect()
}

fn finding(file: &Path, leak: Leak, is_known: bool) -> Finding {
    let Leak { place, variable, keys } = leak;
    let name = file.display().to_string();
    let what = format!("`{name}` holds a secret: {place}");
    let then = "then change the secret, since it was readable";
    match keys.filter(|_| is_known) {
        Some(keys) => {
            let fix = format!("`synapsor doctor --fix` takes the value of `{variable}` out; {then}");
            let mend = Mend::Name { file: file.to_owned(), keys, variable };
            Finding::new(DoctorCode::ClientSecret, name, what, fix).mended_by(mend)
        }
        None => {
            let fix = format!(
                "run `synapsor mcp config` for that client, which names `{variable}` instead of its value; {then}"
            );
            Finding::new(DoctorCode::ClientSecret, name, what, fix)
        }
    }
}

/// Where nobody says which variable it was.
const SOME_VARIABLE: &str = "the variable";

/// `keys` are those above the node; none below a list, whose items have no names.
fn walk(node: &Json, place: &str, keys: Option<&[String]>, found: &mut Vec<Leak>) {
    match node {
        Json::Object(members) => {
            for (name, member) in members {
                let place = format!("{place}.{name}");
                let keys = keys.map(|keys| [keys, std::slice::from_ref(name)].concat());
                match member {
                    Json::String(text) if is_secret(name, text) => {
                        // Clients take names of variables there.
                        let keys =
                            keys.filter(|keys| matches!(keys.as_slice(), [.., above, _] if above == "env"));
                        found.push(Leak { place, variable: name.clone(), keys });
                    }
                    member => walk(member, &place, keys.as_deref(), found),
                }
            }
        }
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let place = format!("{place}[{at}]");
                match item {
                    Json::String(text) if has_password(text) => {
                        found.push(Leak { place, variable: SOME_VARIABLE.to_owned(), keys: None });
                    }
                    item => walk(item, &place, None, found),
                }
            }
        }
        _ => {}
    }
}

/// A value under that name, unless it only names a variable.
fn is_secret(name: &str, text: &str) -> bool {
    let names_a_variable = text.is_empty() || text.contains("${");
    !names_a_variable
        && (has_password(text) || synapsor_ledger::looks_secret(name, &Value::Text(text.to_owned())))
}

/// A URL with a password in it: `scheme://user:password@`.
fn has_password(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', '"', '\'', ' ']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        user.and_then(|user| user.split_once(':'))
            .is_some_and(|(_, password)| !password.is_empty() && !password.contains("${"))
    })
}

fn lines(text: &str) -> impl Iterator<Item = Leak> + '_ {
    let of_line = |(at, line): (usize, &str)| {
        let place = format!("line {}", at + 1);
        has_password(line).then(|| Leak { place, variable: SOME_VARIABLE.to_owned(), keys: None })
    };
    text.lines().enumerate().filter_map(of_line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(text: &str) -> usize {
        let environment =
            Environment::new([("APP_URL".to_owned(), "postgres://a:hunter2@db/app".to_owned())]);
        let found = leaks(Path::new("mcp.json"), text, &environment, &["APP_URL".to_owned()], true);
        assert!(found.iter().all(|finding| !format!("{finding:?}").contains("hunter2")), "{found:?}");
        found.len()
    }

    #[test]
    fn a_password_is_found_wherever_it_stands_and_not_repeated() {
        assert_eq!(found(&json!({ "env": { "X": "mysql://a:hunter2@db/app" } }).to_string()), 1);
        assert_eq!(found(&json!({ "args": ["--url", "mysql://a:hunter2@db/app"] }).to_string()), 1);
        assert_eq!(found(&json!({ "env": { "API_KEY": "abcdefgh12345678" } }).to_string()), 1);
        assert_eq!(found("# comment\nurl = \"mysql://a:hunter2@db/app\"\n"), 1);
        assert_eq!(found(&json!({ "note": "postgres://a:hunter2@db/app" }).to_string()), 2);
    }

    #[test]
    fn names_of_variables_are_no_secrets() {
        assert_eq!(
            found(&json!({ "env": { "APP_URL": "${APP_URL}", "API_KEY": "${env:API_KEY}" } }).to_string()),
            0
        );
        assert_eq!(
            found(&json!({ "url": "https://runner.example/mcp", "args": ["--config", "/a"] }).to_string()),
            0
        );
    }
}
