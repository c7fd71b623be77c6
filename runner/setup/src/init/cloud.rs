//! From a few answers to a first config of cloud mode, in which the tools of a hosted service are served. Pure.
//!
//! Invariant: as with a database, a draft holds names of variables, never a URL or a token.
//! Absent on purpose: sources, capabilities, contexts. What belongs to a database has no part in this mode.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use synapsor_config::{Config, Mode};

use super::document::Storage;
use super::draft::{LEDGER, Variable};
use super::question::Question;

const BASE_URL_ENV: &str = "SYNAPSOR_CLOUD_BASE_URL";
const RUNNER_TOKEN_ENV: &str = "SYNAPSOR_RUNNER_TOKEN";
const SOURCE_ID_ENV: &str = "SYNAPSOR_SOURCE_ID";

/// What a person said.
#[derive(Debug, Clone, Default)]
pub struct CloudAnswers {
    /// Whose tools are served.
    pub adapter: Option<String>,
    /// The service's id of the source the runner token is for.
    pub source_id: Option<String>,
    /// The service's id of the project.
    pub project_id: Option<String>,
    /// The variable with the service's URL.
    pub base_url_env: Option<String>,
    /// The variable with the runner token.
    pub runner_token_env: Option<String>,
    /// For whom the runner asks: each `NAME=VALUE`.
    pub session: Vec<String>,
}

/// A first config of cloud mode, and what has to stand beside it.
#[derive(Debug, Clone)]
pub struct CloudDraft {
    /// The config's text.
    pub text: String,
    /// The same, checked.
    pub config: Arc<Config>,
    /// The variables it names, in the order a person sets them.
    pub variables: Vec<Variable>,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u8,
    mode: Mode,
    result_format: u8,
    storage: Storage,
    cloud: Cloud<'a>,
}

#[derive(Serialize)]
struct Cloud<'a> {
    base_url_env: &'a str,
    runner_token_env: &'a str,
    adapter_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_id: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    session: BTreeMap<&'a str, &'a str>,
}

/// Makes a draft, or says everything that is still open.
///
/// # Errors
/// The questions, each with the flag that answers it. Problems the config's own check finds are among them.
pub fn cloud_draft(answers: &CloudAnswers) -> Result<CloudDraft, Vec<Question>> {
    let mut open = Vec::new();
    let adapter_id = answers.adapter.as_deref().unwrap_or_default();
    if adapter_id.is_empty() {
        let what = "nothing says whose tools are served; the hosted service shows the ids of its adapters";
        open.push(Question::of(None, ("--adapter", "ID"), what));
    }
    let mut session = BTreeMap::new();
    for said in &answers.session {
        match said.split_once('=').filter(|(name, _)| !name.is_empty()) {
            Some((name, value)) => {
                session.insert(name, value);
            }
            None => {
                let what = format!("expected a name and a value for the session, found `{said}`");
                open.push(Question::of(None, ("--session", "NAME=VALUE"), what));
            }
        }
    }
    if !open.is_empty() {
        return Err(open);
    }
    let cloud = Cloud {
        base_url_env: answers.base_url_env.as_deref().unwrap_or(BASE_URL_ENV),
        runner_token_env: answers.runner_token_env.as_deref().unwrap_or(RUNNER_TOKEN_ENV),
        adapter_id,
        project_id: answers.project_id.as_deref(),
        source_id: answers.source_id.as_deref(),
        session,
    };
    let variables = variables(&cloud);
    let document = Document {
        version: 1,
        mode: Mode::Cloud,
        result_format: 2,
        storage: Storage { sqlite_path: LEDGER },
        cloud,
    };
    let text = serde_json::to_string_pretty(&document).map_err(|error| vec![unfit(error.to_string())])?;
    let text = format!("{text}\n");
    let checked = synapsor_config::check(&text);
    match checked.config {
        Some(config) => Ok(CloudDraft { text, config: Arc::new(config), variables }),
        // What only the config's own check knows the rule of: the form of a variable's name, a secret in the session.
        None => Err(checked.problems.iter().map(|problem| unfit(problem.to_string())).collect()),
    }
}

fn unfit(what: String) -> Question {
    let flag = [("project_id", "--project-id"), ("source_id", "--source-id"), ("session", "--session")]
        .into_iter()
        .chain([("base_url_env", "--base-url-env"), ("runner_token_env", "--runner-token-env")])
        .find_map(|(key, flag)| what.contains(key).then_some(flag));
    Question::of(None, (flag.unwrap_or("--adapter"), "…"), what)
}

fn variables(cloud: &Cloud<'_>) -> Vec<Variable> {
    let named = |name: &str, holds| Variable { name: name.to_owned(), holds };
    let mut variables = vec![
        named(cloud.base_url_env, "the URL of the hosted service"),
        named(cloud.runner_token_env, "the runner token that the service gave out"),
    ];
    if cloud.source_id.is_none() {
        variables.push(named(
            SOURCE_ID_ENV,
            "the service's id of the source the token is for; `cloud connect` tells it",
        ));
    }
    variables
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> CloudAnswers {
        CloudAnswers { adapter: Some("mcp.billing".to_owned()), ..CloudAnswers::default() }
    }

    #[test]
    fn an_adapter_is_all_that_has_to_be_said() {
        let draft = cloud_draft(&answers()).expect("a draft");
        let cloud = draft.config.cloud.clone().expect("cloud");
        assert_eq!((draft.config.mode, cloud.adapter_id.as_str()), (Mode::Cloud, "mcp.billing"));
        let named: Vec<&str> = draft.variables.iter().map(|variable| variable.name.as_str()).collect();
        assert_eq!(named, [BASE_URL_ENV, RUNNER_TOKEN_ENV, SOURCE_ID_ENV]);
        let whole = CloudAnswers {
            source_id: Some("src_1".to_owned()),
            base_url_env: Some("URL".to_owned()),
            session: vec!["tenant_id=acme".to_owned(), "note=a=b".to_owned()],
            ..answers()
        };
        let draft = cloud_draft(&whole).expect("a draft");
        let cloud = draft.config.cloud.clone().expect("cloud");
        assert_eq!((cloud.session["note"].as_str(), cloud.base_url_env.as_str()), (Some("a=b"), "URL"));
        assert_eq!(draft.variables.len(), 2, "the source is said");
    }

    #[test]
    fn what_is_missing_or_no_answer_is_asked_for_with_its_flag() {
        let asked = |answers: CloudAnswers| -> Vec<&'static str> {
            cloud_draft(&answers).expect_err("questions").iter().map(|question| question.flag).collect()
        };
        let both =
            CloudAnswers { session: vec!["acme".to_owned(), "=x".to_owned()], ..CloudAnswers::default() };
        assert_eq!(asked(both), ["--adapter", "--session", "--session"]);
        let url = CloudAnswers { base_url_env: Some("https://cloud.example".to_owned()), ..answers() };
        assert_eq!(asked(url), ["--base-url-env"], "a URL is no name of a variable");
        let secret = CloudAnswers { session: vec!["note=postgres://u:p@h/d".to_owned()], ..answers() };
        assert_eq!(asked(secret), ["--session"], "a URL of a database is no word about a caller");
    }
}
