//! The application's executors: from the names of variables in the config to where each is, and with which secrets.

use std::path::Path;

use synapsor_config::{Config, Executor, SigningSecret};
use synapsor_protocol::Environment;
use synapsor_writeback::{CommandReach, ExecutorSettings, HttpReach, Reach, SigningKey};

use crate::env;
use crate::settings::Settings;

/// Every executor of the config. One that cannot be used says so when it is.
pub(crate) fn executors(settings: &Settings, config: &Config) -> Vec<ExecutorSettings> {
    let executor = |(name, executor): (&String, &Executor)| {
        let (reach, timeout_ms) = match executor {
            Executor::HttpHandler { timeout_ms, .. } => (http(executor, &settings.environment), *timeout_ms),
            Executor::CommandHandler { command_env, environment, timeout_ms } => {
                let found =
                    command(command_env, environment, settings.config_folder(), &settings.environment);
                (found.map(Reach::Command), *timeout_ms)
            }
        };
        let reach = reach.unwrap_or_else(|why| Reach::Missing { why });
        ExecutorSettings { name: name.clone(), reach, timeout_ms }
    };
    config.executors.iter().map(executor).collect()
}

fn http(executor: &Executor, environment: &Environment) -> Result<Reach, String> {
    let Executor::HttpHandler { url_env, method, token_env, signing, private_addresses, .. } = executor
    else {
        return Err("it is no `http_handler`".to_owned());
    };
    let token = token_env.as_deref().map(|variable| set(environment, variable)).transpose()?;
    Ok(Reach::Http(HttpReach {
        url: set(environment, url_env)?,
        method: method.clone(),
        token,
        keys: signing.iter().map(|secret| key(secret, environment)).collect::<Result<_, _>>()?,
        private_addresses: *private_addresses,
    }))
}

fn key(signing: &SigningSecret, environment: &Environment) -> Result<SigningKey, String> {
    let secret = set(environment, &signing.secret_env)?;
    if secret.len() < SigningKey::BYTES_MIN {
        let (found, least) = (secret.len(), SigningKey::BYTES_MIN);
        return Err(format!("`{}` has {found} bytes, expected {least} or more", signing.secret_env));
    }
    Ok(SigningKey { id: signing.key_id.clone(), secret })
}

/// Words as a shell would split them, without a shell's other powers.
fn command(
    command_env: &str,
    passed: &[String],
    folder: &Path,
    environment: &Environment,
) -> Result<CommandReach, String> {
    let line = set(environment, command_env)?;
    let words = shlex::split(&line).filter(|words| !words.is_empty());
    let words = words.ok_or_else(|| format!("`{command_env}` has a quote that does not end, or no word"))?;
    let names = std::iter::once(env::PATH).chain(passed.iter().map(String::as_str));
    let found = names.filter_map(|name| Some((name.to_owned(), environment.get(name)?.to_owned())));
    Ok(CommandReach { words, environment: found.collect(), folder: folder.to_owned() })
}

fn set(environment: &Environment, variable: &str) -> Result<String, String> {
    environment.get(variable).map(str::to_owned).ok_or_else(|| format!("`{variable}` is not set"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn a_command_is_split_into_words_and_a_shell_s_powers_are_only_words() {
        let environment = environment(&[
            ("APP_CMD", "node 'two words.js' --flag \"a b\" $(rm -rf /) ; | > x"),
            ("PATH", "/bin"),
            ("APP_URL", "postgres://app"),
            ("SECRET", "not yours"),
        ]);
        let passed = ["APP_URL".to_owned(), "UNSET".to_owned()];
        let reach = command("APP_CMD", &passed, Path::new("."), &environment).expect("a command");
        let expected = ["node", "two words.js", "--flag", "a b", "$(rm", "-rf", "/)", ";", "|", ">", "x"];
        assert_eq!(reach.words, expected);
        let names: Vec<&str> = reach.environment.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["PATH", "APP_URL"]);
    }

    #[test]
    fn what_is_missing_or_too_short_is_named_and_its_value_is_not() {
        let environment = environment(&[("OPEN", "run 'it"), ("SHORT", "hunter2")]);
        for (variable, expected) in [("OPEN", "`OPEN` has a quote"), ("GONE", "`GONE` is not set")] {
            let why = command(variable, &[], Path::new("."), &environment).expect_err("no command");
            assert!(why.starts_with(expected), "{why}");
        }
        let signing = SigningSecret { key_id: "current".into(), secret_env: "SHORT".into() };
        let why = key(&signing, &environment).expect_err("too short");
        assert_eq!(why, "`SHORT` has 7 bytes, expected 32 or more");
    }
}
