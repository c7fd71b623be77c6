//! One server as a client's settings name it: how it is reached, in the words of each client.

use serde_json::{Map, Value as Json, json};
use synapsor_protocol::{Code, Refusal};

use crate::args::ClientKind;

/// One server in one client.
pub(super) struct Entry {
    pub(super) client: ClientKind,
    pub(super) name: String,
    pub(super) reach: Reach,
}

/// How a client reaches the server.
pub(super) enum Reach {
    /// The client starts it and speaks over its pipes.
    Command {
        program: String,
        args: Vec<String>,
        /// Names of the variables it reads.
        environment: Vec<String>,
    },
    /// It runs somewhere else.
    Url { url: String, token_env: String },
}

/// Keys that belong to the other way of reaching a server: one that stays behind would confuse the client.
pub(super) const OF_URL: [&str; 4] = ["url", "headers", "bearer_token_env_var", "http_headers"];
/// See [`OF_URL`].
pub(super) const OF_COMMAND: [&str; 5] = ["command", "args", "env", "env_vars", "cwd"];

impl Entry {
    /// The variables the client has to have.
    pub(super) fn variables(&self) -> &[String] {
        match &self.reach {
            Reach::Command { environment, .. } => environment,
            Reach::Url { token_env, .. } => std::slice::from_ref(token_env),
        }
    }

    /// Keys of the way this server is not reached by.
    pub(super) fn foreign_keys(&self) -> &'static [&'static str] {
        match self.reach {
            Reach::Command { .. } => &OF_URL,
            Reach::Url { .. } => &OF_COMMAND,
        }
    }

    /// What stands under the server's name in a JSON file.
    pub(super) fn document(&self) -> Result<Json, Refusal> {
        let mut fields = Map::new();
        let typed = matches!(self.client, ClientKind::ClaudeCode | ClientKind::Vscode | ClientKind::Generic);
        let mut put = |key: &str, value: Json| {
            fields.insert(key.to_owned(), value);
        };
        match &self.reach {
            Reach::Command { program, args, environment } => {
                if typed {
                    put("type", json!("stdio"));
                }
                put("command", json!(program));
                put("args", json!(args));
                let named = environment
                    .iter()
                    .filter_map(|name| Some((name.clone(), json!(taken(self.client, name)?))));
                let named: Map<String, Json> = named.collect();
                if !named.is_empty() {
                    put("env", Json::Object(named));
                }
            }
            Reach::Url { url, token_env } => {
                let Some(token) = taken(self.client, token_env) else {
                    return Err(Refusal::new(
                        Code::InvalidInput,
                        format!("client `{}` takes no URL in its file", self.client.as_str()),
                    )
                    .hint("leave --url out, so that the client starts the server itself"));
                };
                if typed {
                    put("type", json!("http"));
                }
                put("url", json!(url));
                put("headers", json!({ "Authorization": format!("Bearer {token}") }));
            }
        }
        Ok(Json::Object(fields))
    }

    /// What the person still has to see to.
    pub(super) fn notes(&self) -> Vec<String> {
        let names: Vec<String> = self.variables().iter().map(|name| format!("`{name}`")).collect();
        match names.as_slice() {
            [] => Vec::new(),
            names => {
                vec![format!("set {} where the client starts; no value is written here", names.join(", "))]
            }
        }
    }
}

/// How a client's file says "the value of this variable"; none where it cannot.
pub(crate) fn taken(client: ClientKind, variable: &str) -> Option<String> {
    match client {
        ClientKind::ClaudeCode | ClientKind::Generic => Some(format!("${{{variable}}}")),
        ClientKind::Cursor | ClientKind::Vscode => Some(format!("${{env:{variable}}}")),
        ClientKind::ClaudeDesktop | ClientKind::Codex | ClientKind::OpenaiAgents => None,
    }
}

/// An address without a secret in it.
pub(super) fn check_url(url: &str) -> Result<(), Refusal> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let plain = rest.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.contains(['@', '?', '#', '"', '\\'])
            && rest.bytes().all(|byte| byte.is_ascii_graphic())
    });
    if plain {
        return Ok(());
    }
    // The URL is not repeated: what is wrong with it may be a password in it.
    Err(Refusal::new(
        Code::InvalidInput,
        "expected `http://` or `https://` and an address without user, query or fragment",
    )
    .hint(
        "for instance https://runner.example/mcp; the token comes from the variable that --token-env names",
    ))
}

/// The name of a variable; a token given in its place is not repeated.
pub(super) fn check_variable(name: &str) -> Result<(), Refusal> {
    let fits = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    if fits {
        return Ok(());
    }
    Err(Refusal::new(Code::InvalidInput, "expected the name of a variable in capitals, not its value")
        .hint("for instance --token-env SYNAPSOR_RUNNER_HTTP_TOKEN"))
}

/// A program for the OpenAI Agents SDK.
pub(super) fn python(entry: &Entry) -> String {
    let text = |text: &str| Json::from(text).to_string();
    let (import, class, parameters) = match &entry.reach {
        Reach::Command { program, args, environment } => {
            let args: Vec<String> = args.iter().map(|arg| format!("            {},\n", text(arg))).collect();
            let names: Vec<String> = environment.iter().map(|name| text(name)).collect();
            let env = if names.is_empty() {
                String::new()
            } else {
                format!("        \"env\": {{name: os.environ[name] for name in [{}]}},\n", names.join(", "))
            };
            let params = format!(
                "        \"command\": {},\n        \"args\": [\n{}        ],\n{env}",
                text(program),
                args.concat()
            );
            ("MCPServerStdio", "MCPServerStdio", params)
        }
        Reach::Url { url, token_env } => {
            let params = format!(
                "        \"url\": {},\n        \"headers\": {{\"Authorization\": f\"Bearer {{os.environ['{token_env}']}}\"}},\n",
                text(url)
            );
            ("MCPServerStreamableHttp", "MCPServerStreamableHttp", params)
        }
    };
    let os = if parameters.contains("os.environ") { "import os\n\n" } else { "" };
    format!(
        "{os}from agents import Agent\nfrom agents.mcp import {import}\n\n\
         # Use it in `async with server:`; the agent proposes, a person decides outside the conversation.\n\
         server = {class}(\n    name={},\n    params={{\n{parameters}    }},\n    cache_tools_list=True,\n)\n\
         agent = Agent(name=\"assistant\", instructions=\"Use the tools.\", mcp_servers=[server])\n",
        text(&entry.name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_place_of_a_variables_name_is_refused_and_not_repeated() {
        assert!(check_variable("SYNAPSOR_RUNNER_HTTP_TOKEN").is_ok());
        for name in ["", "1A", "hunter2", "A B", "A-B", "Ä"] {
            let refusal = check_variable(name).expect_err(name);
            assert!(!refusal.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn an_address_with_anything_secret_in_it_is_refused_and_not_repeated() {
        assert!(check_url("https://runner.example/mcp").is_ok());
        assert!(check_url("http://127.0.0.1:8766/mcp").is_ok());
        for url in [
            "https://user:hunter2@runner.example/mcp",
            "https://runner.example/mcp?token=hunter2",
            "https://runner.example/#hunter2",
            "ftp://hunter2",
            "https://",
            "hunter2 hunter2",
        ] {
            let refusal = check_url(url).expect_err(url);
            assert!(!refusal.message.contains("hunter2"), "{refusal}");
        }
    }
}
