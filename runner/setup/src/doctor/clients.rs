//! What stands in the files of clients that should not: URLs with passwords, and values where names of variables belong. Pure.

use serde_json::Value as Json;
use synapsor_protocol::{Environment, Value};

use super::code::DoctorCode;
use super::finding::Finding;

/// Every secret a client's file holds, by the place where it stands; `secrets` are variables whose values belong nowhere.
pub fn leaks(file: &str, text: &str, environment: &Environment, secrets: &[String]) -> Vec<Finding> {
    let mut found = Vec::new();
    match serde_json::from_str::<Json>(text) {
        Ok(document) => walk(&document, "$", &mut found),
        // Not JSON, or JSON with comments: line by line.
        Err(_) => found.extend(lines(text)),
    }
    let values = secrets.iter().filter_map(|name| Some((name, environment.get(name)?)));
    for (name, _) in values.filter(|(_, value)| value.len() >= 8 && text.contains(value)) {
        found.push((format!("the value of `{name}`"), name.clone()));
    }
    let finding = |(place, variable): (String, String)| {
        let what = format!("`{file}` holds a secret: {place}");
        let fix = format!(
            "run `synapsor mcp config` for that client, which names `{variable}` instead of its value; then change the secret, since it was readable"
        );
        Finding::new(DoctorCode::ClientSecret, file, what, fix)
    };
    found.into_iter().map(finding).collect()
}

/// Where nobody says which variable it was.
const SOME_VARIABLE: &str = "the variable";

fn walk(node: &Json, place: &str, found: &mut Vec<(String, String)>) {
    match node {
        Json::Object(members) => {
            for (name, member) in members {
                let place = format!("{place}.{name}");
                match member {
                    Json::String(text) if is_secret(name, text) => found.push((place, name.clone())),
                    member => walk(member, &place, found),
                }
            }
        }
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let place = format!("{place}[{at}]");
                match item {
                    Json::String(text) if has_password(text) => found.push((place, SOME_VARIABLE.to_owned())),
                    item => walk(item, &place, found),
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

fn lines(text: &str) -> impl Iterator<Item = (String, String)> + '_ {
    let of_line = |(at, line): (usize, &str)| {
        has_password(line).then(|| (format!("line {}", at + 1), SOME_VARIABLE.to_owned()))
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
        let found = leaks("mcp.json", text, &environment, &["APP_URL".to_owned()]);
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
