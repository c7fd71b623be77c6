//! What capabilities refer to by name, gathered before they are looked at.

use std::collections::BTreeMap;

use crate::place::Place;

/// The mode and everything that has a name, as far as it can be told from a document with mistakes.
pub(super) struct Names<'a> {
    /// `mode`.
    pub(super) mode: Option<&'a str>,
    /// Sources by name.
    pub(super) sources: BTreeMap<&'a str, SourceFacts>,
    /// Names of contexts.
    pub(super) contexts: Vec<&'a str>,
    /// Names of executors, without `sql_update`.
    pub(super) executors: Vec<&'a str>,
    /// Whether there is a top-level context.
    pub(super) has_default_context: bool,
}

/// What a capability has to know of its source.
#[derive(Debug, Clone, Copy)]
pub(super) struct SourceFacts {
    /// Whether it is a SQLite file.
    pub(super) is_sqlite: bool,
    /// Whether the runner may not write there.
    pub(super) is_read_only: bool,
    /// Whether the runner could write there.
    pub(super) has_writer: bool,
}

impl<'a> Names<'a> {
    /// Gathers the names of a document.
    pub(super) fn of(root: &Place<'a>) -> Self {
        Self {
            mode: root.get("mode").and_then(|mode| mode.text()),
            sources: members(root, "sources")
                .map(|(name, source)| (name, SourceFacts::of(&source)))
                .collect(),
            contexts: members(root, "contexts").map(|(name, _)| name).collect(),
            executors: members(root, "executors").map(|(name, _)| name).collect(),
            has_default_context: root.get("trusted_context").is_some(),
        }
    }

    /// Whether tools come from a hosted service.
    pub(super) fn is_cloud(&self) -> bool {
        self.mode == Some("cloud")
    }
}

impl SourceFacts {
    fn of(source: &Place<'_>) -> Self {
        let is_sqlite = source.get("engine").and_then(|engine| engine.text()) == Some("sqlite");
        Self {
            is_sqlite,
            is_read_only: source.get("read_only").and_then(|switch| switch.boolean()) == Some(true),
            has_writer: is_sqlite || source.get("write_url_env").is_some(),
        }
    }
}

fn members<'a>(root: &Place<'a>, key: &str) -> impl Iterator<Item = (&'a str, Place<'a>)> {
    root.get(key).map(|place| place.members().collect::<Vec<_>>()).unwrap_or_default().into_iter()
}
