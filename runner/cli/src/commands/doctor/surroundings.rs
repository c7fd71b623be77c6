//! What stands around a config: the files of clients in the project, and those that were named.

use std::path::PathBuf;

use synapsor_config::{Config, Executor, Location};
use synapsor_setup::doctor::{self, DoctorCode, Finding, Section, SectionName};

use super::super::configure::{client_of, file};
use crate::args::Doctor;
use crate::env;
use crate::settings::Settings;

/// Files of a project that clients read, or that `init` writes for them.
const FILES: [&str; 9] = [
    ".mcp.json",
    ".cursor/mcp.json",
    ".vscode/mcp.json",
    ".codex/config.toml",
    ".env.example",
    ".synapsor/mcp/generic-stdio.json",
    ".synapsor/mcp/claude-desktop.json",
    ".synapsor/mcp/cursor.json",
    ".synapsor/mcp/vscode.json",
];

/// Secrets in clients' files.
pub(super) fn clients(typed: &Doctor, settings: &Settings, secrets: &[String]) -> Section {
    let usual = FILES.iter().map(|name| settings.config_folder().join(name)).filter(|path| path.exists());
    let paths: Vec<PathBuf> = usual.chain(typed.client_config.iter().cloned()).collect();
    let mut findings = Vec::new();
    for path in &paths {
        let name = path.display().to_string();
        match file::read(path) {
            Ok(Some(text)) => {
                let is_known = client_of(path).is_some();
                findings.extend(doctor::leaks(path, &text, &settings.environment, secrets, is_known));
            }
            Ok(None) => findings.push(unread(&name, "there is no such file")),
            Err(refusal) => findings.push(unread(&name, &refusal.message)),
        }
    }
    Section::of(SectionName::Clients, format!("{} files of clients", paths.len()), findings)
}

fn unread(name: &str, what: &str) -> Finding {
    Finding::new(
        DoctorCode::ClientUnread,
        name,
        what,
        "name a file that is there and can be read with --client-config",
    )
}

/// Variables whose values belong into no file.
pub(super) fn secret_variables(config: &Config) -> Vec<String> {
    let mut names = vec![env::HTTP_TOKEN.to_owned(), env::DATABASE_URL.to_owned()];
    for source in config.sources.values() {
        if let Location::Server { read_url_env, write_url_env } = &source.location {
            names.extend(std::iter::once(read_url_env).chain(write_url_env).cloned());
        }
    }
    for executor in config.executors.values() {
        if let Executor::HttpHandler { token_env, signing, .. } = executor {
            names.extend(token_env.iter().chain(signing.iter().map(|key| &key.secret_env)).cloned());
        }
    }
    names
}
